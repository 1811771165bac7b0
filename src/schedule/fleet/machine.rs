//! The machine holds what is known of the shards of one step. Its reports and decisions lie in the files beside it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::action::{Action, JobId};
use super::asked::Yields;
use super::ending::Ending;
use super::looks::Looks;
use super::options::FleetOptions;
use super::report::Beat;
use super::stem::{Pace, Place, Stem, Stems, Trouble};
use super::submits::Submits;
use super::wave::{Job, Phase, Wave};
use crate::event::Tally;
use crate::value::Covered;
use crate::value::Indices;
use crate::value::ShardId;

/// Reasons for waiting are told when a job has waited so long: for less, every queue has some.
const REASON_AFTER: Duration = Duration::from_secs(30);

/// One sent step. Every time is counted from the step's start and never goes back.
///
/// The coordinator performs what [`Fleet::act`] gives until it gives nothing, tells how that went, and comes back at
/// [`Fleet::next_wake`] or when it has anything to tell, until [`Fleet::outcome`] says how it ended.
#[derive(Debug)]
pub struct Fleet {
    pub(super) options: FleetOptions,
    pub(super) stems: Stems,
    /// Stems that wait for a wave, in the order in which they began to.
    pub(super) waiting: BTreeMap<u64, u32>,
    pub(super) waited: u64,
    pub(super) waves: BTreeMap<u32, Wave>,
    /// Waves with jobs that have not ended.
    pub(super) live: BTreeSet<u32>,
    /// Jobs that have ended and are not judged, with the time when that was heard.
    pub(super) ended: Vec<(Duration, JobId)>,
    /// Stems whose record should become visible.
    pub(super) lagging: BTreeSet<u32>,
    pub(super) covered: Covered,
    pub(super) total: u64,
    pub(super) tally: Tally,
    pub(super) looks: Looks,
    pub(super) submits: Submits,
    pub(super) yields: Yields,
    pub(super) ending: Ending,
    /// Attempts that were ever claimed: without any, nodes do not see the folder.
    pub(super) claims: u64,
    /// Jobs that died before any attempt was claimed.
    pub(super) unseen: u32,
    pub(super) died: u64,
    pub(super) actions: VecDeque<Action>,
}

/// How many jobs there are, for a progress line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Jobs that run.
    pub running: u64,
    /// Jobs in the engine's queue.
    pub queued: u64,
    /// Shards that wait for a wave.
    pub waiting: u64,
    /// Workers that died so far.
    pub died: u64,
    /// Why the first job that has waited for long waits.
    pub why: Option<Arc<str>>,
}

impl Fleet {
    /// A step whose items were cut so ([`super::first_shards`]); nothing of it has been sent.
    pub fn new(options: FleetOptions, cut: &[Indices]) -> Self {
        let mut fleet = Self {
            options,
            stems: Stems::default(),
            waiting: BTreeMap::new(),
            waited: 0,
            waves: BTreeMap::new(),
            live: BTreeSet::new(),
            ended: Vec::new(),
            lagging: BTreeSet::new(),
            covered: Covered::default(),
            total: cut.iter().map(Indices::count).sum(),
            tally: Tally::default(),
            looks: Looks::default(),
            submits: Submits::default(),
            yields: Yields::default(),
            ending: Ending::default(),
            claims: 0,
            unseen: 0,
            died: 0,
            actions: VecDeque::new(),
        };
        for (number, items) in (0..).zip(cut) {
            fleet.open(ShardId::first_cut(number), items.clone(), None);
        }
        fleet.complete(Duration::ZERO);
        fleet
    }

    /// A new stem waits.
    pub(super) fn open(&mut self, id: ShardId, items: Indices, trouble: Option<Box<Trouble>>) {
        let stem = self.stems.add(Stem::new(id, items, Place::Closed, trouble));
        self.wait(stem);
    }

    /// The stem waits for the next wave.
    pub(super) fn wait(&mut self, stem: u32) {
        self.waited += 1;
        self.waiting.insert(self.waited, stem);
        self.stems.get_mut(stem).place = Place::Waiting(self.waited);
    }

