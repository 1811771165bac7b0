//! This writer writes a table whose columns are the keys of all items: it puts the items aside until their keys are known,
//! and `table` writes them then.

use std::path::Path;

use indexmap::IndexSet;

use super::items::items;
use super::table::{ColumnOrigin, Object, TableWriter};
use crate::data::{DataError, Ledger, Reader, Spool, Writer, Written};
use crate::value::Chunk;

/// Columns at most, and bytes of their names: as many as readers take.
const COLUMNS_MAX: usize = 100_000;
const NAME_BYTES_MAX: usize = 16 << 20;
/// Bytes of items that are written at once in the second pass.
const BLOCK: usize = 256 * 1024;

/// Writes one object a row, with a column for each key that any of them has, in the order of their first appearance.
pub(super) struct AllColumnsWriter {
    table: TableWriter,
    names: IndexSet<String>,
    /// Bytes of all names.
    name_bytes: usize,
    /// Items so far, the one at hand included.
    count: u64,
    items: Put,
}

/// The items, put aside.
enum Put {
    /// There may be more of them.
    Open(Spool),
    /// They are being written.
    Closed(Box<dyn Reader>),
    /// They were written.
    Done,
}

impl AllColumnsWriter {
    /// Writes to a table that has not begun. What does not fit in memory is put aside in `temp_dir`.
    pub(super) fn new(table: TableWriter, temp_dir: &Path) -> Self {
        let items = Put::Open(Spool::new(temp_dir));
        Self { table, names: IndexSet::new(), name_bytes: 0, count: 0, items }
    }

    fn learn(&mut self, item: &[u8]) -> Result<(), DataError> {
        let refuse = |message: String| self.table.refuse_item(self.count, message);
        let object = Object::read(item).map_err(refuse)?;
        for name in object.names() {
            if !self.names.contains(name) {
                self.name_bytes += name.len();
                self.names.insert(name.to_owned());
            }
        }
        if self.names.len() > COLUMNS_MAX || self.name_bytes > NAME_BYTES_MAX {
            let mib = NAME_BYTES_MAX >> 20;
            return Err(refuse(format!(
                "with it there are more than {COLUMNS_MAX} columns, or {mib} MiB of their names; say `columns`"
            )));
        }
        Ok(())
    }

    /// All keys are known: writes the row of names, and turns to the items.
    fn close(&mut self) -> Result<(), DataError> {
        let reader = match std::mem::replace(&mut self.items, Put::Done) {
            Put::Open(spool) => spool.finish()?.reader(),
            closed => {
                self.items = closed;
                return Ok(());
            }
        };
        self.items = Put::Closed(reader);
        match (self.names.is_empty(), self.count) {
            (true, 0) => Ok(()),
            (true, _) => {
                let message = "no item has a key, and the keys are the columns; say `columns`";
                Err(self.table.refuse_item(1, message.to_owned()))
            }
            (false, _) => {
                let names = std::mem::take(&mut self.names).into_iter().collect();
                self.table.start(names, ColumnOrigin::Given)
            }
        }
    }
}

impl Writer for AllColumnsWriter {
    fn write(&mut self, lines: &[u8]) -> Result<(), DataError> {
        let before = self.count;
        for item in items(lines) {
            self.count += 1;
            self.learn(item)?;
        }
        match &mut self.items {
            Put::Open(spool) => spool.write(lines, self.count - before),
            Put::Closed(_) | Put::Done => unreachable!("no items come after the last one"),
        }
    }

    fn work_off(&mut self) -> Result<bool, DataError> {
        self.close()?;
        let Put::Closed(reader) = &mut self.items else { return Ok(false) };
        let mut chunk = Chunk::default();
        let more = reader.read(usize::MAX, BLOCK, &mut chunk, &mut Vec::new())?;
        self.table.write(&chunk.text)?;
        if !more {
            self.items = Put::Done;
        }
        Ok(more)
    }

    fn commit(mut self: Box<Self>, ledger: &dyn Ledger) -> Result<Vec<Written>, DataError> {
        while self.work_off()? {}
        Box::new(self.table).commit(ledger)
    }
}
