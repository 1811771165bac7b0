//! The coordinator of one map-like step moves items between the input, the scheduler, the workers and the sink.
//!
//! The scheduler makes all decisions, and the workers run all Lua. The coordinator runs on the step's own thread.

mod bypass;
mod chunk_size;
mod dispatch;
mod key;
mod lost;
mod options;
mod replies;
mod reuse;
mod timing;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Select, TryRecvError};

use self::chunk_size::ChunkSize;
use self::key::Keys;
use self::options::{spec, worker_options};
use self::reuse::ItemReuse;
use self::timing::StepTiming;
use super::context::Context;
use super::fingerprint;
use super::input::StepInput;
use super::lookout::{LOOK_UP, WORKERS_END, lost_reason};
use super::outcome::EngineError;
use super::pool::{Earlier, Pool, PoolOptions, Reply, Task};
use super::sink::Sink;
use super::source_status::ErrorTexts;
use super::{run_store, step_results};
use crate::data::{DataError, Piece};
use crate::event::{Event, StepId, StepResult, StepStatus};
use crate::lua::{Cancel, CancelLevel, WorkerOptions, clock};
use crate::plan::{MapLike, Step};
use crate::schedule::{FailFast, Policy, Scheduler, StopReason};
use crate::store::{LinesPerItem as Lines, StepJournal, StoreError};
use crate::value::Chunk;

/// How long a chunk may take before what is left of it goes back to be shared out anew.
const CHUNK_BUDGET: Duration = Duration::from_millis(20);

/// Why a step cannot be carried through, whatever its items did.
pub(super) enum StepFault {
    /// Intermediate results could not be written or read.
    Data(DataError),
    /// The script cannot be loaded, or its setup failed.
    Script(String),
    /// The run cannot be kept.
    State(StoreError),
}

impl From<StoreError> for StepFault {
    fn from(error: StoreError) -> Self {
        Self::State(error)
    }
}

impl From<EngineError> for StepFault {
    fn from(error: EngineError) -> Self {
        Self::Script(error.to_string())
    }
}

impl From<DataError> for StepFault {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

impl std::fmt::Display for StepFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Data(error) => error.fmt(f),
            Self::Script(reason) => f.write_str(reason),
            Self::State(error) => f.write_str(&run_store::stopped(error)),
        }
    }
}

/// An item between two attempts.
struct WaitingItem {
    chunk: Chunk,
    earlier: Box<Earlier>,
}

/// Why a step cannot begin.
#[derive(Debug, thiserror::Error)]
enum Unready {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("{}", run_store::stopped(.0))]
    State(#[from] StoreError),
    #[error("{0}")]
    Script(String),
}

struct Coordinator<'a> {
    context: &'a Context<'a>,
    step: &'a Step,
    policy: &'a Policy,
    scheduler: Scheduler,
    input: StepInput<'a>,
    sink: Sink<'a>,
    pool: Pool,
    cancel: Arc<Cancel>,
    begun: Instant,
    /// Items offered to the scheduler and not yet started, by index of the first.
    fresh: BTreeMap<u64, Chunk>,
    waiting: HashMap<u64, WaitingItem>,
    /// Tasks handed in and not yet back, and the items in them.
    tasks_out: usize,
    items_out: u64,
    /// Tasks that may be out at once: what keeps the workers busy.
    window: usize,
    size: ChunkSize,
    spare_chunks: Vec<Chunk>,
    input_ended: bool,
    /// There is room for items, and the input has none yet.
    starved: bool,
    /// Whether no worker is left, because the step was to stop before any was ready.
    workers_gone: bool,
    lost: Option<StepId>,
    interrupted: Option<Instant>,
    /// When its workers were told to stop at once.
    stopped: Option<Instant>,
    /// `errors` of the step, when an expression asks for them.
    errors: ErrorTexts,
    told: Instant,
    /// How many results an item has.
    shape: Lines,
    /// Where endings are kept, if the run is.
    journal: Option<StepJournal>,
    /// What is known of items before they run.
    reuse: Option<ItemReuse>,
    keys: Option<Keys>,
    timing: StepTiming,
}

/// Runs a map-like step whose input has been opened.
pub(super) fn run(context: &Context<'_>, step: &Step, each: &MapLike, input: StepInput<'_>) -> StepResult {
    let begun = clock::now();
    let total = input.total(step);
    context.emit(Event::StepStarted { step: step.id, total });
    let coordinator = match Coordinator::new(context, step, each, input) {
        Ok(coordinator) => coordinator,
        Err(error) => return StepResult::broken(error.to_string(), clock::since(begun)),
    };
    coordinator.carry_out(total)
}

