//! The workers of one map-like step: threads of a rayon pool with one Lua VM each, fed through a channel.

mod desk;
mod seat;

pub(super) use desk::Held;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use rayon::{ThreadPool, ThreadPoolBuilder};

use self::desk::Desk;
use self::seat::{Left, Seat};
use super::EngineError;
use super::record::Attempted;
use crate::event::StepId;
use crate::lua::{
    self, Attempt, Cancel, Guard, ItemEnd, LogLine, Script, ScriptError, Watchdog, WorkerOptions,
};
use crate::schedule::Start;
use crate::store::Batch;
use crate::value::Chunk;

/// A run of items for one worker.
pub(super) struct Work {
    /// What the scheduler said.
    pub(super) start: Start,
    pub(super) chunk: Arc<Chunk>,
    pub(super) attempt: Attempt,
    /// What is known of an item that is tried again; such work is one item.
    pub(super) earlier: Option<Box<Earlier>>,
    /// A buffer for the results.
    pub(super) out: Vec<u8>,
    /// What the journal is to be told, when there is one. The worker fills in contents and counts of lines.
    pub(super) batch: Option<Box<Batch>>,
}

/// The failed attempts of an item.
#[derive(Clone)]
pub(super) struct Earlier {
    pub(super) history: Vec<Attempted>,
    /// When its first attempt began.
    pub(super) since: Instant,
}

/// The ending of an item that did not simply succeed.
pub(super) struct End {
    /// Place in the chunk, from 0.
    pub(super) at: usize,
    /// Length of the results when it ended.
    pub(super) out_len: usize,
    pub(super) how: ItemEnd,
    pub(super) duration: Duration,
}

/// Work that comes back.
pub(super) struct Ran {
    pub(super) work: Work,
    /// Items that were begun, and have ended; the others were not begun.
    pub(super) done: usize,
    /// Results written to `work.out`.
    pub(super) emitted: u64,
    pub(super) ends: Vec<End>,
    pub(super) begun: Instant,
    pub(super) elapsed: Duration,
}

/// What workers say. Every work handed in comes back as exactly one `Ran` or `Broken`.
pub(super) enum Reply {
    Ran(Box<Ran>),
    /// A rate-limited attempt is about to begin.
    Starting(Start, Instant),
    Logs(Vec<LogLine>),
    /// A fault of flowrun itself while this work was running.
    Broken(Box<Work>, String),
    /// The script or its setup cannot be loaded.
    Unusable(Box<ScriptError>),
    /// A worker is through.
    Gone,
}

/// What all workers of a step are made from.
pub(super) struct Crew {
    pub(super) script: Arc<Script>,
    pub(super) options: WorkerOptions,
    pub(super) cancel: Arc<Cancel>,
    /// The step, for notices of slow items.
    pub(super) step: StepId,
    /// When an attempt is slow.
    pub(super) slow_after: Option<Duration>,
    /// Whether items run as coroutines, and how many of them a worker may hold.
    pub(super) coroutines: Option<usize>,
    /// Whether the start of each attempt is to be told.
    pub(super) tells_starts: bool,
    /// Whether a run ends at the first failure, so that the coordinator decides before anything else starts.
    pub(super) stops_at_failure: bool,
    /// How long a run of items may take before what is left of it goes back.
    pub(super) budget: Duration,
}

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

/// What a worker's place is made from.
#[derive(Clone)]
struct Places {
    crew: Arc<Crew>,
    work: Receiver<Work>,
    replies: Sender<Reply>,
    watchdog: Arc<Watchdog>,
    /// Workers that items were lost with and that have not come back.
    lost: Arc<AtomicUsize>,
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
            let seat = Seat { number, places: places.clone(), desk: Arc::clone(&desks[context.index()]) };
            // Whatever happens in it, rayon would end the whole process for a panic.
            let left = catch_unwind(AssertUnwindSafe(|| seat.sit())).unwrap_or_else(|panic| {
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
    pub(super) fn give_up_stuck(&self, now: Instant) -> Vec<(u64, Vec<Held>)> {
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

impl Crew {
    /// Whether attempts have a limit, so that a worker can be told to be stuck.
    fn has_limit(&self) -> bool {
        self.options.timeout.is_some() || self.options.item_deadline.is_some()
    }
}

/// The text of a panic.
pub(super) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}
