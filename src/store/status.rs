//! `status.json` says every two seconds how far a run is, for other machines: these must not open the database of a run that is
//! going on, because a file system that machines share does not tell one what another is writing.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use rusqlite::types::{Value as Cell, ValueRef};
use rusqlite::{Connection, Row, params, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::clock::{now, seconds};
use super::record::RecordLine;
use super::{StoreError, database, format, paths, private, record, rows};

/// Time between two words at least.
pub(super) const EVERY: Duration = Duration::from_secs(2);
/// What it may cost, as a share of the time: the retries of a step are counted.
const COST_SHARE: u32 = 20;
/// However much it costs, it comes so often.
const EVERY_MAX: Duration = Duration::from_secs(10);
/// Failures that are told, the newest ones.
const FAILURES: usize = 5;
/// Failures of larger items stay untold.
const ITEM_MAX: u32 = 64 << 10;

/// No run counts further.
const COUNT_MAX: u64 = 1 << 53;

/// The rows of a table, by the names of their columns.
type Columns = Map<String, Value>;

/// What stands in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Status {
    format: u32,
    at: f64,
    run: Columns,
    steps: Vec<Columns>,
    failures: Vec<Columns>,
}

/// Writes the file of a run that is going on.
#[derive(Debug)]
pub(super) struct StatusWriter {
    due: Instant,
    /// Step and index of the failures that came last.
    newest: VecDeque<(String, u64)>,
}

impl StatusWriter {
    pub(super) fn new() -> Self {
        Self { due: Instant::now() + EVERY, newest: VecDeque::new() }
    }

    /// An item has failed.
    pub(super) fn failed(&mut self, step: &str, index: u64) {
        if self.newest.len() == FAILURES {
            self.newest.pop_front();
        }
        self.newest.push_back((step.to_owned(), index));
    }

    /// Says how far the run is, if it is time. What cannot be written is no harm to the run.
    pub(super) fn tick(&mut self, run: &Path, connection: &Connection) {
        let begun = Instant::now();
        if begun < self.due {
            return;
        }
        if let Ok(status) = self.status(connection) {
            let text = serde_json::to_vec(&status).expect("texts and numbers are JSON");
            let _ = private::replace_unsynced(&paths::status(run), &text);
        }
        self.due = begun + (begun.elapsed() * COST_SHARE).clamp(EVERY, EVERY_MAX);
    }

    fn status(&self, connection: &Connection) -> rusqlite::Result<Status> {
        let run = connection.query_row("SELECT * FROM run", [], columns)?;
        let mut steps = Vec::new();
        let sql =
            "SELECT *, (SELECT count(*) FROM retried WHERE retried.step = steps.step) AS retries FROM steps";
        for step in connection.prepare_cached(sql)?.query_map([], columns)? {
            let mut step = step?;
            let retries = step.remove("retries");
            if step.get("total").is_none_or(Value::is_null) {
                step.insert("retried".to_owned(), retries.unwrap_or_default());
            }
            steps.push(step);
        }
        let sql = "SELECT * FROM failures WHERE step = ?1 AND idx = ?2 AND length(item) <= ?3";
        let mut failure = connection.prepare_cached(sql)?;
        let mut failures = Vec::new();
        for (step, index) in &self.newest {
            let found = failure.query_map(params![step, *index as i64, ITEM_MAX], columns)?;
            failures.extend(found.collect::<rusqlite::Result<Vec<_>>>()?);
        }
        Ok(Status { format: format::RUN, at: now(), run, steps, failures })
    }
}

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    let value = |(at, name): (usize, &str)| {
        let value = match row.get_ref(at)? {
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
            ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        };
        Ok((name.to_owned(), value))
    };
    row.as_ref().column_names().enumerate().map(value).collect()
}

/// A database of what a run on another machine has said last, and how long ago that was; `None`: it has said nothing, or nothing that
/// can be read.
///
/// # Errors
/// Fails with [`StoreError::Newer`] when a newer flowrun has said it.
pub(super) fn open(run: &Path) -> Result<Option<(Connection, Duration)>, StoreError> {
    let Some(value) = fs::read(paths::status(run)).ok().and_then(|text| serde_json::from_slice(&text).ok())
    else {
        return Ok(None);
    };
    let value: Value = value;
    let format = value.get("format").and_then(Value::as_u64).unwrap_or(0);
    format::check_run(&paths::id(run), u32::try_from(format).unwrap_or(0))?;
    let Ok(status) = serde_json::from_value::<Status>(value) else { return Ok(None) };
    let age = Duration::try_from_secs_f64(seconds(SystemTime::now()) - status.at).unwrap_or_default();
    Ok(filled(&status).map(|connection| (connection, age)))
}

/// `None`: it is nothing that flowrun writes.
fn filled(status: &Status) -> Option<Connection> {
    let connection = empty().ok()?;
    insert(&connection, "run", &status.run)?;
    status.steps.iter().try_for_each(|step| insert(&connection, "steps", step))?;
    status.failures.iter().try_for_each(|failure| insert(&connection, "failures", failure))?;
    Some(connection)
}

fn empty() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    database::tables(&connection)?;
    Ok(connection)
}

/// A database of how a run began, and of nothing else.
pub(super) fn of_begin(run: &Path) -> Result<Connection, StoreError> {
    let (lines, _) = record::read(run)?;
    let begin = lines.iter().find(|line| matches!(line, RecordLine::RunBegin(_)));
    let lost = || StoreError::damaged(&paths::record(run), "it does not say how the run began");
    let begin = begin.ok_or_else(lost)?;
    let made = empty().and_then(|connection| rows::line(&connection, begin).map(|()| connection));
    made.map_err(|error| StoreError::sql("read", &paths::record(run), error))
}

/// Puts a row into a table. Columns that it does not have are passed over. `None`: it is no row of that table.
fn insert(connection: &Connection, table: &str, row: &Columns) -> Option<()> {
    let known = "SELECT name, type FROM pragma_table_info(?1)";
    let mut known = connection.prepare_cached(known).ok()?;
    let known = known.query_map([table], |row| Ok((row.get(0)?, row.get(1)?))).ok()?;
    let mut cells: Vec<(String, Cell)> = Vec::new();
    for column in known {
        let (name, kind): (String, String) = column.ok()?;
        if let Some(value) = row.get(&name) {
            cells.push((name, cell(value, &kind)?));
        }
    }
    let names: Vec<&str> = cells.iter().map(|(name, _)| name.as_str()).collect();
    let marks = vec!["?"; names.len()].join(", ");
    let sql = format!("INSERT OR REPLACE INTO {table}({}) VALUES({marks})", names.join(", "));
    connection.execute(&sql, params_from_iter(cells.into_iter().map(|(_, cell)| cell))).ok().map(drop)
}

/// A value of a column of this type; `None`: it has no such value. Whole numbers are counts of something.
fn cell(value: &Value, kind: &str) -> Option<Cell> {
    match (value, kind) {
        (Value::Null, _) => Some(Cell::Null),
        (Value::Number(number), "INTEGER") => {
            number.as_u64().filter(|count| *count <= COUNT_MAX).map(|count| Cell::Integer(count as i64))
        }
        (Value::Number(number), "REAL") => number.as_f64().map(Cell::Real),
        (Value::String(text), "TEXT") => Some(Cell::Text(text.clone())),
        _ => None,
    }
}
