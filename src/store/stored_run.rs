//! A stored run is a run as it lies on the disk, for callers that only look: finished, broken off, or still going on.
//!
//! The callers decide what follows from it (what to redo, how to print it).

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::endings::{self, BlockPlace};
use super::index::{CommitRow, StepIndex};
use super::last_error::LastError;
use super::record::AppendNote;
use super::run_record::{RunRecord, afar, read_outputs, run_record, seconds};
use super::{Fingerprint, LinesPerItem, Results, StoreError, database, lock, paths, rebuild};
use crate::event::{Hold, Output, ReuseCounts, Tally};

/// A step and its counters: the last word where it has ended, what is on the disk so far where it has not.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRecord {
    /// Name in the pipeline file.
    pub step: String,
    /// `map`, `read`, …
    pub verb: String,
    /// `pending running succeeded failed skipped cancelled`.
    pub status: String,
    /// Why it ended so.
    pub reason: Option<String>,
    /// What went wrong in it last.
    pub last_error: Option<LastError>,
    /// Items in all, once known.
    pub total: Option<u64>,
    /// Items that succeeded.
    pub successes: u64,
    /// Items that failed.
    pub failures: u64,
    /// Items left out.
    pub skipped: u64,
    /// Items never started, or cut off.
    pub cancelled: u64,
    /// Items that needed more than one attempt.
    pub retried: u64,
    /// Results given on.
    pub emitted: u64,
    /// `successes / (total − skipped)`, once the step has ended.
    pub success_ratio: Option<f64>,
    /// Successes that the verdict asked for.
    pub needed: Option<u64>,
    /// The share that the verdict asked for, as it was written.
    pub min_success_ratio: Option<String>,
    /// Seconds since 1970.
    pub started: Option<f64>,
    /// Wall-clock time.
    pub duration: Option<Duration>,
    /// Where a `write` step wrote.
    pub target: Option<String>,
    /// What it has written.
    pub outputs: Vec<Output>,
    /// Bytes that it wrote to temporary files.
    pub spilled: u64,
    /// When it was held back.
    pub holds: Vec<Hold>,
    /// What it was about to append to a file, or has.
    pub appended: Option<AppendNote>,
    /// Log lines that were not kept.
    pub logs_left_out: u64,
    /// What was taken over from an old run or the cache, once the step has ended.
    pub reuse: Option<ReuseCounts>,
    /// How many results an item has; `None`: its items are not kept.
    pub shape: Option<LinesPerItem>,
    /// Whether its items have keys of their own.
    pub keyed: bool,
    /// What its results depend on.
    pub fingerprint: Fingerprint,
}

impl StepRecord {
    /// Its counters.
    pub fn tally(&self) -> Tally {
        let Self { successes, failures, skipped, cancelled, retried, .. } = *self;
        Tally { succeeded: successes, failed: failures, skipped, cancelled, retried }
    }

    /// Whether every item of its input has ended: an interrupt may come while nothing is in flight, and what was not
    /// yet read is then in no counter. A step that broke before its first item has no verdict.
    pub fn is_whole(&self) -> bool {
        // A shard that has worked on all of its items judges nothing.
        let judged = self.total.is_some() && (self.needed.is_some() || self.status == "succeeded");
        judged && self.cancelled == 0 && ["succeeded", "failed"].contains(&self.status.as_str())
    }
}

/// One run as it lies on the disk, opened to be read.
#[derive(Debug)]
pub struct StoredRun {
    path: PathBuf,
    pub(super) connection: Connection,
    record: RunRecord,
    warnings: Vec<String>,
}

