//! The pool holds the workers of one map-like step: threads of a rayon pool with one Lua VM each, fed through a
//! channel.

mod desk;
mod work;
mod worker_thread;

pub(super) use desk::HeldTask;
pub(super) use work::{Crew, Earlier, End, Ran, Reply, Work};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use rayon::{ThreadPool, ThreadPoolBuilder};

use self::desk::Desk;
use self::work::Places;
use self::worker_thread::{Left, WorkerThread};
use super::outcome::EngineError;
use crate::lua::{self, Guard, Watchdog};

/// The pool with its channels. Dropping it lets the workers go.
pub(super) struct Pool {
    work: Option<Sender<Work>>,
    pub(super) replies: Receiver<Reply>,
    threads: usize,
    gone: usize,
    /// How many workers may be lost at once.
    given_up_max: usize,
    /// What its workers are made from.
    places: Places,
    desks: Vec<Arc<Desk>>,
    /// Held so that their threads live as long as the step.
    pools: Vec<ThreadPool>,
}

impl Pool {
    /// Starts `threads` workers.
    pub(super) fn start(threads: usize, crew: Crew, watchdog: &Arc<Watchdog>) -> Result<Self, EngineError> {
        // Never full: the coordinator hands in no more than the scheduler lets run.
        let (work_sender, work) = unbounded();
        let (reply_sender, replies) = bounded(4096);
        let watchdog = Arc::clone(watchdog);
        let mut pool = Self {
            work: Some(work_sender),
            replies,
            threads: 0,
            gone: 0,
            given_up_max: threads,
            places: Places {
                crew: Arc::new(crew),
                work,
                replies: reply_sender,
                watchdog,
                lost: Arc::default(),
            },
            desks: Vec::new(),
            pools: Vec::new(),
        };
        pool.add(threads)?;
        Ok(pool)
    }

    /// Starts so many workers more.
    fn add(&mut self, count: usize) -> Result<(), EngineError> {
        let before = self.desks.len();
        let pool = ThreadPoolBuilder::new()
            .num_threads(count)
            .stack_size(lua::STACK)
            .thread_name(move |number| format!("worker-{}", before + number + 1))
            .build()
            .map_err(|error| EngineError::System {
                intent: "start the workers",
                reason: error.to_string(),
            })?;
        let crew = &self.places.crew;
        let desk = || Desk::new(Guard::new(Arc::clone(&crew.cancel), crew.step, crew.slow_after));
        let desks: Vec<Arc<Desk>> = (0..count).map(|_| desk()).collect();
        self.desks.extend(desks.iter().cloned());
        let places = self.places.clone();
        pool.spawn_broadcast(move |context| {
            let number = (before + context.index()) as u32 + 1;
            let seat =
                WorkerThread { number, places: places.clone(), desk: Arc::clone(&desks[context.index()]) };
            // Whatever happens in it, rayon would end the whole process for a panic.
            let left = catch_unwind(AssertUnwindSafe(|| seat.run())).unwrap_or_else(|panic| {
                seat.say_unusable(&*panic);
                Left::Done
            });
            if left == Left::Done {
                let _ = seat.places.replies.send(Reply::Gone);
            } else {
                // It has come back after all: its thread is no longer lost. One that was given up with a run of several items
                // was never counted.
                let less = |lost: usize| Some(lost.saturating_sub(1));
                let _ = seat.places.lost.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
            }
        });
        self.threads += count;
        self.pools.push(pool);
        Ok(())
    }

    /// Gives up the workers that are stuck: of each the index of the item that it is stuck at, and all that it had in hand.
    pub(super) fn give_up_stuck(&self, now: Instant) -> Vec<(u64, Vec<HeldTask>)> {
        if !self.places.crew.has_limit() {
            return Vec::new();
        }
        self.desks.iter().filter_map(|desk| desk.give_up(now)).collect()
    }

    /// Counts a worker that an item was lost with.
    pub(super) fn count_given_up(&mut self) {
        self.places.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Puts another worker in the place of one that was given up; `false` when there were too many of those.
    pub(super) fn replace(&mut self) -> Result<bool, EngineError> {
        // It does not say any more when it is gone.
        self.threads -= 1;
        if self.places.lost.load(Ordering::Relaxed) > self.given_up_max {
            return Ok(false);
        }
        self.add(1).map(|()| true)
    }

    /// Hands in work; a worker will take it.
    pub(super) fn send(&self, work: Work) {
        if let Some(sender) = &self.work {
            let _ = sender.send(work);
        }
    }

    /// Counts a [`Reply::Gone`]; `true` when no worker is left.
    pub(super) fn one_gone(&mut self) -> bool {
        self.gone += 1;
        self.gone == self.threads
    }

    /// No more work will come: workers end when what they have is done.
    pub(super) fn close(&mut self) {
        self.work = None;
    }
}
