//! A run that appends to a database notes that there, in the same transaction, so that a run that goes on with it appends
//! nothing twice.

use rusqlite::{Connection, OptionalExtension, params};

use super::place::TablePlace;
use crate::data::{DataError, TableTarget};

/// By what the rows are known that a run appends.
pub(super) struct RowsMark {
    /// How many there are.
    pub(super) rows: u64,
    /// A digest of their items.
    pub(super) digest: String,
}

impl RowsMark {
    /// The run that this one goes on with, if it has appended the rows. Other rows than these are an error: what it has
    /// appended cannot be told from the rows of others any more.
    pub(super) fn find_earlier(
        &self,
        place: &TablePlace,
        connection: &Connection,
    ) -> Result<Option<String>, DataError> {
        let failed = |error: rusqlite::Error| place.failed(&error);
        if !has_marks(connection).map_err(failed)? {
            return Ok(None);
        }
        let marks = TableTarget::MARKS;
        let sql = format!("SELECT rows, digest FROM main.{marks} WHERE run = ?1 AND step = ?2");
        for run in place.marks.runs.iter().skip(1) {
            let of_run = params![run, place.marks.step];
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let found: Option<(i64, String)> =
                connection.query_row(&sql, of_run, read).optional().map_err(failed)?;
            let Some((rows, digest)) = found else { continue };
            if digest == self.digest {
                return Ok(Some(run.clone()));
            }
            return Err(place.fault(&format!(
                "run {run} has appended {rows} rows there, and {} others would be appended now; take its rows out, and its row \
                 out of `{marks}`, and resume again",
                self.rows
            )));
        }
        Ok(None)
    }

    /// Notes that this run has appended the rows.
    pub(super) fn keep(&self, place: &TablePlace, connection: &Connection) -> rusqlite::Result<()> {
        let Some(run) = place.marks.runs.first() else { return Ok(()) };
        let marks = TableTarget::MARKS;
        connection.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS main.{marks}(run TEXT NOT NULL, step TEXT NOT NULL, rows INTEGER NOT NULL, \
             digest TEXT NOT NULL, PRIMARY KEY(run, step)) WITHOUT ROWID"
        ))?;
        let sql =
            format!("INSERT OR IGNORE INTO main.{marks}(run, step, rows, digest) VALUES(?1, ?2, ?3, ?4)");
        let rows = i64::try_from(self.rows).unwrap_or(i64::MAX);
        connection.execute(&sql, params![run, place.marks.step, rows, self.digest]).map(drop)
    }
}

fn has_marks(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1";
    Ok(connection.query_row(sql, [TableTarget::MARKS], |_| Ok(())).optional()?.is_some())
}