impl StoredRun {
    /// Opens the run in this folder. A database that cannot be read is made up for from segments and record, with a
    /// warning.
    ///
    /// # Errors
    /// Fails when neither the database nor the segments can be read, and with [`StoreError::Newer`] when the run was kept
    /// by a newer flowrun.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some((connection, record, warning)) = afar(path)? {
            let warnings = vec![warning];
            return Ok(Self { path: path.to_path_buf(), connection, record, warnings });
        }
        let database = paths::database(path);
        let mut warnings = Vec::new();
        let opened = database::read(&database).and_then(|connection| {
            if !database::is_sound(&connection, &database) {
                return Err(StoreError::damaged(&database, "its pages contradict each other"));
            }
            let record = run_record(&connection, (path, lock::holder(path)))?;
            Ok((connection, record))
        });
        let (connection, record) = match opened {
            Ok(opened) => opened,
            Err(error @ StoreError::Newer { .. }) => return Err(error),
            Err(error) => {
                warnings.push(format!("{error}; the run is read from its segments instead"));
                let (connection, lost) = rebuild::in_memory(path)?;
                warnings.extend(lost);
                let record = run_record(&connection, (path, lock::holder(path)))?;
                (connection, record)
            }
        };
        Ok(Self { path: path.to_path_buf(), connection, record, warnings })
    }

    /// What the run says of itself.
    pub fn record(&self) -> &RunRecord {
        &self.record
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a process of another machine is at work on it: then nothing is known of it but what that one says of it now and
    /// then, which are counters and the newest failures.
    pub fn is_elsewhere(&self) -> bool {
        self.record.holder.as_ref().is_some_and(|holder| holder.host.is_some())
    }

    /// What is wrong with it.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// What `--output json` printed, if the run came to that.
    pub fn summary(&self) -> Option<String> {
        std::fs::read_to_string(paths::summary(&self.path)).ok()
    }

    /// The pipeline file as it was, then its Lua files by name: paths within the folder, and texts.
    pub fn sources(&self) -> Vec<(String, String)> {
        let folder = paths::pipeline(&self.path);
        let main = Path::new(&self.record.file).file_name().unwrap_or_default().to_owned();
        let mut found = Vec::new();
        let mut open = vec![folder.clone()];
        while let Some(next) = open.pop() {
            for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
                let path = entry.path();
                let is_source =
                    path.extension().is_some_and(|kind| kind == "lua") || path == folder.join(&main);
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => open.push(path),
                    Ok(kind) if kind.is_file() && is_source => found.push(path),
                    _ => {}
                }
            }
        }
        found.sort_by_key(|path| (path.file_name() != Some(&main), path.clone()));
        let text = |path: PathBuf| {
            let name = path.strip_prefix(&folder).ok()?.to_string_lossy().into_owned();
            Some((name, std::fs::read_to_string(&path).ok()?))
        };
        found.into_iter().filter_map(text).collect()
    }

    /// All steps, in file order.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn steps(&self) -> Result<Vec<StepRecord>, StoreError> {
        let sql = "SELECT *, (SELECT count(*) FROM retried WHERE retried.step = steps.step) AS retries
            FROM steps ORDER BY position";
        self.rows(sql, [], step_record)
    }

    /// One step.
    ///
    /// # Errors
    /// Fails with [`StoreError::NoStep`] when the run has no such step, and when its database cannot be read.
    pub fn step(&self, name: &str) -> Result<StepRecord, StoreError> {
        let found = self.steps()?.into_iter().find(|step| step.step == name);
        let missing = || StoreError::NoStep { run: self.record.id.clone(), step: name.to_owned() };
        found.ok_or_else(missing)
    }

    /// The results of a step in the order of their items. Those that are damaged are left out and counted.
    ///
    /// # Errors
    /// Fails with [`StoreError::NoStep`] when the run has no such step, and when its database cannot be read.
    pub fn results(&self, step: &str) -> Result<Results, StoreError> {
        let shape = self.step(step)?.shape.unwrap_or(LinesPerItem::One);
        Ok(Results::new(self.index(step)?, shape))
    }

    /// Where the items of a step lie.
    pub(super) fn index(&self, step: &str) -> Result<StepIndex, StoreError> {
        // Format 1 had no shards.
        let known = "SELECT count(*) FROM pragma_table_info('commits') WHERE name = 'source'";
        let has_source = self.rows(known, [], |row| row.get::<_, i64>(0))?.first() == Some(&1);
        let source = if has_source { "coalesce(source, '')" } else { "''" };
        let sql = format!(
            "SELECT segment, offset, length, endings, rows, {source} FROM commits WHERE step = ?1 ORDER BY seq"
        );
        let rows = self.rows(&sql, [step], |row| {
            let number = |at: usize| row.get::<_, i64>(at);
            let (segment, source) = (number(0)? as u32, row.get::<_, String>(5)?);
            let place = BlockPlace {
                tag: endings::tag_of_source(&self.record.id, step, &source),
                // What an attempt has written is one file, which does not know its number here.
                segment: if source.is_empty() { segment } else { 0 },
                offset: number(1)? as u64,
                length: number(2)? as u64,
            };
            Ok(CommitRow { place, segment, endings: number(3)? as u64, results: number(4)? })
        })?;
        Ok(StepIndex::open(&self.path, step, rows))
    }

    /// Rows of a query, each made into something.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        make: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let read = || -> rusqlite::Result<Vec<T>> {
            self.connection.prepare_cached(sql)?.query_map(values, make)?.collect()
        };
        read().map_err(|error| self.failed(error))
    }

    /// The row with an index, of a table that has one row an item.
    pub(super) fn row_of_item<T: FromSql>(
        &self,
        sql: &str,
        step: &str,
        index: u64,
    ) -> Result<Option<T>, StoreError> {
        let read = || -> rusqlite::Result<Option<T>> {
            let values = params![step, index as i64];
            self.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()
        };
        read().map_err(|error| self.failed(error))
    }

    pub(super) fn failed(&self, error: rusqlite::Error) -> StoreError {
        StoreError::sql("read", &paths::database(&self.path), error)
    }
}

