//! A worker thread runs one worker: it takes the chunks that are handed in, one after the other, and replies.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use super::costs::{self, CostExpressions};
use super::expression::Expression;
use super::in_hand::InHand;
use super::keys;
use super::options::{PoolOptions, Starts};
use super::task::{EndedItem, Reply, Report, Task};
use crate::engine::panic;
use crate::event::FailureKind;
use crate::lua::{Attempt, AttemptEnding, Script, ScriptError, Watchdog, Worker, WorkerOptions};
use crate::runtime::clock;

/// How long a chunk may take before what is left of it goes back to be shared out anew.
const CHUNK_BUDGET: Duration = Duration::from_millis(20);

/// Tokens of tasks that run count from 0 or 1; this one is of the task for which an expression is evaluated.
const EXPRESSION_TOKEN: u64 = u64::MAX;

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
    key: Option<Expression>,
    /// Made with the first task that asks for costs.
    costs: Option<CostExpressions>,
}

impl WorkerThread {
    /// Confines the thread and makes its worker; `None`: it is of no use, and has said why.
    pub(super) fn begin(&self) -> Option<Vms> {
        self.parts.options.worker.scope.permissions.confine();
        Some(Vms { worker: self.make_worker()?, key: None, costs: None })
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
        Attempt { number: task.attempt.number, item_deadline, last: task.attempt.last.clone() }
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
        let mut worker = self.usable(None, made)?;
        self.pass_logs(&mut worker);
        Some(worker)
    }

    /// What was made; says why it was not.
    fn usable<T>(
        &self,
        key: Option<&'static str>,
        made: std::thread::Result<Result<T, ScriptError>>,
    ) -> Option<T> {
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
        self.say(Reply::Unusable { key: None, error: Box::new(error) });
    }

    /// One of the expressions beside the function: that with this guard, which stands under `key`.
    fn make_expression(&self, key: &'static str, script: &Script, guard: usize) -> Option<Expression> {
        let options = &self.parts.options;
        let worker = WorkerOptions { worker: self.number, ..options.worker.clone() };
        let (guard, watchdog) = (&self.in_hand.expression_guards[guard], &self.parts.watchdog);
        let made = || Expression::new(script, &worker, guard, watchdog);
        self.usable(Some(key), catch_unwind(AssertUnwindSafe(made)))
    }

    /// Gives the items of a task their keys; says how it left when this worker cannot go on.
    pub(super) fn find_keys(&self, vms: &mut Vms, task: &Task) -> Option<Left> {
        let options = &self.parts.options;
        if let (None, Some(key)) = (&vms.key, &options.key) {
            vms.key = self.make_expression("key", key, 0);
        }
        let Some(key) = &mut vms.key else { return Some(Left::Done) };
        let stops = options.stops_at_failure;
        let find = || keys::find(key, task.number, &task.chunk, CHUNK_BUDGET, stops);
        let (left, broken) = self.find(task, find, |report| Reply::Keys(Box::new(report)));
        if broken {
            // The VM may be in any state now.
            std::mem::forget(vms.key.take());
        }
        left
    }

    /// Finds out what attempts of a task's items take of the rate limits; says how it left when this worker cannot go on.
    pub(super) fn find_costs(&self, vms: &mut Vms, task: &Task) -> Option<Left> {
        let rules = &self.parts.options.costs;
        if vms.costs.is_none() {
            let mut guard = usize::from(self.parts.options.key.is_some());
            let mut made = CostExpressions::new();
            for rule in rules {
                let Some(script) = &rule.script else {
                    made.push(None);
                    continue;
                };
                let Some(expression) = self.make_expression("cost", script, guard) else {
                    return Some(Left::Done);
                };
                made.push(Some(expression));
                guard += 1;
            }
            vms.costs = Some(made);
        }
        let expressions = vms.costs.as_mut()?;
        let number = (task.number, task.attempt.number);
        let find = || costs::find(rules, expressions, number, &task.chunk, CHUNK_BUDGET);
        let (left, broken) = self.find(task, find, |report| Reply::Costs(Box::new(report)));
        if broken {
            std::mem::forget(vms.costs.take());
        }
        left
    }

    /// Evaluates expressions for a task and replies; says how it left when this worker cannot go on, and whether it broke
    /// down.
    fn find<T>(
        &self,
        task: &Task,
        find: impl FnOnce() -> T,
        reply: impl FnOnce(T) -> Reply,
    ) -> (Option<Left>, bool) {
        self.hold(EXPRESSION_TOKEN, task);
        let found = catch_unwind(AssertUnwindSafe(find));
        if !self.release(EXPRESSION_TOKEN) {
            return (Some(Left::GivenUp), false);
        }
        let broken = found.is_err();
        self.say(match found {
            Ok(found) => reply(found),
            Err(panic) => Reply::Broken(task.number, panic::message(&*panic)),
        });
        (None, broken)
    }

    /// Runs a task off; says how it left when this worker cannot go on.
    pub(super) fn run_chunk(&self, vms: &mut Vms, mut task: Task) -> Option<Left> {
        self.hold(0, &task);
        if self.parts.options.starts == Starts::Told {
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
            worker.run(&task.chunk, all, &attempt, CHUNK_BUDGET, &mut out, &mut end)
        }));
        if !self.release(0) {
            return Some(Left::GivenUp);
        }
        self.pass_spent(worker);
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

    /// Tells what attempts took of rate limits, as they have said by now.
    pub(super) fn pass_spent(&self, worker: &mut Worker) {
        let spent = worker.take_spent();
        if !spent.is_empty() {
            self.say(Reply::Spent(spent));
        }
    }

    pub(super) fn pass_logs(&self, worker: &mut Worker) {
        let logs = worker.take_logs();
        if !logs.is_empty() {
            self.say(Reply::Logs(logs));
        }
    }
}
