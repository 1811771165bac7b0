//! A begun step is what a run has kept of a step so far, for the process that goes on with the run when its first one is gone.

use rusqlite::params;

use super::{StepRecord, StoreError, StoredRun};
use crate::event::Tally;
use crate::value::{Covered, Indices, ShardId};

/// A step that had begun.
#[derive(Debug, Clone)]
pub struct BegunStep {
    /// What stands in the books.
    pub record: StepRecord,
    /// The items whose endings are committed.
    pub items: Indices,
    /// Of these, those that have failed, and those that were left out.
    pub failed: Indices,
    /// The same for those that were left out.
    pub skipped: Indices,
    /// Attempts at shards of workers that were taken over.
    pub taken: Vec<(ShardId, u32)>,
}

impl BegunStep {
    /// Whether the step has come to a verdict.
    pub fn has_ended(&self) -> bool {
        ["succeeded", "failed"].contains(&self.record.status.as_str())
    }

    /// How its items have ended.
    pub fn tally(&self) -> Tally {
        let (failed, skipped) = (self.failed.count(), self.skipped.count());
        let succeeded = self.items.count() - failed - skipped;
        let StepRecord { cancelled, retried, .. } = self.record;
        Tally { succeeded, failed, skipped, cancelled, retried }
    }
}

impl StoredRun {
    /// What was kept of the steps that have begun.
    ///
    /// # Errors
    /// Fails when the run cannot be read, and when endings are damaged that its books name.
    pub fn begun_steps(&self) -> Result<Vec<BegunStep>, StoreError> {
        let begun = self.steps()?.into_iter().filter(|step| step.status != "pending");
        begun.map(|record| self.begun_step(record)).collect()
    }

    fn begun_step(&self, record: StepRecord) -> Result<BegunStep, StoreError> {
        let index = self.index(&record.step)?;
        let mut items = Covered::default();
        for span in &index.spans {
            items.add(&Indices::run(span.first, u64::from(span.count)));
        }
        let items = items.indices();
        let failed = self.indices("failures", &record.step)?.common(&items);
        let skipped = self.indices("skipped", &record.step)?.common(&items);
        let begun = BegunStep { items, failed, skipped, taken: self.taken(&record.step)?, record };
        // Bad rows of sources have no endings.
        let is_damaged = index.damaged > 0 || begun.tally().succeeded != begun.record.successes;
        if is_damaged && !begun.items.is_empty() {
            let what = format!("results of step `{}` are damaged", begun.record.step);
            return Err(StoreError::damaged(self.path(), what));
        }
        Ok(begun)
    }

    /// The items in a table that has a row for each.
    fn indices(&self, table: &str, step: &str) -> Result<Indices, StoreError> {
        let sql = format!("SELECT idx FROM {table} WHERE step = ?1 ORDER BY idx");
        let rows = self.rows(&sql, params![step], |row| Ok((row.get::<_, i64>(0)? as u64, 1)))?;
        Indices::new(rows).ok_or_else(|| StoreError::damaged(self.path(), "its failures are out of order"))
    }

    /// The attempts at shards whose commits the run has.
    fn taken(&self, step: &str) -> Result<Vec<(ShardId, u32)>, StoreError> {
        let sql = "SELECT DISTINCT source FROM commits WHERE step = ?1 AND source IS NOT NULL";
        let sources = self.rows(sql, params![step], |row| row.get::<_, String>(0))?;
        let parse = |source: &String| {
            let (shard, attempt) = source.rsplit_once('/')?;
            Some((shard.parse().ok()?, attempt.parse().ok()?))
        };
        let strange = |source: &String| {
            StoreError::damaged(self.path(), format!("`{source}` is no attempt at a shard"))
        };
        sources.iter().map(|source| parse(source).ok_or_else(|| strange(source))).collect()
    }
}
