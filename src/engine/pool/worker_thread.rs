//! A worker thread runs one worker: it takes the chunks that are handed in, one after the other, and replies.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use super::in_hand::InHand;
use super::keys::Keys;
use super::options::PoolOptions;
use super::task::{EndedItem, Reply, Report, Task};
use crate::engine::panic;
use crate::event::FailureKind;
use crate::lua::{Attempt, AttemptEnding, ScriptError, Watchdog, Worker, WorkerOptions};
use crate::runtime::clock;

/// How long a chunk may take before what is left of it goes back to be shared out anew.
const CHUNK_BUDGET: Duration = Duration::from_millis(20);

/// Tokens of tasks that run count from 0 or 1; this one is of the task whose keys are looked for.
const KEYS_TOKEN: u64 = u64::MAX;

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

/// One thread of the pool with all that its worker needs.
pub(super) struct WorkerThread {
    pub(super) number: u32,
    pub(super) parts: WorkerParts,
    pub(super) in_hand: Arc<InHand>,
}

/// How a worker left.
#[derive(PartialEq, Eq)]
pub(super) enum Left {
    /// There is nothing more to do, or it cannot go on.
    Done,
    /// It was given up, and another one has its place.
    GivenUp,
}

/// The VMs of one thread.
pub(super) struct Vms {
    pub(super) worker: Worker,
    /// Made with the first task that asks for keys.
    keys: Option<Keys>,
}

impl WorkerThread {
    /// Confines the thread and makes its worker; `None`: it is of no use, and has said why.
    pub(super) fn begin(&self) -> Option<Vms> {
        self.parts.options.worker.scope.permissions.confine();
        Some(Vms { worker: self.make_worker()?, keys: None })
    }

    pub(super) fn say(&self, reply: Reply) {
        let _ = self.parts.replies.send(reply);
    }

    /// The worker begins this task.
    pub(super) fn hold(&self, token: u64, task: &Task) {
        if self.parts.options.has_limit() {
            self.in_hand.hold(token, task);
        }
    }

    /// It is done with it; `false`: it was given up meanwhile.
    pub(super) fn release(&self, token: u64) -> bool {
        !self.parts.options.has_limit() || self.in_hand.release(token)
    }

    /// The attempt as workers know it.
    pub(super) fn attempt(&self, task: &Task) -> Attempt {
        let item_deadline = task.attempt.deadline.map(|deadline| self.parts.options.begun + deadline);
        Attempt { number: task.attempt.number, item_deadline }
    }

