//! A made-up worker process: it claims an attempt, copies what earlier ones left, works chunk by chunk, commits prefixes and goes
//! on in its chain, and runs what is suspected last and alone.

use std::collections::{BTreeMap, BTreeSet};

use super::disk::{Disk, indices, items};
use super::world::{Rng, World};
use crate::event::Tally;
use crate::schedule::fleet::{Beat, Exit, Halt, JobId, Record, Task, Why};
use crate::value::ShardId;

/// A process.
#[derive(Debug, Clone)]
pub(super) struct Worker {
    pub(super) job: JobId,
    task: Task,
    shard: ShardId,
    attempt: u32,
    /// Items of the shard, those whose rows are there, and those that are at work until `wake`.
    all: BTreeSet<u64>,
    rows: BTreeSet<u64>,
    at_work: Vec<u64>,
    careful: BTreeSet<u64>,
    committed_at: u64,
    pub(super) ends_at: u64,
    /// When it does anything next.
    pub(super) wake: u64,
    pub(super) told_to_end: bool,
    is_started: bool,
    stamp: u64,
}

/// What a process sees and leaves.
pub(super) struct Node<'a> {
    pub(super) world: &'a World,
    pub(super) disk: &'a mut Disk,
    pub(super) rng: &'a mut Rng,
    /// How often each item was begun.
    pub(super) executed: &'a mut BTreeMap<u64, u32>,
    /// Items that were booked as failed without being run.
    pub(super) condemned: &'a mut BTreeSet<u64>,
    /// Items of each shard.
    pub(super) shards: &'a mut BTreeMap<ShardId, BTreeSet<u64>>,
}

impl Worker {
    pub(super) fn new(now: u64, job: JobId, task: Task, world: &World) -> Self {
        Self {
            job,
            shard: task.shard.clone(),
            task,
            attempt: 0,
            all: BTreeSet::new(),
            rows: BTreeSet::new(),
            at_work: Vec::new(),
            careful: BTreeSet::new(),
            committed_at: now,
            ends_at: now + world.walltime,
            wake: now + world.start,
            told_to_end: false,
            is_started: false,
            stamp: 0,
        }
    }

    /// What happens at `wake`. The process goes on unless it has ended.
    pub(super) fn step(&mut self, now: u64, node: &mut Node) -> Option<Exit> {
        if !self.is_started {
            self.is_started = true;
            return self.enter(now, node);
        }
        if self.at_work.iter().any(|item| node.world.is_poison(*item)) {
            return Some(Exit::Killed);
        }
        if node.disk.full {
            return Some(Exit::Code(74));
        }
        self.rows.extend(self.at_work.drain(..));
        let (beat, rows) = (self.beat(), self.rows.clone());
        let file = node.disk.attempt(&self.shard, self.attempt);
        file.slot.clear();
        file.beat = Some(beat);
        // Frames are whole now and then.
        if node.rng.percent(70) {
            file.rows = rows;
        }
        self.go_on(now, node)
    }

    fn beat(&mut self) -> Beat {
        self.stamp += 1;
        let tally = Tally { succeeded: self.rows.len() as u64, ..Tally::default() };
        Beat { attempt: self.attempt, job: Some(self.job), stamp: self.stamp, tally, node: None }
    }

    /// Claims an attempt on the shard, and copies what there is.
    fn enter(&mut self, now: u64, node: &mut Node) -> Option<Exit> {
        if node.disk.done.contains_key(&self.shard) {
            return Some(Exit::Code(0));
        }
        if node.disk.full {
            return Some(Exit::Code(74));
        }
        self.all = node.shards[&self.shard].clone();
        self.careful = items(&self.task.careful);
        let earlier = node.disk.tries.get(&self.shard).into_iter().flatten();
        self.careful.extend(earlier.flat_map(|one| one.slot.iter().copied()));
        let rows = node.disk.rows(&self.shard);
        self.attempt = node.disk.claim(now, &self.shard, self.job, node.rng);
        node.condemned.extend(items(&self.task.condemned).difference(&rows));
        self.rows = &(&rows | &items(&self.task.condemned)) & &self.all;
        let rows = self.rows.clone();
        node.disk.attempt(&self.shard, self.attempt).rows = rows;
        self.go_on(now, node)
    }

    /// Commits if it is time, and takes the next items.
    fn go_on(&mut self, now: u64, node: &mut Node) -> Option<Exit> {
        let left: Vec<u64> = self.all.difference(&self.rows).copied().collect();
        let yields = |id: &ShardId| id.stem() == self.shard.stem() && id.link() <= self.shard.link();
        let why = match node.disk.control.0 {
            _ if left.is_empty() => Some(Why::End),
            Some(Halt::Interrupt | Halt::Drain) => Some(Why::Stop),
            _ if self.told_to_end => Some(Why::Term),
            _ if now >= self.ends_at => Some(Why::Time),
            _ if node.disk.control.1.iter().any(yields) => Some(Why::Yield),
            _ if now >= self.committed_at + node.world.commit => Some(Why::Commit),
            _ => None,
        };
        match why {
            Some(Why::Commit) if self.rows.is_empty() => {}
            Some(_) if self.rows.is_empty() => return Some(Exit::Code(75)),
            Some(why) => return self.commit(now, why, node),
            None => {}
        }
        let (suspects, clean): (Vec<u64>, Vec<u64>) =
            left.iter().partition(|item| self.careful.contains(item));
        let chunk = if clean.is_empty() { 1 } else { node.world.chunk as usize };
        self.at_work = if clean.is_empty() { suspects } else { clean };
        self.at_work.truncate(chunk);
        for item in &self.at_work {
            *node.executed.entry(*item).or_default() += 1;
            self.wake += node.world.duration(*item);
        }
        self.wake = self.wake.max(now + 1);
        node.disk.attempt(&self.shard, self.attempt).slot = self.at_work.iter().copied().collect();
        None
    }

    fn commit(&mut self, now: u64, why: Why, node: &mut Node) -> Option<Exit> {
        let rest = &self.all - &self.rows;
        let next = self.shard.next().filter(|_| why == Why::Commit && !rest.is_empty());
        let record = Record {
            shard: self.shard.to_string().into(),
            attempt: self.attempt,
            done: indices(&self.rows),
            rest: indices(&rest),
            goes_on: next.is_some(),
            why,
            tally: Tally { succeeded: self.rows.len() as u64, ..Tally::default() },
        };
        let rows = self.rows.clone();
        node.disk.attempt(&self.shard, self.attempt).rows = rows;
        let is_first = node.disk.link(now, &self.shard, record, node.rng);
        let Some(next) = next.filter(|_| is_first) else { return Some(Exit::Code(0)) };
        node.shards.insert(next.clone(), rest);
        (self.shard, self.committed_at) = (next, now);
        self.enter(now, node)
    }
}
