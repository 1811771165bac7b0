//! A run record is what a run says of itself: in its database, or, of one that is going on on another machine, in the file
//! that this one writes for others.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Row};

use super::holder::Holder;
use super::{StoreError, database, lock, paths, rebuild, status};
use crate::event::Output;

/// What a run says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Short, and sorted by time.
    pub id: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// The pipeline file.
    pub file: String,
    /// `running succeeded failed interrupted`; a run whose process is gone without a word was interrupted.
    pub status: String,
    /// Who is at work on it.
    pub holder: Option<Holder>,
    /// Seconds since 1970.
    pub started: f64,
    /// Seconds since 1970.
    pub ended: Option<f64>,
    /// Wall-clock time.
    pub duration: Option<Duration>,
    /// Parameters as a JSON object.
    pub params: String,
    /// Seed of jitter and random numbers.
    pub seed: u64,
    /// The run that this one resumes.
    pub parent: Option<String>,
    /// What its steps have written so far.
    pub outputs: Vec<Output>,
    /// Items that failed, in all steps together.
    pub failures: u64,
    /// Version of flowrun.
    pub flowrun: String,
    /// Version of the pipeline language.
    pub language: u32,
}

/// What a run says of itself that cannot be opened as a whole.
pub(super) fn record_alone(path: &Path) -> Result<RunRecord, StoreError> {
    if let Some((_, record, _)) = afar(path)? {
        return Ok(record);
    }
    let of = |connection: &Connection| run_record(connection, (path, lock::holder(path)));
    let record = database::read(&paths::database(path)).and_then(|connection| of(&connection));
    match record {
        Err(error @ StoreError::Newer { .. }) => Err(error),
        record => record.or_else(|_| of(&rebuild::in_memory(path)?.0)),
    }
}

/// What is known of a run that is going on on another machine, and where from; `None`: it is not.
pub(super) fn afar(path: &Path) -> Result<Option<(Connection, RunRecord, String)>, StoreError> {
    while let Some(holder) = lock::holder(path).filter(|holder| holder.host.is_some()) {
        let (connection, age) = match status::open(path)? {
            Some((connection, age)) => (connection, Some(age)),
            None => (status::of_begin(path)?, None),
        };
        let record = run_record(&connection, (path, Some(holder.clone())))?;
        // It may have ended since it said that, and then its books say how.
        if lock::holder(path).as_ref() == Some(&holder) {
            return Ok(Some((connection, record, holder.heard_afar(age))));
        }
    }
    Ok(None)
}

/// The run's own row.
pub(super) fn run_record(
    connection: &Connection,
    (path, holder): (&Path, Option<Holder>),
) -> Result<RunRecord, StoreError> {
    let make = |row: &Row<'_>| {
        let status: String = row.get("status")?;
        let gone = status == "running" && holder.is_none();
        Ok(RunRecord {
            id: paths::id(path),
            pipeline: row.get("pipeline")?,
            file: row.get("file")?,
            status: if gone { "interrupted".to_owned() } else { status },
            holder: holder.clone(),
            started: row.get("started")?,
            ended: row.get("ended")?,
            duration: seconds(row, "duration")?,
            params: row.get("params")?,
            seed: row.get::<_, String>("seed")?.parse().unwrap_or(0),
            parent: row.get("parent")?,
            outputs: Vec::new(),
            failures: 0,
            flowrun: row.get("flowrun")?,
            language: row.get("language")?,
        })
    };
    let record = connection.query_row("SELECT * FROM run", [], make);
    let record = record.map(|record| RunRecord {
        outputs: outputs(connection),
        failures: failures(connection),
        ..record
    });
    record.map_err(|error| StoreError::sql("read", &paths::database(path), error))
}

/// What all steps have written. Databases of earlier versions do not know it.
fn outputs(connection: &Connection) -> Vec<Output> {
    let read = || -> rusqlite::Result<Vec<Output>> {
        let mut statement = connection.prepare("SELECT outputs FROM steps ORDER BY position")?;
        let texts = statement.query_map([], |row| row.get::<_, Option<String>>(0))?;
        texts.map(|text| text.map(read_outputs)).collect::<rusqlite::Result<Vec<_>>>().map(|all| all.concat())
    };
    read().unwrap_or_default()
}

/// How many items of all steps failed.
fn failures(connection: &Connection) -> u64 {
    let sum = "SELECT coalesce(sum(failures), 0) FROM steps";
    connection.query_row(sum, [], |row| row.get::<_, i64>(0)).map_or(0, |count| count.max(0) as u64)
}

pub(super) fn read_outputs(text: Option<String>) -> Vec<Output> {
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

pub(super) fn seconds(row: &Row<'_>, name: &str) -> rusqlite::Result<Option<Duration>> {
    let seconds: Option<f64> = row.get(name)?;
    Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}