impl<'a> Coordinator<'a> {
    fn new(
        context: &'a Context<'a>,
        step: &'a Step,
        each: &'a MapLike,
        input: StepInput<'a>,
    ) -> Result<Self, Unready> {
        let (policy, begun) = (&each.policy, clock::now());
        let threads = policy.concurrency.min(context.options.cores).max(1);
        let coroutines = each.script.waits();
        let exact =
            policy.rate_limit.is_some() || stops_at_failure(policy) || policy.concurrency == 1 || coroutines;
        // Workers that never wait find the next chunk ready when they are done with one; that is no item
        // more being worked on, because there are no more workers than `concurrency`.
        let window = if exact { policy.concurrency } else { threads * 2 };
        let scheduled = Policy { concurrency: window, ..policy.clone() };
        let cancel = Arc::new(Cancel::default());
        let options = worker_options(context, step, each);
        let fingerprint = context.run_store.map(|keep| keep.fingerprint(context.plan, each)).transpose()?;
        let journal = match (context.run_store, &fingerprint) {
            (Some(keep), Some(fingerprint)) => Some(keep.step(spec(step, each, fingerprint))?),
            _ => None,
        };
        let reuse = fingerprint
            .as_ref()
            .and_then(|fingerprint| ItemReuse::open(context, step, each, fingerprint, &input));
        let keys = each.key.as_deref().map(|key| Keys::new(context, step.id, key, &options, &cancel));
        let keys = keys.transpose().map_err(|error| Unready::Script(step_results::reason("key", &error)))?;
        let pool_options = pool_options(step, each, options, &cancel, threads);
        let single = coroutines || policy.rate_limit.is_some();
        Ok(Self {
            context,
            step,
            policy,
            scheduler: context.scheduler(each, &scheduled, begun),
            sink: Sink::open(context, step.id),
            pool: Pool::start(threads, pool_options, context.watchdog)?,
            input,
            cancel,
            begun,
            fresh: BTreeMap::new(),
            waiting: HashMap::new(),
            tasks_out: 0,
            items_out: 0,
            window,
            size: ChunkSize::new(single),
            spare_chunks: Vec::new(),
            input_ended: false,
            starved: false,
            workers_gone: false,
            lost: None,
            interrupted: None,
            stopped: None,
            errors: Vec::new(),
            told: clock::now(),
            shape: fingerprint::shape(each.kind),
            journal,
            reuse,
            keys,
            timing: StepTiming::new(begun, context.options.spans),
        })
    }

    fn carry_out(mut self, total: Option<u64>) -> StepResult {
        if let Some(total) = total {
            self.scheduler.expect_total(total);
        }
        let fault = self.drive().err();
        if fault.is_some() {
            self.fail_step();
        }
        self.count_rest();
        self.scheduler.close();
        let fault = self.put_away_unstarted().err().or(fault);
        self.join_workers();
        self.finish(fault)
    }

