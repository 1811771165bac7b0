//! These queries read what a stored run tells of its items besides their results: failures, skips, retries, logs.
//! They give pages, because there may be millions; the callers decide how they are shown.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use super::{FailedItem, LogEntry, RetriedItem, StepRecord, StoreError, StoredRun, rows};
use crate::event::{FailureKind, LogLevel, Place, Timing, Usage};
use crate::value::Choice as _;

/// An item that failed for good.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Which item, from 1.
    pub index: u64,
    /// Its key, or the digest of its content.
    pub key: String,
    /// All the rest.
    pub item: FailedItem,
}

/// Why an item failed, without all the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureReason {
    /// Which item, from 1.
    pub index: u64,
    /// `error`, `timeout`, …
    pub kind: FailureKind,
    /// Without position.
    pub message: String,
    /// Where, when known.
    pub place: Option<Place>,
}

/// An item that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Which item, from 1.
    pub index: u64,
    /// Its key, or the digest of its content.
    pub key: String,
    /// The reason given.
    pub reason: Option<String>,
}

/// An item that needed more than one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// Which item, from 1.
    pub index: u64,
    /// Attempts in all.
    pub attempts: u32,
    /// What failed last before it was tried again.
    pub kind: String,
    /// Why.
    pub message: String,
}

/// A line of an item's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLog {
    /// Which item, from 1.
    pub index: u64,
    /// `debug info warn error`.
    pub level: String,
    /// The text.
    pub message: String,
    /// The fields as a JSON object, when given.
    pub fields: Option<String>,
}

const FAILURE: &str =
    "SELECT idx, key, kind, message, file, line, col, source, traceback, fields, item, attempts,
    history, duration, permanent FROM failures";

