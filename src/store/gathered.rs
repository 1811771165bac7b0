//! A gathered step says what its items have come to in the runs of all shards. Each item is in one shard, and is asked for by
//! its index: what an item is known by tells repeats apart only where all of them are seen.

use super::endings::EndingKind;
use super::frames::Frames;
use super::index::StepIndex;
use super::{Digest, FailedItem, LinesPerItem, LogEntry, RetriedItem, StoreError, StoredRun, line};
use crate::event::Timing;

/// What became of an item in its shard.
#[derive(Debug, Clone, PartialEq)]
pub enum Gathered {
    /// It succeeded; its result lines were appended.
    Result {
        /// How many.
        lines: u32,
    },
    /// It was left out, for this reason.
    Skipped(Option<String>),
    /// It failed.
    Failed(Box<FailedItem>),
    /// It had not ended: the shard was stopped before.
    Open,
}

/// Why the ending of an item cannot be taken over.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// A run of a shard cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The shard has worked on another item.
    #[error("item {index} is another one here than in run `{run}`, which is one of the shards")]
    Other {
        /// Which item, from 1.
        index: u64,
        /// The run of its shard.
        run: String,
    },
    /// Its result is there and cannot be read.
    #[error("the result of item {index} in run `{run}`, which is one of the shards, is damaged")]
    Damaged {
        /// Which item, from 1.
        index: u64,
        /// The run of its shard.
        run: String,
    },
}

/// The endings of one step in all shards.
#[derive(Debug)]
pub struct GatheredStep {
    shards: Vec<StepOfShard>,
    items: u64,
    shape: LinesPerItem,
    /// The shard of the last item: the next one is mostly in it, too.
    at: usize,
}

/// One step in the run of one shard.
#[derive(Debug)]
struct StepOfShard {
    run: StoredRun,
    step: String,
    /// Index of its first item, and the index behind its last one.
    from: u64,
    until: u64,
    index: StepIndex,
    frames: Frames,
    /// The digests of the commit that was asked for last.
    digests: Option<(u32, Vec<Digest>, Vec<Digest>)>,
}

impl GatheredStep {
    /// Opens a step of so many items in the runs of all shards, each with the first index and the number of its own.
    ///
    /// # Errors
    /// Fails when one of the runs cannot be read.
    pub fn open(
        runs: Vec<(StoredRun, u64, u64)>,
        (step, items): (&str, u64),
        shape: LinesPerItem,
    ) -> Result<Self, StoreError> {
        let shards = runs.into_iter().map(|(run, first, count)| {
            let index = run.index(step)?;
            let (step, until) = (step.to_owned(), first + count);
            Ok(StepOfShard { run, step, from: first, until, index, frames: Frames::default(), digests: None })
        });
        Ok(Self { shards: shards.collect::<Result<_, StoreError>>()?, items, shape, at: 0 })
    }

    /// How many items the step has in all.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// What became of the item with an index and this content; its result lines are appended to `out`.
    ///
    /// # Errors
    /// Fails when a run cannot be read, when its result is damaged, and when the shard had another item there.
    pub fn take(&mut self, index: u64, content: Digest, out: &mut Vec<u8>) -> Result<Gathered, GatherError> {
        let holds = |shard: &StepOfShard| (shard.from..shard.until).contains(&index);
        if !self.shards.get(self.at).is_some_and(holds) {
            let Some(at) = self.shards.iter().position(holds) else { return Ok(Gathered::Open) };
            self.at = at;
        }
        let shape = self.shape;
        self.shards[self.at].ending(index, content, shape, out)
    }

    /// The failed attempts of items with these indices that were tried again.
    ///
    /// # Errors
    /// Fails when a run cannot be read.
    pub fn retried(&self, first: u64, last: u64) -> Result<Vec<RetriedItem>, StoreError> {
        let mut all = Vec::new();
        for shard in self.shards.iter().filter(|shard| shard.from <= last && first < shard.until) {
            all.extend(shard.run.retried_between(&shard.step, first, last)?);
        }
        Ok(all)
    }

    /// The lines of the logs of items with these indices.
    ///
    /// # Errors
    /// Fails when a run cannot be read.
    pub fn logs(&self, first: u64, last: u64) -> Result<Vec<LogEntry>, StoreError> {
        let mut all = Vec::new();
        for shard in self.shards.iter().filter(|shard| shard.from <= last && first < shard.until) {
            all.extend(shard.run.logs_between(&shard.step, first, last)?);
        }
        Ok(all)
    }

    /// How long the items of all shards took.
    ///
    /// # Errors
    /// Fails when a run cannot be read.
    pub fn timing(&self) -> Result<Timing, StoreError> {
        let mut all = Timing::default();
        for shard in &self.shards {
            if let Some(timing) = shard.run.timing(&shard.step)? {
                all.add(&timing);
            }
        }
        Ok(all)
    }

    /// What is wrong with the runs.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.shards
            .iter()
            .flat_map(|shard| shard.run.warnings().iter().chain(&shard.index.warnings))
            .map(String::as_str)
    }
}

impl StepOfShard {
    fn ending(
        &mut self,
        index: u64,
        content: Digest,
        shape: LinesPerItem,
        out: &mut Vec<u8>,
    ) -> Result<Gathered, GatherError> {
        let run = || self.run.record().id.clone();
        let damaged = || GatherError::Damaged { index, run: run() };
        let Some(position) = self.index.position_of(index) else { return Ok(Gathered::Open) };
        let span = self.index.span_at(position).map(|at| self.index.spans[at]).ok_or_else(damaged)?;
        let (commit, row) = (span.commit, span.row + (position - span.before) as u32);
        if self.digests.as_ref().is_none_or(|(of, ..)| *of != commit) {
            let (identities, contents) = self.index.digests(commit).ok_or_else(damaged)?;
            self.digests = Some((commit, identities, contents));
        }
        let known = self.digests.as_ref().and_then(|(_, identities, contents)| {
            let digests = if contents.is_empty() { identities } else { contents };
            digests.get(row as usize)
        });
        if known != Some(&content) {
            return Err(GatherError::Other { index, run: run() });
        }
        match self.index.state(commit, row) {
            EndingKind::Succeeded => {
                let line = self.frames.line(&self.index, commit, row).and_then(line::parse);
                let lines = line.filter(|line| line.index == index).and_then(|line| match line.value {
                    Some(value) => line::spread(out, shape, value),
                    None => Some(0),
                });
                lines.map(|lines| Gathered::Result { lines }).ok_or_else(damaged)
            }
            EndingKind::Skipped => {
                let sql = "SELECT reason FROM skipped WHERE step = ?1 AND idx = ?2";
                Ok(Gathered::Skipped(self.run.row_of_item(sql, &self.step, index)?.flatten()))
            }
            EndingKind::Failed | EndingKind::FailedForGood => {
                let failure = self.run.failure(&self.step, index)?.ok_or_else(damaged)?;
                Ok(Gathered::Failed(Box::new(failure.item)))
            }
        }
    }
}
