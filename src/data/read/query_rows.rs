//! This reader makes items of the rows that a query of a database gives. A thread of its own steps through them, because what
//! SQLite has in hand cannot be put aside between two chunks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Row};

use crate::data::database::{message, open_to_read};
use crate::data::{BadRow, DataError, Position, Query, Reader};
use crate::value::{Chunk, ITEM_BYTES_MAX, Origin, json};

/// Bytes and rows that are handed over at once: enough to make little of it, and few to wait for.
const BLOCK_BYTES: usize = 256 * 1024;
const BLOCK_ROWS: usize = 4096;
/// Blocks that wait to be read.
const BLOCKS_WAITING: usize = 2;
/// Steps of SQLite's machine between two looks whether anybody still wants the rows.
const STEPS: i32 = 1000;

/// The rows of a query, one an item.
pub(super) struct QueryReader {
    name: Arc<str>,
    blocks: Receiver<Message>,
    block: Block,
    /// Rows of the block that were handed out.
    at: usize,
    rows: u64,
    tells_lines: bool,
    stop: Arc<AtomicBool>,
    ended: bool,
}

/// From the thread that reads.
enum Message {
    Rows(Block),
    End(Result<(), String>),
}

/// Neighbouring rows.
#[derive(Default)]
struct Block {
    text: Vec<u8>,
    rows: Vec<RowEnd>,
}

/// Where the text of a row ends, and what is wrong with it.
struct RowEnd {
    end: usize,
    fault: Option<String>,
}

impl QueryReader {
    /// Asks the database in a file; `name` is what the user calls it.
    pub(super) fn open(
        path: &Path,
        name: &Arc<str>,
        query: &Query,
        tells_lines: bool,
    ) -> Result<Self, DataError> {
        let io = |source| DataError::Io { intent: "open", path: PathBuf::from(&**name), source };
        // Its message is better than SQLite's, which says the same of all that it cannot open.
        std::fs::File::open(path).map_err(io)?;
        let (sender, blocks) = sync_channel(BLOCKS_WAITING);
        let stop = Arc::new(AtomicBool::new(false));
        let work = RowSteps { sender, stop: Arc::clone(&stop), query: query.clone(), path: path.to_owned() };
        let named = std::thread::Builder::new().name("query".to_owned());
        named.spawn(move || work.run()).map_err(io)?;
        Ok(Self {
            name: Arc::clone(name),
            blocks,
            block: Block::default(),
            at: 0,
            rows: 0,
            tells_lines,
            stop,
            ended: false,
        })
    }

    fn fault(&self, why: &str) -> DataError {
        DataError::Usage(format!("cannot read `{}`: {why}", self.name))
    }

    /// Waits for more rows; `false` when there are none.
    fn wait(&mut self) -> Result<bool, DataError> {
        match self.blocks.recv() {
            Ok(Message::Rows(block)) => {
                (self.block, self.at) = (block, 0);
                Ok(true)
            }
            Ok(Message::End(Ok(()))) => {
                self.ended = true;
                Ok(false)
            }
            Ok(Message::End(Err(why))) => Err(self.fault(&why)),
            Err(_) => Err(self.fault("the thread that reads it has ended")),
        }
    }

    /// Hands out rows of the block.
    fn give(&mut self, (max_items, max_bytes): (usize, usize), chunk: &mut Chunk, bad: &mut Vec<BadRow>) {
        let mut start = self.at.checked_sub(1).map_or(0, |before| self.block.rows[before].end);
        let mut taken = 0;
        while let Some(RowEnd { end, fault }) = self.block.rows.get(self.at)
            && taken < max_items
            && (taken == 0 || chunk.text.len() < max_bytes)
        {
            let text = &self.block.text[start..*end];
            (self.at, self.rows, taken, start) = (self.at + 1, self.rows + 1, taken + 1, *end);
            match fault {
                None => {
                    chunk.text.extend_from_slice(text);
                    chunk.end_item_on(self.rows);
                }
                Some(fault) => {
                    bad.push(BadRow::new(self.rows, &self.name, self.rows, fault.clone(), text));
                }
            }
        }
    }
}

impl Reader for QueryReader {
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        chunk.clear();
        chunk.origin = self.tells_lines.then(|| Origin::new(Arc::clone(&self.name), self.rows + 1));
        if self.at == self.block.rows.len() && (self.ended || !self.wait()?) {
            return Ok(false);
        }
        self.give((max_items, max_bytes), chunk, bad);
        Ok(true)
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn position(&self) -> Option<Position> {
        None
    }
}

