//! Tasks go to the workers, and replies come back.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use crate::engine::failed_item::Attempted;
use crate::event::StepId;
use crate::lua::{Attempt, AttemptEnding, Cancel, LogLine, Script, ScriptError, Watchdog, WorkerOptions};
use crate::schedule::Start;
use crate::store::ChunkEndings;
use crate::value::Chunk;

/// A chunk for one worker.
pub(in crate::engine) struct Task {
    /// What the scheduler said.
    pub(in crate::engine) start: Start,
    pub(in crate::engine) chunk: Arc<Chunk>,
    pub(in crate::engine) attempt: Attempt,
    /// What is known of an item that is tried again; such a task is one item.
    pub(in crate::engine) earlier: Option<Box<Earlier>>,
    /// A buffer for the results.
    pub(in crate::engine) out: Vec<u8>,
    /// What the journal is to be told, when there is one. The worker fills in contents and counts of lines.
    pub(in crate::engine) endings: Option<Box<ChunkEndings>>,
}

/// The failed attempts of an item.
#[derive(Clone)]
pub(in crate::engine) struct Earlier {
    pub(in crate::engine) history: Vec<Attempted>,
    /// When its first attempt began.
    pub(in crate::engine) since: Instant,
}

/// The ending of an item that did not simply succeed.
pub(in crate::engine) struct EndedItem {
    /// Place in the chunk, from 0.
    pub(in crate::engine) at: usize,
    /// Length of the results when it ended.
    pub(in crate::engine) out_len: usize,
    pub(in crate::engine) how: AttemptEnding,
    pub(in crate::engine) duration: Duration,
}

/// A task that comes back.
pub(in crate::engine) struct Report {
    pub(in crate::engine) task: Task,
    /// Items that were begun, and have ended; the others were not begun.
    pub(in crate::engine) done: usize,
    /// Results written to `task.out`.
    pub(in crate::engine) emitted: u64,
    pub(in crate::engine) ends: Vec<EndedItem>,
    pub(in crate::engine) begun: Instant,
    pub(in crate::engine) elapsed: Duration,
}

/// What workers say. Every task handed in comes back as exactly one `Report` or `Broken`.
pub(in crate::engine) enum Reply {
    Report(Box<Report>),
    /// A rate-limited attempt is about to begin.
    Starting(Start, Instant),
    Logs(Vec<LogLine>),
    /// A fault of flowrun itself while this task was running.
    Broken(Box<Task>, String),
    /// The script or its setup cannot be loaded.
    Unusable(Box<ScriptError>),
    /// A worker is through.
    Gone,
}

/// What all workers of a step are made from.
pub(in crate::engine) struct PoolOptions {
    pub(in crate::engine) script: Arc<Script>,
    pub(in crate::engine) worker: WorkerOptions,
    pub(in crate::engine) cancel: Arc<Cancel>,
    /// The step, for notices of slow items.
    pub(in crate::engine) step: StepId,
    /// When an attempt is slow.
    pub(in crate::engine) slow_after: Option<Duration>,
    /// Whether items run as coroutines, and how many of them a worker may hold.
    pub(in crate::engine) coroutines: Option<usize>,
    /// Whether the start of each attempt is to be told.
    pub(in crate::engine) tells_starts: bool,
    /// Whether a chunk ends at the first failure, so that the coordinator decides before anything else starts.
    pub(in crate::engine) stops_at_failure: bool,
    /// How long a chunk may take before what is left of it goes back.
    pub(in crate::engine) budget: Duration,
}

impl PoolOptions {
    /// Whether attempts have a limit, so that a worker can be told to be stuck.
    pub(super) fn has_limit(&self) -> bool {
        self.worker.timeout.is_some() || self.worker.item_deadline.is_some()
    }
}

/// What each worker thread is made from.
#[derive(Clone)]
pub(super) struct WorkerParts {
    pub(super) options: Arc<PoolOptions>,
    pub(super) tasks: Receiver<Task>,
    pub(super) replies: Sender<Reply>,
    pub(super) watchdog: Arc<Watchdog>,
    /// Workers that items were lost with and that have not come back.
    pub(super) lost: Arc<AtomicUsize>,
}
