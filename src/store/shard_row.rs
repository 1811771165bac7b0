//! A shard row is what the books of a run say of a shard of a sent step: who has worked on which items, and when.

use rusqlite::{Connection, Row, params};

use super::remote::{CommitRecord, Doer};
use super::{StoreError, StoredRun};
use crate::event::Why;
use crate::value::Indices;

/// A job that has worked on a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardJob {
    /// The wave that it was submitted in.
    pub wave: u32,
    /// Its place in that.
    pub task: u32,
    /// What the engine calls it, where that is known.
    pub id: Option<String>,
}

impl ShardJob {
    /// What people call it.
    pub fn name(&self) -> String {
        self.id.clone().unwrap_or_else(|| format!("{}.{}", self.wave, self.task))
    }

    /// As it stands in the books: `2.17/4711_17`.
    fn text(&self) -> String {
        let id = self.id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
        format!("{}.{}{id}", self.wave, self.task)
    }

    fn parse(text: &str) -> Option<Self> {
        let (place, id) = text.split_once('/').map_or((text, None), |(place, id)| (place, Some(id)));
        let (wave, task) = place.split_once('.')?;
        Some(Self { wave: wave.parse().ok()?, task: task.parse().ok()?, id: id.map(str::to_owned) })
    }
}

/// A shard of a sent step, as it stands in the books or in the folder that its workers share.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardRow {
    /// Which one.
    pub shard: String,
    /// Index of its first item, from 1.
    pub first: u64,
    /// Items that have ended in it; of one that is not done, those that it has.
    pub count: u64,
    /// `done`, `running` or `waiting`.
    pub state: &'static str,
    /// Attempts at it so far.
    pub attempts: u32,
    /// The job of the last one.
    pub job: Option<ShardJob>,
    /// Its machine.
    pub node: Option<String>,
    /// When the attempt began, in seconds since 1970, and when it was done.
    pub started: Option<f64>,
    /// The same for its end.
    pub ended: Option<f64>,
    /// Why it was done: `end`, `commit`, `time`, `term`, `yield` or `stop`.
    pub why: Option<String>,
    /// Seconds that were lost with attempts before the last one.
    pub lost: f64,
}

impl ShardRow {
    pub(super) const DONE: &'static str = "done";

    /// What the books say of the shard of a record with these items.
    pub fn of(record: &CommitRecord, done: &Indices) -> Self {
        let Doer { job: (wave, task), id, node, started, ended, lost } = &record.by;
        // What was noted by a worker of a version that did not note it is not known.
        let is_known = *ended > 0.0;
        Self {
            shard: record.shard.to_string(),
            first: done.iter().next().map_or(0, |stretch| stretch.first),
            count: done.count(),
            state: Self::DONE,
            attempts: record.attempt,
            job: is_known.then(|| ShardJob { wave: *wave, task: *task, id: id.clone() }),
            node: is_known.then(|| node.clone()),
            started: is_known.then_some(*started),
            ended: is_known.then_some(*ended),
            why: Self::reason(record.why),
            lost: *lost,
        }
    }

    /// The name of a reason.
    fn reason(why: Why) -> Option<String> {
        serde_json::to_value(why).ok()?.as_str().map(str::to_owned)
    }
}

/// Books a shard of a step.
pub(super) fn write(connection: &Connection, step: &str, row: &ShardRow) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO shards VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let ShardRow { shard, first, count, state, attempts, job, node, started, ended, why, lost } = row;
    let (first, count) = (*first as i64, *count as i64);
    let job = job.as_ref().map(ShardJob::text);
    let values = params![step, shard, first, count, state, attempts, job, node, started, ended, why, lost];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<ShardRow> {
    Ok(ShardRow {
        shard: row.get("s")?,
        first: row.get::<_, i64>("first")? as u64,
        count: row.get::<_, i64>("count")? as u64,
        state: ShardRow::DONE,
        attempts: row.get("attempts")?,
        job: row.get::<_, Option<String>>("job")?.as_deref().and_then(ShardJob::parse),
        node: row.get("node")?,
        started: row.get("started")?,
        ended: row.get("ended")?,
        why: row.get("why")?,
        lost: row.get("lost")?,
    })
}

impl StoredRun {
    /// The shards of a step that are in the books, in the order of their items.
    ///
    /// # Errors
    /// Fails when the database of the run cannot be read.
    pub fn shards(&self, step: &str) -> Result<Vec<ShardRow>, StoreError> {
        // Databases of earlier versions have no such table.
        let known = "SELECT count(*) FROM sqlite_schema WHERE name = 'shards'";
        if self.rows(known, [], |row| row.get::<_, i64>(0))?.first() != Some(&1) {
            return Ok(Vec::new());
        }
        self.rows("SELECT * FROM shards WHERE step = ?1 ORDER BY first, s", [step], read)
    }
}
