//! Items that wait are coroutines of one VM: a worker holds many of them and resumes each when it is due.

use std::collections::HashMap;
use std::time::Duration;

use crossbeam_channel::{Select, TryRecvError};

use super::options::Starts;
use super::task::{EndedItem, Reply, Report, Task, TaskKind};
use super::worker_thread::{Left, Vms, WorkerThread};
use crate::lua::{EndedAttempt, ItemJob, ResultShape, Worker};
use crate::runtime::clock;

/// How long a worker with items that wait sleeps at most: far below what an interrupt may take to be noticed, far above
/// what polling costs.
const POLL: Duration = Duration::from_millis(20);

/// The coroutines of one worker.
struct Coroutines<'a> {
    thread: &'a WorkerThread,
    vms: &'a mut Vms,
    /// Items that it may hold.
    most: usize,
    tasks: HashMap<u64, Task>,
    token: u64,
    /// Whether more tasks may come.
    open: bool,
}

/// Takes on up to `most` items and resumes each when it is due. Items that compute for long take turns; after each turn
/// there is a look at what else is to be done.
pub(super) fn run(thread: &WorkerThread, vms: &mut Vms, most: usize) -> Left {
    if most > 1 {
        vms.worker.take_turns();
    }
    let mut coroutines = Coroutines { thread, vms, most, tasks: HashMap::new(), token: 0, open: true };
    while coroutines.open || coroutines.vms.worker.waiting() > 0 {
        if let Some(left) = coroutines.turn() {
            return left;
        }
    }
    Left::Done
}

impl Coroutines<'_> {
    /// Resumes what is due and takes on one more; says how the worker left when it cannot go on.
    fn turn(&mut self) -> Option<Left> {
        while let Some(ended) = self.vms.worker.poll(clock::now()) {
            if let Some(left) = self.ended(ended) {
                return Some(left);
            }
        }
        self.thread.pass_logs(&mut self.vms.worker);
        let wanted = self.open && self.vms.worker.waiting() < self.most;
        let Ok(task) = self.next_task(wanted) else {
            self.open = false;
            return None;
        };
        let task = task?;
        match task.kind {
            TaskKind::Keys => return self.thread.find_keys(self.vms, &task),
            TaskKind::Costs => return self.thread.find_costs(self.vms, &task),
            TaskKind::Run => {}
        }
        if self.thread.parts.options.starts == Starts::Told {
            let now = self.thread.since_begin(clock::now());
            self.thread.say(Reply::Starting(task.number, now));
        }
        self.token += 1;
        self.thread.hold(self.token, &task);
        let attempt = self.thread.attempt(&task);
        let job = ItemJob { token: self.token, chunk: (*task.chunk).clone(), attempt };
        self.tasks.insert(self.token, task);
        let left = match self.vms.worker.start(job) {
            Some(ended) => self.ended(ended),
            None => None,
        };
        self.thread.pass_logs(&mut self.vms.worker);
        left
    }

    /// The next task, if `wanted` and there before something is due. `Err`: there will be none any more.
    fn next_task(&self, wanted: bool) -> Result<Option<Task>, ()> {
        let (worker, tasks): (&Worker, _) = (&self.vms.worker, &self.thread.parts.tasks);
        if worker.waiting() == 0 {
            return if wanted { tasks.recv().map(Some).map_err(|_| ()) } else { Ok(None) };
        }
        let due = worker.next_due().map_or(POLL, |due| due.saturating_duration_since(clock::now()));
        if !due.is_zero() {
            let mut select = Select::new();
            if wanted {
                select.recv(tasks);
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
        match tasks.try_recv() {
            Ok(task) => Ok(Some(task)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(()),
        }
    }

    /// Reports an item that has ended.
    fn ended(&mut self, ended: EndedAttempt) -> Option<Left> {
        if !self.thread.release(ended.token) {
            return Some(Left::GivenUp);
        }
        let mut task = self.tasks.remove(&ended.token)?;
        // After its report nobody would know any more what it is about.
        self.thread.pass_spent(&mut self.vms.worker);
        let (mut digests, mut lines) = (Vec::new(), Vec::new());
        if let Some(buffer) = task.digests.take() {
            digests = buffer;
            digests.push(self.thread.parts.options.content.digest(&task.chunk, 0));
            if ended.end.is_none() && self.thread.parts.options.worker.shape != ResultShape::Map {
                lines.push(ended.emitted as u32);
            }
        }
        let (out_len, duration) = (ended.out.len(), ended.duration);
        let ends = ended.end.map(|how| EndedItem { at: 0, out_len, how, duration });
        let now = clock::now();
        self.thread.say(Reply::Report(Box::new(Report {
            task: task.number,
            done: 1,
            out: ended.out,
            emitted: ended.emitted,
            ends: ends.into_iter().collect(),
            digests,
            lines,
            began: self.thread.since_begin(now.checked_sub(duration).unwrap_or(now)),
            elapsed: duration,
        })));
        None
    }
}