/// Nobody wants the rows any more, however long the query would go on.
impl Drop for QueryReader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// What the thread has in hand.
struct RowSteps {
    sender: SyncSender<Message>,
    stop: Arc<AtomicBool>,
    query: Query,
    path: PathBuf,
}

impl RowSteps {
    fn run(self) {
        let ended = self.all();
        // Nobody hears it when the reader is gone.
        let _ = self.sender.send(Message::End(ended));
    }

    fn all(&self) -> Result<(), String> {
        let said = |error: &Error| match error {
            Error::SqliteFailure(code, _)
                if code.code == rusqlite::ErrorCode::AuthorizationForStatementDenied =>
            {
                "`query` may only read this database, by one `SELECT`".to_owned()
            }
            Error::MultipleStatement => "`query` is more than one statement".to_owned(),
            error => message(error),
        };
        let mut connection = open_to_read(&self.path).map_err(|error| said(&error))?;
        self.rows(&mut connection, &said)
    }

    fn rows(&self, connection: &mut Connection, said: &dyn Fn(&Error) -> String) -> Result<(), String> {
        let stop = Arc::clone(&self.stop);
        let looked = connection.progress_handler(STEPS, Some(move || stop.load(Ordering::Relaxed)));
        looked.map_err(|error| said(&error))?;
        let mut statement = connection.prepare(&self.query.text).map_err(|error| said(&error))?;
        if statement.column_count() == 0 || !statement.readonly() {
            return Err("`query` gives no rows; it has to be one `SELECT`".to_owned());
        }
        let (wanted, given) = (statement.parameter_count(), self.query.params.len());
        if wanted != given {
            return Err(format!("`query` has {wanted} parameters, and `params` {given} values"));
        }
        for (at, value) in self.query.values().enumerate() {
            statement.raw_bind_parameter(at + 1, value).map_err(|error| said(&error))?;
        }
        let names = keys(&statement.column_names().collect::<Vec<_>>())?;
        let mut rows = statement.raw_query();
        let mut block = Block::default();
        while let Some(row) = rows.next().map_err(|error| said(&error))? {
            block.push(&names, row);
            let is_full = block.text.len() >= BLOCK_BYTES || block.rows.len() == BLOCK_ROWS;
            if is_full && self.sender.send(Message::Rows(std::mem::take(&mut block))).is_err() {
                return Ok(());
            }
        }
        if !block.rows.is_empty() {
            let _ = self.sender.send(Message::Rows(block));
        }
        Ok(())
    }
}

/// A column's name, and its text as a key of an item.
type NamedKey = (String, Vec<u8>);

/// The keys of items, each once.
fn keys(names: &[&str]) -> Result<Vec<NamedKey>, String> {
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            return Err(format!("`query` gives two columns `{name}`; name one of them otherwise, with `AS`"));
        }
    }
    Ok(names
        .iter()
        .map(|name| ((*name).to_owned(), [&json::quoted(name), b":".as_slice()].concat()))
        .collect())
}

impl Block {
    fn push(&mut self, names: &[NamedKey], row: &Row<'_>) {
        let start = self.text.len();
        let mut fault = None;
        for (at, (name, key)) in names.iter().enumerate() {
            self.text.push(if at == 0 { b'{' } else { b',' });
            self.text.extend_from_slice(key);
            let pushed = match row.get_ref(at) {
                Ok(value) => push_value(&mut self.text, value),
                Err(error) => Err(message(&error)),
            };
            if let Err(why) = pushed {
                fault.get_or_insert_with(|| format!("column `{name}`: {why}"));
                self.text.extend_from_slice(b"null");
            }
        }
        self.text.extend_from_slice(b"}\n");
        if self.text.len() - start > ITEM_BYTES_MAX {
            fault = Some(format!("the row is longer than {ITEM_BYTES_MAX} bytes as JSON"));
            self.text.truncate(start + 1000);
        }
        self.rows.push(RowEnd { end: self.text.len(), fault });
    }
}

/// Appends a value as JSON, or says why there is none for it.
fn push_value(out: &mut Vec<u8>, value: ValueRef<'_>) -> Result<(), String> {
    match value {
        ValueRef::Null => out.extend_from_slice(b"null"),
        ValueRef::Integer(number) => json::write_integer(out, number),
        ValueRef::Real(number) if number.is_finite() => json::write_float(out, number),
        ValueRef::Real(number) => return Err(format!("{number} is no number of JSON")),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => out.extend_from_slice(&json::quoted(text)),
            Err(_) => return Err("its text is not UTF-8".to_owned()),
        },
        ValueRef::Blob(bytes) => {
            out.push(b'"');
            json::push_hex(out, bytes);
            out.push(b'"');
        }
    }
    Ok(())
}
