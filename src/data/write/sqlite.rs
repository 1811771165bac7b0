//! This writer writes items as rows of a table in a database. It puts them aside until all are known; `insertion` then writes
//! them in one transaction, when no other one is going on.

mod affinity;
mod insertion;
mod marks;
mod place;
mod row;
mod statement;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use self::insertion::Insertion;
use self::marks::RowsMark;
use self::place::TablePlace;
use crate::data::database::open_to_write;
use crate::data::{DataError, Ledger, RunMarks, Spool, Stored, TableTarget, WriteMode, Writer, Written};

/// How long the database may be locked by others before it is looked whether the step has to end.
const PATIENCE: Duration = Duration::from_millis(100);

/// Writes one object a row.
pub(super) struct SqliteWriter {
    place: TablePlace,
    phase: Phase,
    /// Items so far.
    count: u64,
    /// Of the table and the items, where a run that goes on has to know them again.
    digest: blake3::Hasher,
    /// Whether the file was made for this, and nothing is in it yet.
    is_new: bool,
}

enum Phase {
    /// There may be more items.
    Gathering(Spool),
    /// All items are known, and the database is waited for.
    Waiting(Box<(Connection, Stored)>),
    Inserting(Box<Insertion>),
    /// All rows are there, and others are waited for who read the database.
    Committing(Box<Insertion>),
    /// It is done; with the run that had written the rows before.
    Committed(Option<String>),
    /// An error has ended it, or all is done.
    Over,
}

impl SqliteWriter {
    /// Writes to a table of the database in `path`. What does not fit in memory is put aside in `temp_dir`.
    pub(super) fn new(
        (path, name): (&Path, &Arc<str>),
        (table, mode): (&TableTarget, WriteMode),
        temp_dir: &Path,
        ledger: &dyn Ledger,
    ) -> Result<Self, DataError> {
        let place = TablePlace {
            path: path.to_owned(),
            name: Arc::clone(name),
            table: table.clone(),
            mode,
            marks: if mode == WriteMode::Append { ledger.marks()? } else { RunMarks::default() },
        };
        if path.is_dir() {
            return Err(place.fault("it is a folder"));
        }
        let mut digest = blake3::Hasher::new();
        digest.update(place.table.name.as_bytes()).update(&[0]);
        Ok(Self { place, phase: Phase::Gathering(Spool::new(temp_dir)), count: 0, digest, is_new: false })
    }

    fn open(&mut self, spool: Spool) -> Result<Phase, DataError> {
        let place = &self.place;
        let stored = spool.finish()?;
        if let Some(folder) = place.path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| place.fault(&error.to_string()))?;
        }
        self.is_new = !place.path.exists();
        let connection = open_to_write(&place.path, PATIENCE).map_err(|error| place.failed(&error))?;
        if place.mode == WriteMode::Replace {
            // Rows that go and come again must not take those along that refer to them. They are checked at the end.
            connection.pragma_update(None, "foreign_keys", false).map_err(|error| place.failed(&error))?;
        }
        Ok(Phase::Waiting(Box::new((connection, stored))))
    }

    /// By what the rows are known.
    fn content(&self) -> RowsMark {
        RowsMark { rows: self.count, digest: self.digest.finalize().to_hex().to_string() }
    }

    /// Begins the transaction, unless others are at work on the database.
    fn begin(&mut self, waiting: Box<(Connection, Stored)>) -> Result<Phase, DataError> {
        match waiting.0.execute_batch("BEGIN IMMEDIATE") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                Ok(Phase::Waiting(waiting))
            }
            Err(error) => Err(self.place.failed(&error)),
            Ok(()) => {
                let (connection, stored) = *waiting;
                Ok(Phase::Inserting(Box::new(Insertion::begin(
                    &self.place,
                    connection,
                    &stored,
                    self.content(),
                )?)))
            }
        }
    }
}

impl Writer for SqliteWriter {
    fn write(&mut self, lines: &[u8]) -> Result<(), DataError> {
        let count = memchr::memchr_iter(b'\n', lines).count() as u64;
        self.count += count;
        if self.place.mode == WriteMode::Append {
            self.digest.update(lines);
        }
        match &mut self.phase {
            Phase::Gathering(spool) => spool.write(lines, count),
            _ => unreachable!("no items come after the last one"),
        }
    }

    fn work_off(&mut self) -> Result<bool, DataError> {
        self.phase = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Gathering(spool) => self.open(spool)?,
            Phase::Waiting(waiting) => self.begin(waiting)?,
            Phase::Inserting(mut insertion) => {
                if insertion.insert_some(&self.place)? {
                    Phase::Inserting(insertion)
                } else {
                    insertion.check_references(&self.place)?;
                    insertion.mark(&self.place)?;
                    Phase::Committing(insertion)
                }
            }
            Phase::Committing(mut insertion) => {
                if insertion.try_commit(&self.place)? {
                    self.is_new = false;
                    Phase::Committed(insertion.close(&self.place)?)
                } else {
                    Phase::Committing(insertion)
                }
            }
            Phase::Committed(earlier) => {
                self.phase = Phase::Committed(earlier);
                return Ok(false);
            }
            Phase::Over => return Ok(false),
        };
        Ok(!matches!(self.phase, Phase::Committed(_)))
    }

    fn commit(mut self: Box<Self>, _: &dyn Ledger) -> Result<Vec<Written>, DataError> {
        while self.work_off()? {}
        let Phase::Committed(earlier) = std::mem::replace(&mut self.phase, Phase::Over) else {
            return Err(self.place.fault("nothing was begun"));
        };
        let name = Arc::clone(&self.place.name);
        let said = earlier.as_ref().map(|run| format!("run {run} has appended its rows already"));
        let rows = if earlier.is_some() { 0 } else { self.count };
        Ok(vec![Written { name, rows: Some(rows), bytes: None, said }])
    }
}

/// A database that was made for nothing goes again.
impl Drop for SqliteWriter {
    fn drop(&mut self) {
        self.phase = Phase::Over;
        let is_empty = || std::fs::metadata(&self.place.path).is_ok_and(|file| file.len() == 0);
        if self.is_new && is_empty() {
            let _ = std::fs::remove_file(&self.place.path);
        }
    }
}