    /// The time since the step began.
    pub(super) fn since_begin(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.parts.options.begun)
    }

    fn make_worker(&self) -> Option<Worker> {
        let guard = &self.in_hand.guard;
        let options = WorkerOptions { worker: self.number, ..self.parts.options.worker.clone() };
        let made = catch_unwind(AssertUnwindSafe(|| {
            Worker::new(&self.parts.options.script, &options, guard, &self.parts.watchdog)
        }));
        let mut worker = self.usable(false, made)?;
        self.pass_logs(&mut worker);
        Some(worker)
    }

    /// What was made; says why it was not.
    fn usable<T>(&self, key: bool, made: std::thread::Result<Result<T, ScriptError>>) -> Option<T> {
        match made {
            Ok(Ok(made)) => Some(made),
            // The step is to stop: this worker will not be needed.
            Ok(Err(error)) if error.cancelled => None,
            Ok(Err(error)) => {
                self.say(Reply::Unusable { key, error: Box::new(error) });
                None
            }
            Err(panic) => {
                self.say_unusable(&*panic);
                None
            }
        }
    }

    /// A fault of flowrun itself, outside of any item.
    pub(super) fn say_unusable(&self, panic: &(dyn std::any::Any + Send)) {
        let error = ScriptError::new(FailureKind::Panic, panic::message(panic));
        self.say(Reply::Unusable { key: false, error: Box::new(error) });
    }

    /// Gives the items of a task their keys; says how it left when this worker cannot go on.
    pub(super) fn find_keys(&self, vms: &mut Vms, task: &Task) -> Option<Left> {
        let options = &self.parts.options;
        if let (None, Some(key)) = (&vms.keys, &options.key) {
            let worker = WorkerOptions { worker: self.number, ..options.worker.clone() };
            let (guard, watchdog) = (&self.in_hand.key_guard, &self.parts.watchdog);
            let made = catch_unwind(AssertUnwindSafe(|| Keys::new(key, &worker, guard, watchdog)));
            vms.keys = self.usable(true, made);
        }
        let Some(keys) = &mut vms.keys else { return Some(Left::Done) };
        self.hold(KEYS_TOKEN, task);
        let stops = options.stops_at_failure;
        let find = || keys.of(task.number, &task.chunk, CHUNK_BUDGET, stops);
        let report = catch_unwind(AssertUnwindSafe(find));
        if !self.release(KEYS_TOKEN) {
            return Some(Left::GivenUp);
        }
        match report {
            Ok(report) => self.say(Reply::Keys(Box::new(report))),
            Err(panic) => {
                self.say(Reply::Broken(task.number, panic::message(&*panic)));
                // The VM may be in any state now.
                std::mem::forget(vms.keys.take());
            }
        }
        None
    }

    /// Runs a task off; says how it left when this worker cannot go on.
    pub(super) fn run_chunk(&self, vms: &mut Vms, mut task: Task) -> Option<Left> {
        self.hold(0, &task);
        if self.parts.options.tells_starts {
            self.say(Reply::Starting(task.number, self.since_begin(clock::now())));
        }
        let (start, attempt) = (clock::now(), self.attempt(&task));
        let mut ends = Vec::new();
        let mut allowance = task.allowance;
        let (worker, mut out) = (&mut vms.worker, std::mem::take(&mut task.out));
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut end = |at: usize, out_len: usize, end: AttemptEnding, duration: Duration| {
                let is_bad = matches!(end, AttemptEnding::Failed(_) | AttemptEnding::Skipped { .. });
                let stop = is_bad && allowance.use_up();
                let bad_row = matches!(end, AttemptEnding::BadRow { .. });
                ends.push(EndedItem { at, out_len, how: end, duration });
                !stop && !bad_row
            };
            let all = 0..task.chunk.len();
            worker.run(&task.chunk, all, attempt, CHUNK_BUDGET, &mut out, &mut end)
        }));
        if !self.release(0) {
            return Some(Left::GivenUp);
        }
        self.pass_logs(worker);
        let Ok((done, emitted)) = ran else {
            self.say(Reply::Broken(task.number, panic::message(&*ran.expect_err("it is no result"))));
            // The VM may be in any state now; a fresh one takes its place.
            let Some(fresh) = self.make_worker() else { return Some(Left::Done) };
            std::mem::forget(std::mem::replace(worker, fresh));
            return None;
        };
        let (mut digests, mut lines) = (Vec::new(), std::mem::take(&mut task.lines));
        if let Some(buffer) = task.digests.take() {
            digests = buffer;
            worker.take_lines(&mut lines);
            let content = self.parts.options.content;
            digests.extend((0..done).map(|at| content.digest(&task.chunk, at)));
        }
        let (began, elapsed) = (self.since_begin(start), clock::since(start));
        let number = task.number;
        // The coordinator takes the chunk's buffers back when nobody else has them.
        drop(task);
        let task = number;
        self.say(Reply::Report(Box::new(Report {
            task,
            done,
            out,
            emitted,
            ends,
            digests,
            lines,
            began,
            elapsed,
        })));
        None
    }

    pub(super) fn pass_logs(&self, worker: &mut Worker) {
        let logs = worker.take_logs();
        if !logs.is_empty() {
            self.say(Reply::Logs(logs));
        }
    }
}
