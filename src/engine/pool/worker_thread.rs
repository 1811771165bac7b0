//! A worker thread runs one worker: it takes the items that are handed in, and replies. Items that wait are coroutines of one
//! VM.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Select, TryRecvError};

use super::in_hand::InHand;
use super::task::{EndedItem, Reply, Report, Task, WorkerParts};
use crate::engine::panic;
use crate::event::FailureKind;
use crate::lua::{
    AttemptEnding, EndedAttempt, Guard, ItemJob, ResultShape, ScriptError, Worker, WorkerOptions, clock,
};
use crate::store::Digest;

/// How long a worker with items that wait sleeps at most: far below what an interrupt may take to be noticed, far above what
/// polling costs.
const POLL: Duration = Duration::from_millis(20);

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

impl WorkerThread {
    pub(super) fn run(&self) -> Left {
        self.parts.options.worker.scope.permissions.confine();
        let guard = &self.in_hand.guard;
        let Some(mut worker) = self.make_worker(guard) else { return Left::Done };
        match self.parts.options.coroutines {
            None => {
                while let Ok(task) = self.parts.tasks.recv() {
                    if let Some(left) = self.run_chunk(&mut worker, guard, task) {
                        return left;
                    }
                }
                Left::Done
            }
            Some(most) => self.run_coroutines(&mut worker, most),
        }
    }

    /// The worker begins this task.
    fn hold(&self, token: u64, task: &Task) {
        if self.parts.options.has_limit() {
            self.in_hand.hold(token, task);
        }
    }

    /// It is done with it; `false`: it was given up meanwhile.
    fn release(&self, token: u64) -> bool {
        !self.parts.options.has_limit() || self.in_hand.release(token)
    }

