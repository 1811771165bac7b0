//! These queries read what a stored run tells of its items besides their results: failures, skips, retries, logs.
//! They give pages, because there may be millions; the callers decide how they are shown.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use super::{FailedItem, StoreError, StoredRun, rows};
use crate::event::{FailureKind, Place, Timing};
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

/// Failures with one kind, message and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureGroup {
    /// `error`, `timeout`, …
    pub kind: String,
    /// Without position.
    pub message: String,
    /// `file:line:column`, when known.
    pub place: Option<String>,
    /// How many.
    pub count: u64,
    /// The first three items, from 1.
    pub items: Vec<u64>,
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

    /// Failures of a step by kind, message and place, the most frequent first, `limit` groups at most.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn failure_groups(&self, step: &str, limit: u64) -> Result<Vec<FailureGroup>, StoreError> {
        let sql = "SELECT kind, message, file, line, col, count(*), min(idx) FROM failures WHERE step = ?1
            GROUP BY kind, message, file, line, col ORDER BY 6 DESC, 7 LIMIT ?2";
        let groups = self.rows(sql, params![step, bound(limit)], |row| {
            let (file, line, column): (Option<String>, Option<i64>, Option<i64>) =
                (row.get(2)?, row.get(3)?, row.get(4)?);
            let place = file.clone().zip(line).map(|(file, line)| match column {
                Some(column) => format!("{file}:{line}:{column}"),
                None => format!("{file}:{line}"),
            });
            let count = row.get::<_, i64>(5)? as u64;
            let group =
                FailureGroup { kind: row.get(0)?, message: row.get(1)?, place, count, items: Vec::new() };
            Ok((group, file, line, column))
        })?;
        let first = "SELECT idx FROM failures WHERE step = ?1 AND kind = ?2 AND message = ?3 AND file IS ?4
            AND line IS ?5 AND col IS ?6 ORDER BY idx LIMIT 3";
        let mut found = Vec::with_capacity(groups.len());
        for (mut group, file, line, column) in groups {
            let values = params![step, group.kind, group.message, file, line, column];
            group.items = self.rows(first, values, |row| row.get::<_, i64>(0).map(|index| index as u64))?;
            found.push(group);
        }
        Ok(found)
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
            let known = "SELECT count(*) FROM sqlite_schema WHERE name = 'timings'";
            if self.connection.query_row(known, [], |row| row.get::<_, i64>(0))? == 0 {
                return Ok(None);
            }
            let sql = "SELECT histogram FROM timings WHERE step = ?1";
            self.connection.prepare_cached(sql)?.query_row([step], |row| row.get(0)).optional()
        };
        let text = read().map_err(|error| self.failed(error))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
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
    let count = |name: &str| row.get::<_, Option<i64>>(name).map(|count| count.map(|count| count as u64));
    let shared = |name: &str| row.get::<_, Option<String>>(name).map(|text| text.map(Arc::from));
    let place = match (shared("file")?, count("line")?) {
        (Some(file), Some(line)) => {
            Some(Place { file, line, column: count("col")?, source: shared("source")? })
        }
        _ => None,
    };
    let item = FailedItem {
        kind: kind(&text("kind")?),
        message: text("message")?.into(),
        place,
        traceback: text("traceback")?,
        fields: row.get("fields")?,
        item: text("item")?,
        attempts: row.get("attempts")?,
        history: text("history")?,
        duration: Duration::try_from_secs_f64(row.get("duration")?).unwrap_or_default(),
        permanent: row.get("permanent")?,
    };
    Ok(Failure { index: count("idx")?.unwrap_or(0), key: text("key")?, item })
}

/// The kind of that name. A name that no version has written can only be damage.
fn kind(name: &str) -> FailureKind {
    FailureKind::parse(name).unwrap_or(FailureKind::Error)
}
