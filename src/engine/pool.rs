//! The pool holds the workers of one map-like step: threads of a rayon pool with one Lua VM each, fed through a
//! channel.

mod in_hand;
mod task;
mod worker_thread;

pub(super) use in_hand::HeldTask;
pub(super) use task::{Earlier, EndedItem, PoolOptions, Reply, Report, Task};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use rayon::{ThreadPool, ThreadPoolBuilder};

use self::in_hand::InHand;
use self::task::WorkerParts;
use self::worker_thread::{Left, WorkerThread};
use super::outcome::EngineError;
use crate::lua::{self, Guard, Watchdog};

/// The pool with its channels. Dropping it lets the workers go.
pub(super) struct Pool {
    tasks: Option<Sender<Task>>,
    pub(super) replies: Receiver<Reply>,
    threads: usize,
    gone: usize,
    /// How many workers may be lost at once.
    given_up_max: usize,
    /// What its workers are made from.
    parts: WorkerParts,
    in_hand: Vec<Arc<InHand>>,
    /// Held so that their threads live as long as the step.
    pools: Vec<ThreadPool>,
}

impl Pool {
    /// Starts `threads` workers.
    pub(super) fn start(
        threads: usize,
        options: PoolOptions,
        watchdog: &Arc<Watchdog>,
    ) -> Result<Self, EngineError> {
        // Never full: the coordinator hands in no more than the scheduler lets run.
        let (task_sender, tasks) = unbounded();
        let (reply_sender, replies) = bounded(4096);
        let watchdog = Arc::clone(watchdog);
        let mut pool = Self {
            tasks: Some(task_sender),
            replies,
            threads: 0,
            gone: 0,
            given_up_max: threads,
            parts: WorkerParts {
                options: Arc::new(options),
                tasks,
                replies: reply_sender,
                watchdog,
                lost: Arc::default(),
            },
            in_hand: Vec::new(),
            pools: Vec::new(),
        };
        pool.add(threads)?;
        Ok(pool)
    }

    /// Starts so many workers more.
    fn add(&mut self, count: usize) -> Result<(), EngineError> {
        let before = self.in_hand.len();
        let pool = ThreadPoolBuilder::new()
            .num_threads(count)
            .stack_size(lua::STACK)
            .thread_name(move |number| format!("worker-{}", before + number + 1))
            .build()
            .map_err(|error| EngineError::System {
                intent: "start the workers",
                reason: error.to_string(),
            })?;
        let options = &self.parts.options;
        let in_hand =
            || InHand::new(Guard::new(Arc::clone(&options.cancel), options.step, options.slow_after));
        let in_hand: Vec<Arc<InHand>> = (0..count).map(|_| in_hand()).collect();
        self.in_hand.extend(in_hand.iter().cloned());
        let parts = self.parts.clone();
        pool.spawn_broadcast(move |context| {
            let number = (before + context.index()) as u32 + 1;
            let thread =
                WorkerThread { number, parts: parts.clone(), in_hand: Arc::clone(&in_hand[context.index()]) };
            // Whatever happens in it, rayon would end the whole process for a panic.
            let left = catch_unwind(AssertUnwindSafe(|| thread.run())).unwrap_or_else(|panic| {
                thread.say_unusable(&*panic);
                Left::Done
            });
            if left == Left::Done {
                let _ = thread.parts.replies.send(Reply::Gone);
            } else {
                // It has come back after all: its thread is no longer lost. One that was given up with a chunk of several items
                // was never counted.
                let less = |lost: usize| Some(lost.saturating_sub(1));
                let _ = thread.parts.lost.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
            }
        });
        self.threads += count;
        self.pools.push(pool);
        Ok(())
    }

    /// Gives up the workers that are stuck: of each the index of the item that it is stuck at, and all that it had in hand.
    pub(super) fn give_up_stuck(&self, now: Instant) -> Vec<(u64, Vec<HeldTask>)> {
        if !self.parts.options.has_limit() {
            return Vec::new();
        }
        self.in_hand.iter().filter_map(|in_hand| in_hand.give_up(now)).collect()
    }

    /// Counts a worker that an item was lost with.
    pub(super) fn count_given_up(&mut self) {
        self.parts.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Puts another worker in the place of one that was given up; `false` when there were too many of those.
    pub(super) fn replace(&mut self) -> Result<bool, EngineError> {
        // It does not say any more when it is gone.
        self.threads -= 1;
        if self.parts.lost.load(Ordering::Relaxed) > self.given_up_max {
            return Ok(false);
        }
        self.add(1).map(|()| true)
    }

    /// Hands in a task; a worker will take it.
    pub(super) fn send(&self, task: Task) {
        if let Some(sender) = &self.tasks {
            let _ = sender.send(task);
        }
    }

    /// Counts a [`Reply::Gone`]; `true` when no worker is left.
    pub(super) fn one_gone(&mut self) -> bool {
        self.gone += 1;
        self.gone == self.threads
    }

    /// No more tasks will come: workers end when what they have is done.
    pub(super) fn close(&mut self) {
        self.tasks = None;
    }
}