fn step_record(row: &Row<'_>) -> rusqlite::Result<StepRecord> {
    let count = |name: &str| row.get::<_, i64>(name).map(|count| count.max(0) as u64);
    let maybe =
        |name: &str| row.get::<_, Option<i64>>(name).map(|count| count.map(|count| count.max(0) as u64));
    let fingerprint: Option<String> = row.get("fingerprint")?;
    let total = maybe("total")?;
    Ok(StepRecord {
        step: row.get("step")?,
        verb: row.get("verb")?,
        status: row.get("status")?,
        reason: row.get("reason")?,
        total,
        successes: count("successes")?,
        failures: count("failures")?,
        skipped: count("skipped")?,
        cancelled: count("cancelled")?,
        // Until the step has ended, its retries so far: those that are in the books, or were told by another machine.
        retried: count("retried")? + if total.is_some() { 0 } else { count("retries")? },
        emitted: count("emitted")?,
        success_ratio: row.get("success_ratio")?,
        needed: maybe("needed")?,
        min_success_ratio: row.get("min_success_ratio")?,
        started: row.get("started")?,
        duration: seconds(row, "duration")?,
        target: row.get("target")?,
        outputs: read_outputs(row.get("outputs").unwrap_or_default()),
        // Runs of older versions do not say.
        last_error: json_column(row, "last_error"),
        spilled: count("spilled").unwrap_or_default(),
        holds: json_column(row, "holds").unwrap_or_default(),
        appended: json_column(row, "appended"),
        logs_left_out: count("logs_left_out")?,
        reuse: reuse(row)?,
        shape: row.get::<_, Option<String>>("shape")?.as_deref().and_then(LinesPerItem::from_name),
        keyed: row.get::<_, Option<bool>>("keyed")?.unwrap_or(false),
        fingerprint: fingerprint.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
    })
}

/// What stands in a column as JSON; `None`: nothing does, or there is no such column.
fn json_column<T: serde::de::DeserializeOwned>(row: &Row<'_>, name: &str) -> Option<T> {
    let text: Option<String> = row.get(name).unwrap_or_default();
    text.and_then(|text| serde_json::from_str(&text).ok())
}

/// What a step took over; `None`: it was not asked to.
fn reuse(row: &Row<'_>) -> rusqlite::Result<Option<ReuseCounts>> {
    let count =
        |name: &str| row.get::<_, Option<i64>>(name).map(|count| count.map(|count| count.max(0) as u64));
    let (reused, redone, dropped) = (count("reused")?, count("redone")?, count("dropped")?);
    let reasons: Option<String> = row.get("reasons")?;
    let reasons = reasons.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Ok(reused.map(|reused| ReuseCounts {
        reused,
        redone: redone.unwrap_or(0),
        reasons,
        dropped: dropped.unwrap_or(0),
        // Runs of older versions do not say.
        shards: count("shards").unwrap_or_default().unwrap_or(0),
    }))
}