    /// The loop: start what may start, hear what comes back.
    fn drive(&mut self) -> Result<(), StepFault> {
        loop {
            self.look_outside();
            if let Some(fault) = self.context.fault() {
                return Err(StepFault::State(fault.clone()));
            }
            self.expire()?;
            self.fill()?;
            self.obey_stop();
            self.give_up_lost()?;
            if self.workers_gone || (self.tasks_out == 0 && self.scheduler.is_done()) {
                return Ok(());
            }
            match self.listen() {
                Ok(reply) => self.hear(reply)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(StepFault::Script("all workers are gone".to_owned()));
                }
            }
            while let Ok(reply) = self.pool.replies.try_recv() {
                self.hear(reply)?;
            }
            self.tell_progress();
        }
    }

    /// The next reply. Rows that arrive for a starved step end the waiting.
    fn listen(&self) -> Result<Reply, RecvTimeoutError> {
        let replies = &self.pool.replies;
        let Some(arrivals) = self.input.arrivals().filter(|_| self.starved) else {
            return replies.recv_timeout(self.patience());
        };
        let mut select = Select::new();
        select.recv(replies);
        select.recv(arrivals);
        let _ = select.ready_timeout(self.patience());
        replies.try_recv().map_err(|error| match error {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
        })
    }

    fn now(&self) -> Duration {
        clock::since(self.begun)
    }

    /// Interrupts and the step's deadline.
    fn look_outside(&mut self) {
        if self.step.deadline.is_some_and(|limit| self.now() >= limit) {
            self.scheduler.deadline();
        }
        let interrupts = self.context.interrupt.count();
        if interrupts == 0 {
            return;
        }
        if self.interrupted.is_none() {
            self.interrupted = Some(clock::now());
            self.scheduler.interrupt();
        }
        let over = self.interrupted.is_some_and(|since| clock::since(since) >= self.context.options.grace);
        if over || interrupts > 1 {
            self.scheduler.grace_over();
        }
    }

    fn obey_stop(&mut self) {
        let Some(stop) = self.scheduler.stop() else { return };
        self.cancel.raise(if stop.interrupt { CancelLevel::Interrupt } else { CancelLevel::Drain });
    }

    /// How long to wait for the workers before something else needs doing.
    fn patience(&self) -> Duration {
        let now = self.now();
        let until = |at: Duration| at.saturating_sub(now);
        let wake = self.scheduler.next_wake(now).map_or(LOOK_UP, until);
        let deadline = self.step.deadline.filter(|limit| *limit > now).map_or(LOOK_UP, until);
        wake.min(deadline).min(LOOK_UP)
    }

    fn tell_progress(&mut self) {
        if clock::since(self.told) >= LOOK_UP {
            self.told = clock::now();
            let (tally, total) = (self.scheduler.tally(), self.scheduler.total());
            self.context.emit(Event::Progress { step: self.step.id, tally, total });
            self.timing.keep(self.journal.as_ref());
        }
    }

    /// After a fault: stops the workers and gives up on the tasks that are out.
    fn fail_step(&mut self) {
        self.cancel.raise(CancelLevel::Interrupt);
        self.scheduler.source_failed();
        self.write_off();
    }

    /// Gives up on tasks that are out: what they hold counts as cancelled.
    fn write_off(&mut self) {
        self.workers_gone = true;
        self.scheduler.cancelled(self.items_out);
        (self.tasks_out, self.items_out) = (0, 0);
    }

    /// Fills the places of items that never ended, so that everything behind them is given on.
    fn put_away_unstarted(&mut self) -> Result<(), StepFault> {
        let fresh = std::mem::take(&mut self.fresh);
        let waiting = std::mem::take(&mut self.waiting);
        let gaps = fresh.values().map(|chunk| (chunk.first, chunk.len() as u64));
        for (first, count) in gaps.chain(waiting.keys().map(|index| (*index, 1))) {
            self.keep_cancelled(first, count);
            self.sink.push(Piece { first, count, ..Piece::default() })?;
        }
        Ok(())
    }

    /// Lets the workers go and waits a moment for them.
    fn join_workers(&mut self) {
        self.pool.close();
        let until = Instant::now() + WORKERS_END;
        while let Ok(reply) = self.pool.replies.recv_deadline(until) {
            match reply {
                Reply::Gone if self.pool.one_gone() => return,
                Reply::Logs(lines) => self.log(lines),
                _ => {}
            }
        }
    }

    fn finish(self, fault: Option<StepFault>) -> StepResult {
        let (tally, verdict) = (self.scheduler.tally(), self.scheduler.verdict());
        let (emitted, duration) = (self.sink.emitted, clock::since(self.begun));
        let stop = self.scheduler.stop().map(|stop| stop.reason);
        let all_seen = self.input_ended && self.lost.is_none() && self.scheduler.stop().is_none();
        let reuse = self.reuse.as_ref().map(|reuse| reuse.counts(all_seen));
        for warning in self.reuse.iter().flat_map(ItemReuse::warnings) {
            self.context.notice(self.step.id, warning);
        }
        self.context.leave_journal(self.step.id, self.journal);
        let fault = self.sink.finish(self.errors).err().map(StepFault::Data).or(fault);
        let unread = self.scheduler.total().is_none();
        let cut = self.interrupted.is_some() && (tally.cancelled > 0 || unread);
        // A verdict of the step's own stands, whatever its source turns out to be like afterwards.
        let lost = self.lost.filter(|_| verdict.succeeded || stop == Some(StopReason::SourceFailed));
        let (status, reason) = match (fault, lost) {
            // A script that was stopped while it was being set up says no more than that it was stopped.
            (Some(StepFault::Script(_)), _) if stop == Some(StopReason::Deadline) => {
                (StepStatus::Failed, Some("deadline".to_owned()))
            }
            (Some(StepFault::Script(_)), _) | (None, None) if cut => {
                (StepStatus::Cancelled, Some("interrupted".to_owned()))
            }
            (Some(fault), _) => (StepStatus::Failed, Some(fault.to_string())),
            (None, Some(lost)) => (StepStatus::Cancelled, Some(lost_reason(self.context, lost))),
            (None, None) if verdict.succeeded => (StepStatus::Succeeded, None),
            (None, None) => (StepStatus::Failed, verdict.reason),
        };
        StepResult {
            emitted,
            needed: Some((self.policy.min_success_ratio, verdict.needed)),
            reuse,
            timing: Some(self.timing.into_timing()),
            ..StepResult::new(status, reason, tally, duration)
        }
    }
}

/// What the workers of the step are made from.
fn pool_options(
    step: &Step,
    each: &MapLike,
    worker: WorkerOptions,
    cancel: &Arc<Cancel>,
    threads: usize,
) -> PoolOptions {
    let policy = &each.policy;
    PoolOptions {
        script: Arc::clone(&each.script),
        worker,
        cancel: Arc::clone(cancel),
        step: step.id,
        slow_after: policy.slow_after,
        coroutines: each.script.waits().then(|| policy.concurrency.div_ceil(threads)),
        tells_starts: policy.rate_limit.is_some(),
        stops_at_failure: stops_at_failure(policy),
        budget: CHUNK_BUDGET,
    }
}

/// Whether an item's failure may be the last thing that happens in a step.
fn stops_at_failure(policy: &Policy) -> bool {
    policy.fail_fast != FailFast::Off || policy.max_failures.is_some() || policy.stop_early
}
