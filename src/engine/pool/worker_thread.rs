//! A seat runs one worker: it takes the items that are handed in, and replies. Items that wait are coroutines of one
//! VM.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Select, TryRecvError};

use super::desk::Desk;
use super::work::{End, Places, Ran, Reply, Work};
use crate::engine::panic;
use crate::lua::{
    EndedAttempt, Guard, ItemEnd, ItemJob, ResultShape, ScriptError, Worker, WorkerOptions, clock,
};
use crate::store::Digest;

/// One worker thread's place.
pub(super) struct WorkerThread {
    pub(super) number: u32,
    pub(super) places: Places,
    pub(super) desk: Arc<Desk>,
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
        self.places.crew.options.scope.permissions.confine();
        let guard = &self.desk.guard;
        let Some(mut worker) = self.make_worker(guard) else { return Left::Done };
        match self.places.crew.coroutines {
            None => {
                while let Ok(work) = self.places.work.recv() {
                    if let Some(left) = self.run_chunk(&mut worker, guard, work) {
                        return left;
                    }
                }
                Left::Done
            }
            Some(most) => self.run_coroutines(&mut worker, most),
        }
    }

    /// The worker begins this work.
    fn hold(&self, token: u64, work: &Work) {
        if self.places.crew.has_limit() {
            self.desk.hold(token, work);
        }
    }

    /// It is done with it; `false`: it was given up meanwhile.
    fn release(&self, token: u64) -> bool {
        !self.places.crew.has_limit() || self.desk.release(token)
    }

    fn make_worker(&self, guard: &Arc<Guard>) -> Option<Worker> {
        let options = WorkerOptions { worker: self.number, ..self.places.crew.options.clone() };
        let made = catch_unwind(AssertUnwindSafe(|| {
            Worker::new(&self.places.crew.script, &options, guard, &self.places.watchdog)
        }));
        match made {
            Ok(Ok(mut worker)) => {
                self.pass_logs(&mut worker);
                Some(worker)
            }
            // The step is to stop: this worker will not be needed.
            Ok(Err(error)) if error.cancelled => None,
            Ok(Err(error)) => {
                let _ = self.places.replies.send(Reply::Unusable(Box::new(error)));
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
        let error = ScriptError {
            kind: crate::event::FailureKind::Panic,
            message: panic::message(panic),
            place: None,
            traceback: String::new(),
            cancelled: false,
        };
        let _ = self.places.replies.send(Reply::Unusable(Box::new(error)));
    }

    /// Runs work off; says how it left when this worker cannot go on.
    fn run_chunk(&self, worker: &mut Worker, guard: &Arc<Guard>, mut work: Work) -> Option<Left> {
        self.hold(0, &work);
        if self.places.crew.tells_starts {
            let _ = self.places.replies.send(Reply::Starting(work.start, clock::now()));
        }
        let begun = clock::now();
        let mut ends = Vec::new();
        let stops = self.places.crew.stops_at_failure;
        let mut out = std::mem::take(&mut work.out);
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut end = |at: usize, out_len: usize, end: ItemEnd, duration: Duration| {
                let stop = stops && matches!(end, ItemEnd::Failed(_) | ItemEnd::Skipped { .. });
                let bad_row = matches!(end, ItemEnd::BadRow { .. });
                ends.push(End { at, out_len, how: end, duration });
                !stop && !bad_row
            };
            let all = 0..work.chunk.len();
            worker.run(&work.chunk, all, work.attempt, self.places.crew.budget, &mut out, &mut end)
        }));
        if !self.release(0) {
            return Some(Left::GivenUp);
        }
        self.pass_logs(worker);
        match ran {
            Ok((done, emitted)) => {
                work.out = out;
                if let Some(batch) = &mut work.batch {
                    worker.take_lines(&mut batch.lines);
                    batch.contents.extend((0..done).map(|at| Digest::of(work.chunk.item(at))));
                }
                let ran = Ran { work, done, emitted, ends, begun, elapsed: clock::since(begun) };
                let _ = self.places.replies.send(Reply::Ran(Box::new(ran)));
                None
            }
            Err(panic) => {
                let _ = self.places.replies.send(Reply::Broken(Box::new(work), panic::message(&*panic)));
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
        // Far below what an interrupt may take to be noticed, far above what polling costs.
        const LOOK_UP: Duration = Duration::from_millis(20);
        let mut open = true;
        let mut works: HashMap<u64, Work> = HashMap::new();
        let mut token = 0;
        if most > 1 {
            worker.take_turns();
        }
        while open || worker.waiting() > 0 {
            while let Some(ended) = worker.poll(clock::now()) {
                if !self.release(ended.token) {
                    return Left::GivenUp;
                }
                self.reply_ended(&mut works, ended);
            }
            self.pass_logs(worker);
            let Ok(work) = self.next_work(open && worker.waiting() < most, worker, LOOK_UP) else {
                open = false;
                continue;
            };
            let Some(work) = work else { continue };
            if self.places.crew.tells_starts {
                let _ = self.places.replies.send(Reply::Starting(work.start, clock::now()));
            }
            token += 1;
            self.hold(token, &work);
            let job = ItemJob { token, chunk: (*work.chunk).clone(), attempt: work.attempt };
            works.insert(token, work);
            if let Some(ended) = worker.start(job) {
                if !self.release(ended.token) {
                    return Left::GivenUp;
                }
                self.reply_ended(&mut works, ended);
            }
            self.pass_logs(worker);
        }
        Left::Done
    }

    /// The next work, if `wanted` and there before something is due. `Err`: there will be none any more.
    fn next_work(&self, wanted: bool, worker: &Worker, look_up: Duration) -> Result<Option<Work>, ()> {
        if worker.waiting() == 0 {
            return if wanted { self.places.work.recv().map(Some).map_err(|_| ()) } else { Ok(None) };
        }
        let due = worker.next_due().map_or(look_up, |due| due.saturating_duration_since(clock::now()));
        if !due.is_zero() {
            let mut select = Select::new();
            if wanted {
                select.recv(&self.places.work);
            }
            if let Some(completed) = worker.completed() {
                select.recv(completed);
            }
            // Whatever is ready, both are looked at.
            let _ = select.ready_timeout(due.min(look_up));
        }
        if !wanted {
            return Ok(None);
        }
        match self.places.work.try_recv() {
            Ok(work) => Ok(Some(work)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(()),
        }
    }

    fn reply_ended(&self, works: &mut HashMap<u64, Work>, ended: EndedAttempt) {
        let Some(mut work) = works.remove(&ended.token) else { return };
        work.out = ended.out;
        let out_len = work.out.len();
        if let Some(batch) = &mut work.batch {
            batch.contents.push(Digest::of(work.chunk.item(0)));
            if ended.end.is_none() && self.places.crew.options.shape != ResultShape::Map {
                batch.lines.push(ended.emitted as u32);
            }
        }
        let ends = ended.end.map(|how| End { at: 0, out_len, how, duration: ended.duration });
        let now = clock::now();
        let ran = Ran {
            work,
            done: 1,
            emitted: ended.emitted,
            ends: ends.into_iter().collect(),
            begun: now.checked_sub(ended.duration).unwrap_or(now),
            elapsed: ended.duration,
        };
        let _ = self.places.replies.send(Reply::Ran(Box::new(ran)));
    }

    fn pass_logs(&self, worker: &mut Worker) {
        let logs = worker.take_logs();
        if !logs.is_empty() {
            let _ = self.places.replies.send(Reply::Logs(logs));
        }
    }
}
