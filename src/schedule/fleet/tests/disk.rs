//! A made-up folder that all nodes share. Claims and records are made once, whoever comes first; a listing shows names late.

use std::collections::{BTreeMap, BTreeSet};

use super::world::Rng;
use crate::schedule::fleet::{Beat, Halt, Indices, JobId, Record, Task};
use crate::value::ShardId;

/// The file of one attempt.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) job: JobId,
    /// Items whose rows are in whole frames.
    pub(super) rows: BTreeSet<u64>,
    /// Items at work.
    pub(super) slot: BTreeSet<u64>,
    pub(super) beat: Option<Beat>,
    shows_at: u64,
}

/// What lies in the folder of a step.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    pub(super) done: BTreeMap<ShardId, (u64, Record)>,
    pub(super) tries: BTreeMap<ShardId, Vec<Attempt>>,
    pub(super) splits: BTreeMap<ShardId, Vec<Indices>>,
    pub(super) waves: BTreeMap<u32, Vec<Task>>,
    pub(super) control: (Option<Halt>, Vec<ShardId>),
    pub(super) full: bool,
    pub(super) lag: u64,
}

impl Disk {
    fn shows_at(&self, now: u64, rng: &mut Rng) -> u64 {
        now + rng.below(self.lag + 1)
    }

    /// The next attempt on a shard, from 1.
    pub(super) fn claim(&mut self, now: u64, shard: &ShardId, job: JobId, rng: &mut Rng) -> u32 {
        let shows_at = self.shows_at(now, rng);
        let tries = self.tries.entry(shard.clone()).or_default();
        let (rows, slot) = (BTreeSet::new(), BTreeSet::new());
        tries.push(Attempt { job, rows, slot, beat: None, shows_at });
        tries.len() as u32
    }

    pub(super) fn attempt(&mut self, shard: &ShardId, attempt: u32) -> &mut Attempt {
        let tries = self.tries.get_mut(shard).expect("it was claimed");
        &mut tries[attempt as usize - 1]
    }

    /// Rows of all attempts on a shard.
    pub(super) fn rows(&self, shard: &ShardId) -> BTreeSet<u64> {
        self.tries.get(shard).into_iter().flatten().flat_map(|one| one.rows.iter().copied()).collect()
    }

    /// Whether the record is the shard's first.
    pub(super) fn link(&mut self, now: u64, shard: &ShardId, record: Record, rng: &mut Rng) -> bool {
        if self.done.contains_key(shard) {
            return false;
        }
        let shows_at = self.shows_at(now, rng);
        self.done.insert(shard.clone(), (shows_at, record));
        true
    }

    /// Claims and beats that a listing shows.
    pub(super) fn visible_tries(&self, now: u64) -> Vec<(ShardId, Option<Beat>)> {
        let tries = self.tries.iter().flat_map(|(shard, tries)| tries.iter().map(move |one| (shard, one)));
        let visible = tries.filter(|(_, one)| one.shows_at <= now);
        visible.map(|(shard, one)| (shard.clone(), one.beat.clone())).collect()
    }

    /// Records that a listing shows.
    pub(super) fn visible_records(&self, now: u64) -> Vec<(ShardId, Record)> {
        let visible = self.done.iter().filter(|(_, (shows_at, _))| *shows_at <= now);
        visible.map(|(shard, (_, record))| (shard.clone(), record.clone())).collect()
    }
}

/// The items as indices.
pub(super) fn indices(items: &BTreeSet<u64>) -> Indices {
    Indices::new(items.iter().map(|item| (*item, 1))).expect("they are in order")
}

/// The indices as items.
pub(super) fn items(indices: &Indices) -> BTreeSet<u64> {
    indices.iter().flat_map(|run| run.first..run.end()).collect()
}
