//! A gathered step says what its items have come to in the runs of all shards. Each item is in one shard, and is asked for by
//! its index: what an item is known by tells repeats apart only where all of them are seen.

use std::path::PathBuf;

use super::endings::EndingKind;
use super::frames::Frames;
use super::index::StepIndex;
use super::{Catalogue, Digest, FailedItem, LinesPerItem, LogEntry, RetriedItem, StoreError, StoredRun};
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
    #[error("item {index} is another one here than in {shard}")]
    Other {
        /// Which item, from 1.
        index: u64,
        /// Its shard.
        shard: String,
    },
    /// There are more items than the shards have counted.
    #[error("the shards counted {items} items, and here are more")]
    More {
        /// How many.
        items: u64,
    },
    /// Its result is there and cannot be read.
    #[error("the result of item {index} of {shard} is damaged; run that shard again")]
    Damaged {
        /// Which item, from 1.
        index: u64,
        /// Its shard.
        shard: String,
    },
}

/// One of the shards: where its run lies, and which items of the step it has worked on.
#[derive(Debug, Clone)]
pub struct GatheredShard {
    /// The state folder.
    pub state: PathBuf,
    /// The id of the run.
    pub run: String,
    /// As people know it.
    pub name: String,
    /// Index of its first item, from 1.
    pub first: u64,
    /// How many it has.
    pub count: u64,
}

impl GatheredShard {
    pub(super) fn holds(&self, first: u64, last: u64) -> bool {
        self.first <= last && (first < self.first || first - self.first < self.count) && self.count > 0
    }
}

/// Shards whose files are open at a time: that of the item at hand, and the one before it.
const OPEN_MAX: usize = 2;

/// The endings of one step in all shards.
#[derive(Debug)]
pub struct GatheredStep {
    shards: Vec<GatheredShard>,
    step: String,
    items: u64,
    shape: LinesPerItem,
    /// Those that are open, with their places.
    open: Vec<(usize, StepOfShard)>,
}

/// One step in the run of one shard.
#[derive(Debug)]
struct StepOfShard {
    run: StoredRun,
    index: StepIndex,
    frames: Frames,
    /// The digests of the commit that was asked for last.
    digests: Option<(u32, Vec<Digest>, Vec<Digest>)>,
}

impl GatheredStep {
    /// A step of so many items, in the runs of all shards. They are opened when they are asked for.
    pub fn new(shards: Vec<GatheredShard>, (step, items): (&str, u64), shape: LinesPerItem) -> Self {
        Self { shards, step: step.to_owned(), items, shape, open: Vec::new() }
    }

    /// What is damaged in the shards: endings that their runs have counted and that are not there, and those with a damaged
    /// byte. All of their results are unpacked for that. Ends early, with what it has found, once `is_over`.
    pub fn check(&mut self, is_over: &dyn Fn() -> bool) -> Vec<String> {
        let mut damaged = Vec::new();
        for at in 0..self.shards.len() {
            let lacks = self.lacks(at, is_over);
            let name = &self.shards[at].name;
            match lacks {
                Ok(0) => {}
                Ok(1) => damaged.push(format!("one item of step `{}` in {name} is damaged", self.step)),
                Ok(count) => {
                    damaged.push(format!("{count} items of step `{}` in {name} are damaged", self.step));
                }
                Err(error) => damaged.push(format!("{name} cannot be read: {error}")),
            }
        }
        damaged
    }

    /// How many items a shard has counted, and has no endings of that can be taken over.
    fn lacks(&mut self, at: usize, is_over: &dyn Fn() -> bool) -> Result<u64, StoreError> {
        let shape = self.shape;
        let place = self.opened(at)?;
        let shard = &self.open[place].1;
        let record = shard.run.step(&self.step)?;
        let ended = record.successes + record.failures + record.skipped;
        let (gone, lost) = (ended.saturating_sub(shard.index.len()), shard.run.lost_failures(&record)?);
        Ok(gone.max(lost) + shard.index.unsound(shape, is_over))
    }