    /// Moves a stem from where it is. A new place of its own is the caller's.
    pub(super) fn leave(&mut self, stem: u32) {
        match self.stems.get(stem).place {
            Place::Waiting(turn) => drop(self.waiting.remove(&turn)),
            Place::Lagging(..) => drop(self.lagging.remove(&stem)),
            Place::Working(_) | Place::Inspected(..) | Place::Closed => {}
        }
    }

    pub(super) fn job(&self, id: JobId) -> Option<&Job> {
        self.waves.get(&id.wave)?.jobs.get(id.task as usize)
    }

    pub(super) fn job_mut(&mut self, id: JobId) -> Option<&mut Job> {
        self.waves.get_mut(&id.wave)?.jobs.get_mut(id.task as usize)
    }

    /// Workers that may be alive, as far as is known.
    pub(super) fn alive_max(&self) -> u32 {
        self.live.iter().filter_map(|wave| self.waves.get(wave)).map(Wave::alive_max).sum()
    }

    /// Workers that may be started.
    pub(super) fn free(&self) -> u32 {
        self.options.workers.max(1).saturating_sub(self.alive_max())
    }

    /// All jobs that have not ended.
    pub(super) fn live_jobs(&self) -> impl Iterator<Item = (JobId, &Job)> {
        let waves = self.live.iter().filter_map(|wave| Some((*wave, self.waves.get(wave)?)));
        waves.flat_map(|(wave, of)| {
            let jobs = (0..).zip(&of.jobs).filter(|(_, job)| job.is_live());
            jobs.map(move |(task, job)| (JobId { wave, task }, job))
        })
    }

    /// An attempt on this shard has claimed its number.
    pub fn claimed(&mut self, shard: &ShardId) {
        self.claims += 1;
        if let Some(stem) = self.stems.find(shard) {
            let stem = self.stems.get_mut(stem);
            stem.claimed |= stem.id == *shard;
        }
    }

    /// A worker on this shard has said how far it is. The same beat may be told any number of times.
    pub fn beat(&mut self, now: Duration, shard: &ShardId, beat: &Beat) {
        let Some(number) = self.stems.find(shard) else { return };
        let stem = self.stems.get_mut(number);
        let Place::Working(job) = stem.place else { return };
        let is_old = |pace: &Pace| {
            pace.attempt > beat.attempt || (pace.attempt, pace.stamp) == (beat.attempt, beat.stamp)
        };
        let is_other = stem.id != *shard || beat.job.is_some_and(|by| by != job);
        if is_other || stem.pace.as_deref().is_some_and(is_old) {
            return;
        }
        let before = stem.pace.take().filter(|pace| pace.attempt == beat.attempt);
        let start = before.map_or((now, beat.tally.ended()), |pace| (pace.first, pace.done_first));
        let (first, done_first) = start;
        let (attempt, stamp, tally, node) = (beat.attempt, beat.stamp, beat.tally, beat.node.clone());
        stem.pace = Some(Box::new(Pace { attempt, stamp, first, newest: now, done_first, tally, node }));
        if let Some(job) = self.job_mut(job) {
            (job.sign, job.ran) = (now, true);
        }
    }

    /// How the committed items ended.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The same with what the newest beats say of items that are not committed. Policies may stop a step on that; no
    /// verdict counts it.
    pub fn tally_with_beats(&self) -> Tally {
        let mut sum = self.tally;
        for (_, stem) in self.stems.iter() {
            if let Some(pace) = &stem.pace {
                sum.add(&pace.tally);
            }
        }
        sum
    }

    /// The items that are in records.
    pub fn committed(&self) -> Indices {
        self.covered.indices()
    }

    /// Items of the step.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many jobs there are, and why they wait.
    pub fn counts(&self, now: Duration) -> Counts {
        let waiting = self.waiting.len() as u64;
        let mut counts = Counts { waiting, died: self.died, ..Counts::default() };
        for (_, job) in self.live_jobs() {
            match &job.phase {
                Phase::Running => counts.running += 1,
                Phase::Queued(since, why) => {
                    counts.queued += 1;
                    if counts.why.is_none() && now.saturating_sub(*since) >= REASON_AFTER {
                        counts.why.clone_from(why);
                    }
                }
                Phase::Sent | Phase::Ended(_) => counts.queued += 1,
            }
        }
        counts
    }
}