impl StoredRun {
    /// Failures of a step with an index above `after`, `limit` at most, in the order of their indices.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn failures(&self, step: &str, after: u64, limit: u64) -> Result<Vec<Failure>, StoreError> {
        let sql = format!("{FAILURE} WHERE step = ?1 AND idx > ?2 ORDER BY idx LIMIT ?3");
        self.rows(&sql, params![step, after as i64, bound(limit)], failure)
    }

    /// How many failed items of a step the run counts and knows nothing else of, which only damage explains.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn lost_failures(&self, step: &StepRecord) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM failures WHERE step = ?1";
        let known = self.rows(sql, [&step.step], |row| row.get::<_, i64>(0))?;
        Ok(step.failures.saturating_sub(known.first().map_or(0, |count| *count as u64)))
    }

    /// The failure of one item.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn failure(&self, step: &str, index: u64) -> Result<Option<Failure>, StoreError> {
        let read = || -> rusqlite::Result<Option<Failure>> {
            let sql = format!("{FAILURE} WHERE step = ?1 AND idx = ?2");
            self.connection.prepare_cached(&sql)?.query_row(params![step, index as i64], failure).optional()
        };
        read().map_err(|error| self.failed(error))
    }

    /// Why items of a step failed, as for [`StoredRun::failures`]: all that groups are made of.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn failure_reasons(
        &self,
        step: &str,
        after: u64,
        limit: u64,
    ) -> Result<Vec<FailureReason>, StoreError> {
        let sql = "SELECT idx, kind, message, file, line, col, source FROM failures
            WHERE step = ?1 AND idx > ?2 ORDER BY idx LIMIT ?3";
        self.rows(sql, params![step, after as i64, bound(limit)], |row| {
            let kind = kind(&row.get::<_, String>("kind")?);
            let index = row.get::<_, i64>("idx")? as u64;
            Ok(FailureReason { index, kind, message: row.get("message")?, place: place(row)? })
        })
    }

    /// Items of a step that were left out, with an index above `after`, `limit` at most.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn skips(&self, step: &str, after: u64, limit: u64) -> Result<Vec<Skip>, StoreError> {
        let sql = "SELECT idx, key, reason FROM skipped WHERE step = ?1 AND idx > ?2 ORDER BY idx LIMIT ?3";
        self.rows(sql, params![step, after as i64, bound(limit)], |row| {
            Ok(Skip { index: row.get::<_, i64>(0)? as u64, key: row.get(1)?, reason: row.get(2)? })
        })
    }

    /// Why an item was left out, if it was and a reason was given.
    pub(super) fn skip_reason(&self, step: &str, index: u64) -> Result<Option<String>, StoreError> {
        let sql = "SELECT reason FROM skipped WHERE step = ?1 AND idx = ?2";
        Ok(self.row_of_item(sql, step, index)?.flatten())
    }

    /// Items of a step that were tried again, with an index above `after`, `limit` at most.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn retries(&self, step: &str, after: u64, limit: u64) -> Result<Vec<Retry>, StoreError> {
        let sql = "SELECT idx, attempts, kind, message FROM retried WHERE step = ?1 AND idx > ?2
            ORDER BY idx LIMIT ?3";
        self.rows(sql, params![step, after as i64, bound(limit)], |row| {
            let index = row.get::<_, i64>(0)? as u64;
            Ok(Retry { index, attempts: row.get(1)?, kind: row.get(2)?, message: row.get(3)? })
        })
    }

    /// The last failed attempts of items with these indices that were tried again.
    pub(super) fn retried_between(
        &self,
        step: &str,
        first: u64,
        last: u64,
    ) -> Result<Vec<RetriedItem>, StoreError> {
        let sql = "SELECT idx, attempts, kind, message FROM retried WHERE step = ?1 AND idx BETWEEN ?2 AND ?3
            ORDER BY idx";
        self.rows(sql, params![step, bound(first), bound(last)], |row| {
            Ok(RetriedItem {
                index: row.get::<_, i64>(0)? as u64,
                // The failed attempt and the one that came are counted.
                attempt: row.get::<_, u32>(1)?.saturating_sub(1),
                kind: kind(&row.get::<_, String>(2)?),
                message: row.get::<_, String>(3)?.into(),
            })
        })
    }

    /// What was kept of the logs of items with these indices.
    pub(super) fn logs_between(
        &self,
        step: &str,
        first: u64,
        last: u64,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let sql = "SELECT idx, level, message, fields FROM logs WHERE step = ?1 AND idx BETWEEN ?2 AND ?3
            ORDER BY idx, rowid";
        self.rows(sql, params![step, bound(first), bound(last)], |row| {
            let level = LogLevel::parse(&row.get::<_, String>(1)?).unwrap_or(LogLevel::Info);
            let index = row.get::<_, i64>(0)? as u64;
            Ok(LogEntry { index, level, message: row.get(2)?, fields: row.get(3)? })
        })
    }

    /// Ranges of items of a step that were never started, or cut off: the first index, and how many.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn cancelled(&self, step: &str) -> Result<Vec<(u64, u64)>, StoreError> {
        let sql = "SELECT first, count FROM cancelled WHERE step = ?1 ORDER BY first";
        self.rows(sql, [step], |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64)))
    }

    /// How long the items of a step took. `None`: it has no such items, or was kept by a version that did not measure.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn timing(&self, step: &str) -> Result<Option<Timing>, StoreError> {
        let read = || -> rusqlite::Result<Option<String>> {
            if !self.has_table("timings")? {
                return Ok(None);
            }
            let sql = "SELECT histogram FROM timings WHERE step = ?1";
            self.connection.prepare_cached(sql)?.query_row([step], |row| row.get(0)).optional()
        };
        let text = read().map_err(|error| self.failed(error))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Whether the database has a table that those of earlier versions have not.
    fn has_table(&self, name: &str) -> rusqlite::Result<bool> {
        let known = "SELECT count(*) FROM sqlite_schema WHERE name = ?1";
        Ok(self.connection.query_row(known, [name], |row| row.get::<_, i64>(0))? > 0)
    }

    /// What the run has taken of its machine, where its end tells.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn usage(&self) -> Result<Option<Usage>, StoreError> {
        let read = || -> rusqlite::Result<Option<Usage>> {
            if !self.has_table("usage")? {
                return Ok(None);
            }
            let sql = "SELECT processor, memory FROM usage ORDER BY rowid DESC LIMIT 1";
            let usage = |row: &rusqlite::Row<'_>| {
                let processor = Duration::try_from_secs_f64(row.get(0)?).unwrap_or_default();
                Ok(Usage { processor, memory: row.get::<_, i64>(1)? as u64 })
            };
            self.connection.query_row(sql, [], usage).optional()
        };
        read().map_err(|error| self.failed(error))
    }

    /// The run's own log: what was said when it had ended.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn run_log(&self) -> Result<Vec<StoredLog>, StoreError> {
        self.logs(rows::RUN, None, u64::MAX)
    }

    /// What was kept of an item's log, in order; of all items of the step without an index.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn logs(&self, step: &str, index: Option<u64>, limit: u64) -> Result<Vec<StoredLog>, StoreError> {
        let sql = "SELECT idx, level, message, fields FROM logs WHERE step = ?1 AND (?2 IS NULL OR idx = ?2)
            ORDER BY idx, rowid LIMIT ?3";
        self.rows(sql, params![step, index.map(|index| index as i64), bound(limit)], |row| {
            let index = row.get::<_, i64>(0)? as u64;
            Ok(StoredLog { index, level: row.get(1)?, message: row.get(2)?, fields: row.get(3)? })
        })
    }
}

fn bound(limit: u64) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn failure(row: &Row<'_>) -> rusqlite::Result<Failure> {
    let text = |name: &str| row.get::<_, String>(name);
    let item = FailedItem {
        kind: kind(&text("kind")?),
        message: text("message")?.into(),
        place: place(row)?,
        traceback: text("traceback")?,
        fields: row.get("fields")?,
        item: text("item")?,
        attempts: row.get("attempts")?,
        history: text("history")?,
        duration: Duration::try_from_secs_f64(row.get("duration")?).unwrap_or_default(),
        permanent: row.get("permanent")?,
    };
    Ok(Failure { index: count(row, "idx")?.unwrap_or(0), key: text("key")?, item })
}

fn place(row: &Row<'_>) -> rusqlite::Result<Option<Place>> {
    let shared = |name: &str| row.get::<_, Option<String>>(name).map(|text| text.map(Arc::from));
    let (Some(file), Some(line)) = (shared("file")?, count(row, "line")?) else { return Ok(None) };
    Ok(Some(Place { file, line, column: count(row, "col")?, source: shared("source")? }))
}

fn count(row: &Row<'_>, name: &str) -> rusqlite::Result<Option<u64>> {
    row.get::<_, Option<i64>>(name).map(|count| count.map(|count| count as u64))
}

/// The kind of that name. A name that no version has written can only be damage.
fn kind(name: &str) -> FailureKind {
    FailureKind::parse(name).unwrap_or(FailureKind::Error)
}