    /// Opens a shard unless it is open, and says where it is among those that are.
    fn opened(&mut self, at: usize) -> Result<usize, StoreError> {
        if let Some(place) = self.open.iter().position(|(open, _)| *open == at) {
            return Ok(place);
        }
        let shard = &self.shards[at];
        let run = Catalogue::new(&shard.state).open(&shard.run)?;
        let index = run.index(&self.step)?;
        if self.open.len() == OPEN_MAX {
            self.open.remove(0);
        }
        self.open.push((at, StepOfShard { run, index, frames: Frames::default(), digests: None }));
        Ok(self.open.len() - 1)
    }

    /// How many shards there are.
    pub fn shards(&self) -> u64 {
        self.shards.len() as u64
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
        if index > self.items {
            return Err(GatherError::More { items: self.items });
        }
        let is_here = |(at, _): &&(usize, StepOfShard)| self.shards[*at].holds(index, index);
        let known = self.open.iter().rev().find(is_here).map(|(at, _)| *at);
        let at = known.or_else(|| self.shards.iter().position(|shard| shard.holds(index, index)));
        let Some(at) = at else { return Ok(Gathered::Open) };
        let place = self.opened(at)?;
        let ending = self.open[place].1.ending((index, content), (&self.step, self.shape), out);
        let name = || self.shards[at].name.clone();
        ending.map_err(|wrong| match wrong {
            Wrong::Store(error) => error.into(),
            Wrong::Other => GatherError::Other { index, shard: name() },
            Wrong::Damaged => GatherError::Damaged { index, shard: name() },
        })
    }

    /// The failed attempts of items with these indices that were tried again, and the lines of their logs.
    ///
    /// # Errors
    /// Fails when a run cannot be read.
    pub fn notes(&mut self, first: u64, last: u64) -> Result<(Vec<RetriedItem>, Vec<LogEntry>), StoreError> {
        let (mut retried, mut logs) = (Vec::new(), Vec::new());
        for at in 0..self.shards.len() {
            if self.shards[at].holds(first, last) {
                let place = self.opened(at)?;
                let run = &self.open[place].1.run;
                retried.extend(run.retried_between(&self.step, first, last)?);
                logs.extend(run.logs_between(&self.step, first, last)?);
            }
        }
        Ok((retried, logs))
    }

    /// How long the items of all shards took.
    ///
    /// # Errors
    /// Fails when a run cannot be read.
    pub fn timing(&self) -> Result<Timing, StoreError> {
        let mut all = Timing::default();
        for shard in &self.shards {
            let run = Catalogue::new(&shard.state).open(&shard.run)?;
            if let Some(timing) = run.timing(&self.step)? {
                all.add(&timing);
            }
        }
        Ok(all)
    }
}

/// Why the ending of an item cannot be taken over, before it is known whose it is.
enum Wrong {
    Store(StoreError),
    Other,
    Damaged,
}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl StepOfShard {
    fn ending(
        &mut self,
        (index, content): (u64, Digest),
        (step, shape): (&str, LinesPerItem),
        out: &mut Vec<u8>,
    ) -> Result<Gathered, Wrong> {
        let Some(position) = self.index.position_of(index) else { return Ok(Gathered::Open) };
        let span = self.index.span_at(position).map(|at| self.index.spans[at]).ok_or(Wrong::Damaged)?;
        let (commit, row) = (span.commit, span.row + (position - span.before) as u32);
        if self.digests.as_ref().is_none_or(|(of, ..)| *of != commit) {
            let (identities, contents) = self.index.digests(commit).ok_or(Wrong::Damaged)?;
            self.digests = Some((commit, identities, contents));
        }
        let known = self.digests.as_ref().and_then(|(_, identities, contents)| {
            let digests = if contents.is_empty() { identities } else { contents };
            digests.get(row as usize)
        });
        if known != Some(&content) {
            return Err(Wrong::Other);
        }
        match self.index.state(commit, row) {
            EndingKind::Succeeded => {
                let item = (index, content);
                let lines = self.frames.result(&self.index, (commit, row), item, (shape, out));
                lines.map(|lines| Gathered::Result { lines }).ok_or(Wrong::Damaged)
            }
            EndingKind::Skipped => Ok(Gathered::Skipped(self.run.skip_reason(step, index)?)),
            EndingKind::Failed | EndingKind::FailedForGood => {
                let failure = self.run.failure(step, index)?.ok_or(Wrong::Damaged)?;
                Ok(Gathered::Failed(Box::new(failure.item)))
            }
        }
    }
}