    fn make_worker(&self, guard: &Arc<Guard>) -> Option<Worker> {
        let options = WorkerOptions { worker: self.number, ..self.parts.options.worker.clone() };
        let made = catch_unwind(AssertUnwindSafe(|| {
            Worker::new(&self.parts.options.script, &options, guard, &self.parts.watchdog)
        }));
        match made {
            Ok(Ok(mut worker)) => {
                self.pass_logs(&mut worker);
                Some(worker)
            }
            // The step is to stop: this worker will not be needed.
            Ok(Err(error)) if error.cancelled => None,
            Ok(Err(error)) => {
                let _ = self.parts.replies.send(Reply::Unusable(Box::new(error)));
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
        let _ = self.parts.replies.send(Reply::Unusable(Box::new(error)));
    }

    /// Runs a task off; says how it left when this worker cannot go on.
    fn run_chunk(&self, worker: &mut Worker, guard: &Arc<Guard>, mut task: Task) -> Option<Left> {
        self.hold(0, &task);
        if self.parts.options.tells_starts {
            let _ = self.parts.replies.send(Reply::Starting(task.start, clock::now()));
        }
        let begun = clock::now();
        let mut ends = Vec::new();
        let stops = self.parts.options.stops_at_failure;
        let mut out = std::mem::take(&mut task.out);
        let report = catch_unwind(AssertUnwindSafe(|| {
            let mut end = |at: usize, out_len: usize, end: AttemptEnding, duration: Duration| {
                let stop = stops && matches!(end, AttemptEnding::Failed(_) | AttemptEnding::Skipped { .. });
                let bad_row = matches!(end, AttemptEnding::BadRow { .. });
                ends.push(EndedItem { at, out_len, how: end, duration });
                !stop && !bad_row
            };
            let all = 0..task.chunk.len();
            worker.run(&task.chunk, all, task.attempt, self.parts.options.budget, &mut out, &mut end)
        }));
        if !self.release(0) {
            return Some(Left::GivenUp);
        }
        self.pass_logs(worker);
        match report {
            Ok((done, emitted)) => {
                task.out = out;
                if let Some(endings) = &mut task.endings {
                    worker.take_lines(&mut endings.lines);
                    endings.contents.extend((0..done).map(|at| Digest::of(task.chunk.item(at))));
                }
                let report = Report { task, done, emitted, ends, begun, elapsed: clock::since(begun) };
                let _ = self.parts.replies.send(Reply::Report(Box::new(report)));
                None
            }
            Err(panic) => {
                let _ = self.parts.replies.send(Reply::Broken(Box::new(task), panic::message(&*panic)));
                // The VM may be in any state now; a fresh one takes its place.
                let Some(fresh) = self.make_worker(guard) else { return Some(Left::Done) };
                std::mem::forget(std::mem::replace(worker, fresh));
                None
            }
        }
    }

    /// Items that wait are coroutines of one VM: takes on up to `most` of them and resumes each when it is due. Items that
    /// compute for long take turns; after each turn there is a look at what else is to be done.
    fn run_coroutines(&self, worker: &mut Worker, most: usize) -> Left {
        let mut open = true;
        let mut tasks: HashMap<u64, Task> = HashMap::new();
        let mut token = 0;
        if most > 1 {
            worker.take_turns();
        }
        while open || worker.waiting() > 0 {
            while let Some(ended) = worker.poll(clock::now()) {
                if !self.release(ended.token) {
                    return Left::GivenUp;
                }
                self.reply_ended(&mut tasks, ended);
            }
            self.pass_logs(worker);
            let Ok(task) = self.next_task(open && worker.waiting() < most, worker) else {
                open = false;
                continue;
            };
            let Some(task) = task else { continue };
            if self.parts.options.tells_starts {
                let _ = self.parts.replies.send(Reply::Starting(task.start, clock::now()));
            }
            token += 1;
            self.hold(token, &task);
            let job = ItemJob { token, chunk: (*task.chunk).clone(), attempt: task.attempt };
            tasks.insert(token, task);
            if let Some(ended) = worker.start(job) {
                if !self.release(ended.token) {
                    return Left::GivenUp;
                }
                self.reply_ended(&mut tasks, ended);
            }
            self.pass_logs(worker);
        }
        Left::Done
    }

    /// The next task, if `wanted` and there before something is due. `Err`: there will be none any more.
    fn next_task(&self, wanted: bool, worker: &Worker) -> Result<Option<Task>, ()> {
        if worker.waiting() == 0 {
            return if wanted { self.parts.tasks.recv().map(Some).map_err(|_| ()) } else { Ok(None) };
        }
        let due = worker.next_due().map_or(POLL, |due| due.saturating_duration_since(clock::now()));
        if !due.is_zero() {
            let mut select = Select::new();
            if wanted {
                select.recv(&self.parts.tasks);
            }
            if let Some(completed) = worker.completed() {
                select.recv(completed);
            }
            // Whatever is ready, both are looked at.
            let _ = select.ready_timeout(due.min(POLL));
        }
        if !wanted {
            return Ok(None);
        }
        match self.parts.tasks.try_recv() {
            Ok(task) => Ok(Some(task)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(()),
        }
    }

    fn reply_ended(&self, tasks: &mut HashMap<u64, Task>, ended: EndedAttempt) {
        let Some(mut task) = tasks.remove(&ended.token) else { return };
        task.out = ended.out;
        let out_len = task.out.len();
        if let Some(endings) = &mut task.endings {
            endings.contents.push(Digest::of(task.chunk.item(0)));
            if ended.end.is_none() && self.parts.options.worker.shape != ResultShape::Map {
                endings.lines.push(ended.emitted as u32);
            }
        }
        let ends = ended.end.map(|how| EndedItem { at: 0, out_len, how, duration: ended.duration });
        let now = clock::now();
        let report = Report {
            task,
            done: 1,
            emitted: ended.emitted,
            ends: ends.into_iter().collect(),
            begun: now.checked_sub(ended.duration).unwrap_or(now),
            elapsed: ended.duration,
        };
        let _ = self.parts.replies.send(Reply::Report(Box::new(report)));
    }

    fn pass_logs(&self, worker: &mut Worker) {
        let logs = worker.take_logs();
        if !logs.is_empty() {
            let _ = self.parts.replies.send(Reply::Logs(logs));
        }
    }
}
