//! The ticker of a worker process commits what the worker has when it is time, says how far it is, and hears what the
//! coordinator wants. It has a thread beside those that run items.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::engine::interrupt::Interrupt;
use crate::engine::remote_job::{self, BeatFile, Control, PROTOCOL, RemoteJob};
use crate::engine::run_store::RunStore;
use crate::engine::wall_clock;
use crate::event::Why;
use crate::runtime::clock;
use crate::schedule::fleet::Halt;
use crate::store::{AttemptProgress, AttemptWatch, RemoteFile, RemotePlace, ShardCommit, host};
use crate::value::ShardId;

/// How often it looks whether anything is to be done.
const TICK: Duration = Duration::from_millis(100);
/// Time between two beats at least, and for each worker: so many in a second are read by one coordinator.
const BEAT_MIN: Duration = Duration::from_secs(2);
const BEATS_A_SECOND: u32 = 50;
/// A worker ends so long before its job's time is over, and at the latest at this share of it.
const TIME_LEFT: Duration = Duration::from_secs(60);
const TIME_LEFT_SHARE: u32 = 4;

/// What happens beside the items.
pub(super) struct Ticker<'a> {
    place: &'a RemotePlace,
    job: &'a RemoteJob,
    at: (u32, u32),
    /// What the engine calls the job.
    id: Option<String>,
    store: &'a RunStore,
    watch: Arc<AttemptWatch>,
    interrupt: &'a Arc<Interrupt>,
    /// Why the worker was told to end.
    why: Mutex<Option<Why>>,
    lost: AtomicBool,
    begun: Instant,
}

impl<'a> Ticker<'a> {
    pub(super) fn new(
        (place, job, at, id): (&'a RemotePlace, &'a RemoteJob, (u32, u32), Option<String>),
        store: &'a RunStore,
        watch: Arc<AttemptWatch>,
        interrupt: &'a Arc<Interrupt>,
    ) -> Self {
        Self {
            place,
            job,
            at,
            id,
            store,
            watch,
            interrupt,
            why: Mutex::new(None),
            lost: AtomicBool::new(false),
            begun: clock::now(),
        }
    }

    /// Why the worker was told to end, if it was.
    pub(super) fn why(&self) -> Option<Why> {
        let told = *self.why.lock().unwrap_or_else(PoisonError::into_inner);
        told.or_else(|| (self.interrupt.count() > 0).then_some(Why::Term))
    }

    /// Whether the worker ends because its job's time is nearly over, by its own clock or by the engine's signal.
    pub(super) fn is_out_of_time(&self) -> bool {
        let time = self.job.time_ms.map(Duration::from_millis);
        let has_had_most = time.is_some_and(|time| clock::since(self.begun) * 2 >= time);
        matches!(self.why(), Some(Why::Time)) || matches!(self.why(), Some(Why::Term)) && has_had_most
    }

    /// Whether somebody else has committed the shard.
    pub(super) fn has_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Ticks until the sender is gone. A disk that refuses is told by the store, and a beat more or less changes nothing.
    pub(super) fn tick(&self, ended: &Receiver<()>) {
        let (mut commit_at, mut beat_at) = (self.begun, None::<Instant>);
        let mut stamp = 0;
        let beat_every = BEAT_MIN.max(Duration::from_secs(1) * self.job.workers / BEATS_A_SECOND);
        loop {
            if ended.recv_timeout(TICK) != Err(RecvTimeoutError::Timeout) {
                // Who has ended is not waited for.
                let AttemptProgress { shard, attempt, .. } = self.watch.get();
                let _ = self.place.remove(&RemoteFile::Beat(&shard, attempt));
                return;
            }
            self.obey();
            self.mind_time();
            self.mind_deadline();
            if clock::since(commit_at) >= Duration::from_millis(self.job.commit_ms)
                && self.interrupt.count() == 0
            {
                commit_at = clock::now();
                self.commit();
            }
            if beat_at.is_none_or(|at| clock::since(at) >= beat_every) {
                beat_at = Some(clock::now());
                stamp += 1;
                self.beat(stamp);
            }
        }
    }

    /// Tells the worker to end, for this reason, unless it was told before: items that run get the time that an end has.
    fn end(&self, why: Why) {
        self.tell(why, Interrupt::raise);
        self.interrupt.hurry();
    }

    fn tell(&self, why: Why, raise: fn(&Interrupt)) {
        let mut told = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none() && self.interrupt.count() == 0 {
            *told = Some(why);
            raise(self.interrupt);
        }
    }

    /// Does what the coordinator wants.
    fn obey(&self) {
        let read = remote_job::read::<Control>(self.place, &RemoteFile::Control);
        let Some(control) = read.ok().flatten().filter(|control| control.protocol == PROTOCOL) else {
            return;
        };
        match control.halt() {
            // The coordinator says so when they have had enough time.
            Some(Halt::Drain) => self.tell(Why::Stop, Interrupt::drain),
            Some(Halt::Interrupt) => self.end_at_once(),
            None if control.yields.iter().any(|shard| self.is_at(shard)) => self.end(Why::Yield),
            None => {}
        }
    }

    /// Whether the worker is at a shard of this chain.
    fn is_at(&self, shard: &ShardId) -> bool {
        self.watch.get().shard.stem() == shard.stem()
    }

    fn mind_time(&self) {
        let Some(time) = self.job.time_ms.map(Duration::from_millis) else { return };
        let left = TIME_LEFT.min(time / TIME_LEFT_SHARE);
        if clock::since(self.begun) >= time.saturating_sub(left) {
            self.end(Why::Time);
        }
    }

    /// The step's deadline holds also where nobody is there to say so.
    fn mind_deadline(&self) {
        if self.job.deadline.is_some_and(|at| wall_clock::at(Duration::ZERO) >= at) {
            self.end_at_once();
        }
    }

    /// Tells the worker to end, whatever runs.
    fn end_at_once(&self) {
        self.end(Why::Stop);
        if self.interrupt.count() == 1 {
            self.interrupt.raise();
        }
    }

    fn commit(&self) {
        let AttemptProgress { shard, attempt, .. } = self.watch.get();
        match self.store.commit_shard(Why::Commit, Vec::new()) {
            Ok(ShardCommit::Made { goes_on }) => {
                let _ = self.place.remove(&RemoteFile::Beat(&shard, attempt));
                if !goes_on {
                    // There is nothing left, or the chain has become too long for a name.
                    self.end(Why::Commit);
                }
            }
            Ok(ShardCommit::Lost) => {
                self.lost.store(true, Ordering::SeqCst);
                (0..2).for_each(|_| self.interrupt.raise());
            }
            // The store has the fault, and the step stops by it.
            Ok(ShardCommit::Nothing) | Err(_) => {}
        }
    }

    fn beat(&self, stamp: u64) {
        let AttemptProgress { shard, attempt, tally, errors } = self.watch.get();
        let (node, pid, id) = (host(), std::process::id(), self.id.clone());
        let beat = BeatFile { protocol: PROTOCOL, job: self.at, id, stamp, tally, node, pid, errors };
        let _ = remote_job::replace(self.place, &RemoteFile::Beat(&shard, attempt), &beat);
    }
}
