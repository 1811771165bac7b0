//! The workers of one map-like step: threads of a rayon pool with one Lua VM each, fed through a channel.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, Sender, TryRecvError, bounded, unbounded};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::EngineError;
use super::record::Attempted;
use crate::event::StepId;
use crate::lua::{
    Attempt, Cancel, Ended, Guard, ItemEnd, Job, LogLine, Script, ScriptError, Shape, Watchdog, Worker,
    WorkerOptions,
};
use crate::schedule::Start;
use crate::store::{Batch, Digest};
use crate::value::Chunk;

/// A run of items for one worker.
pub(super) struct Work {
    /// What the scheduler said.
    pub(super) start: Start,
    pub(super) chunk: Chunk,
    pub(super) attempt: Attempt,
    /// What is known of an item that is tried again; such work is one item.
    pub(super) earlier: Option<Box<Earlier>>,
    /// A buffer for the results.
    pub(super) out: Vec<u8>,
    /// What the journal is to be told, when there is one. The worker fills in contents and counts of lines.
    pub(super) batch: Option<Box<Batch>>,
}

/// The failed attempts of an item.
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
    /// Held so that its threads live as long as the step.
    _threads: ThreadPool,
}

impl Pool {
    /// Starts `threads` workers.
    pub(super) fn start(threads: usize, crew: Crew, watchdog: &Arc<Watchdog>) -> Result<Self, EngineError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("worker-{}", number + 1))
            .build()
            .map_err(|error| EngineError::System {
                intent: "start the workers",
                reason: error.to_string(),
            })?;
        // Never full: the coordinator hands in no more than the scheduler lets run.
        let (work_sender, work) = unbounded();
        let (reply_sender, replies) = bounded(4096);
        let crew = Arc::new(crew);
        let watchdog = Arc::clone(watchdog);
        pool.spawn_broadcast(move |context| {
            let seat = Seat {
                number: context.index() as u32 + 1,
                crew: Arc::clone(&crew),
                work: work.clone(),
                replies: reply_sender.clone(),
                watchdog: Arc::clone(&watchdog),
            };
            seat.sit();
            let _ = seat.replies.send(Reply::Gone);
        });
        Ok(Self { work: Some(work_sender), replies, threads, gone: 0, _threads: pool })
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

/// One worker thread's place.
struct Seat {
    number: u32,
    crew: Arc<Crew>,
    work: Receiver<Work>,
    replies: Sender<Reply>,
    watchdog: Arc<Watchdog>,
}

impl Seat {
    fn sit(&self) {
        self.crew.options.scope.permissions.confine();
        let guard = Guard::new(Arc::clone(&self.crew.cancel), self.crew.step, self.crew.slow_after);
        let Some(mut worker) = self.make_worker(&guard) else { return };
        match self.crew.coroutines {
            None => {
                while let Ok(work) = self.work.recv() {
                    if !self.run(&mut worker, &guard, work) {
                        return;
                    }
                }
            }
            Some(most) => self.juggle(&mut worker, most),
        }
    }

    fn make_worker(&self, guard: &Arc<Guard>) -> Option<Worker> {
        let options = WorkerOptions { worker: self.number, ..self.crew.options.clone() };
        let made = catch_unwind(AssertUnwindSafe(|| {
            Worker::new(&self.crew.script, &options, guard, &self.watchdog)
        }));
        match made {
            Ok(Ok(mut worker)) => {
                self.pass_logs(&mut worker);
                Some(worker)
            }
            // The step is to stop: this worker will not be needed.
            Ok(Err(error)) if error.cancelled => None,
            Ok(Err(error)) => {
                let _ = self.replies.send(Reply::Unusable(Box::new(error)));
                None
            }
            Err(panic) => {
                let error = ScriptError {
                    kind: crate::event::FailureKind::Panic,
                    message: panic_message(&*panic),
                    place: None,
                    traceback: String::new(),
                    cancelled: false,
                };
                let _ = self.replies.send(Reply::Unusable(Box::new(error)));
                None
            }
        }
    }

    /// Runs work off; `false` when this worker cannot go on.
    fn run(&self, worker: &mut Worker, guard: &Arc<Guard>, mut work: Work) -> bool {
        if self.crew.tells_starts {
            let _ = self.replies.send(Reply::Starting(work.start, Instant::now()));
        }
        let begun = Instant::now();
        let mut ends = Vec::new();
        let stops = self.crew.stops_at_failure;
        let mut out = std::mem::take(&mut work.out);
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut end = |at: usize, out_len: usize, end: ItemEnd, duration: Duration| {
                let stop = stops && matches!(end, ItemEnd::Failed(_) | ItemEnd::Skipped { .. });
                let bad_row = matches!(end, ItemEnd::BadRow { .. });
                ends.push(End { at, out_len, how: end, duration });
                !stop && !bad_row
            };
            let all = 0..work.chunk.len();
            worker.run(&work.chunk, all, work.attempt, self.crew.budget, &mut out, &mut end)
        }));
        self.pass_logs(worker);
        match ran {
            Ok((done, emitted)) => {
                work.out = out;
                if let Some(batch) = &mut work.batch {
                    worker.take_lines(&mut batch.lines);
                    batch.contents.extend((0..done).map(|at| Digest::of(work.chunk.item(at))));
                }
                let ran = Ran { work, done, emitted, ends, begun, elapsed: begun.elapsed() };
                let _ = self.replies.send(Reply::Ran(Box::new(ran)));
                true
            }
            Err(panic) => {
                let _ = self.replies.send(Reply::Broken(Box::new(work), panic_message(&*panic)));
                // The VM may be in any state now; a fresh one takes its place.
                self.make_worker(guard).is_some_and(|fresh| {
                    std::mem::forget(std::mem::replace(worker, fresh));
                    true
                })
            }
        }
    }

    /// Items that wait are coroutines of one VM: takes on up to `most` of them and resumes each when it is due. Items that
    /// compute for long take turns; after each turn there is a look at what else is to be done.
    fn juggle(&self, worker: &mut Worker, most: usize) {
        // Far below what an interrupt may take to be noticed, far above what polling costs.
        const LOOK_UP: Duration = Duration::from_millis(20);
        let mut open = true;
        let mut works: std::collections::HashMap<u64, Work> = std::collections::HashMap::new();
        let mut token = 0;
        if most > 1 {
            worker.take_turns();
        }
        while open || worker.waiting() > 0 {
            while let Some(ended) = worker.poll(Instant::now()) {
                self.reply_ended(&mut works, ended);
            }
            self.pass_logs(worker);
            let Ok(work) = self.next_work(open && worker.waiting() < most, worker, LOOK_UP) else {
                open = false;
                continue;
            };
            let Some(work) = work else { continue };
            if self.crew.tells_starts {
                let _ = self.replies.send(Reply::Starting(work.start, Instant::now()));
            }
            token += 1;
            let job = Job { token, chunk: work.chunk.clone(), attempt: work.attempt };
            works.insert(token, work);
            if let Some(ended) = worker.start(job) {
                self.reply_ended(&mut works, ended);
            }
            self.pass_logs(worker);
        }
    }

    /// The next work, if `wanted` and there before something is due. `Err`: there will be none any more.
    fn next_work(&self, wanted: bool, worker: &Worker, look_up: Duration) -> Result<Option<Work>, ()> {
        if worker.waiting() == 0 {
            return if wanted { self.work.recv().map(Some).map_err(|_| ()) } else { Ok(None) };
        }
        let due = worker.next_due().map_or(look_up, |due| due.saturating_duration_since(Instant::now()));
        if !due.is_zero() {
            let mut select = Select::new();
            if wanted {
                select.recv(&self.work);
            }
            if let Some(arrivals) = worker.arrivals() {
                select.recv(arrivals);
            }
            // Whatever is ready, both are looked at.
            let _ = select.ready_timeout(due.min(look_up));
        }
        if !wanted {
            return Ok(None);
        }
        match self.work.try_recv() {
            Ok(work) => Ok(Some(work)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(()),
        }
    }

    fn reply_ended(&self, works: &mut std::collections::HashMap<u64, Work>, ended: Ended) {
        let Some(mut work) = works.remove(&ended.token) else { return };
        work.out = ended.out;
        let out_len = work.out.len();
        if let Some(batch) = &mut work.batch {
            batch.contents.push(Digest::of(work.chunk.item(0)));
            if ended.end.is_none() && self.crew.options.shape != Shape::Map {
                batch.lines.push(ended.emitted as u32);
            }
        }
        let ends = ended.end.map(|how| End { at: 0, out_len, how, duration: ended.duration });
        let now = Instant::now();
        let ran = Ran {
            work,
            done: 1,
            emitted: ended.emitted,
            ends: ends.into_iter().collect(),
            begun: now.checked_sub(ended.duration).unwrap_or(now),
            elapsed: ended.duration,
        };
        let _ = self.replies.send(Reply::Ran(Box::new(ran)));
    }

    fn pass_logs(&self, worker: &mut Worker) {
        let logs = worker.take_logs();
        if !logs.is_empty() {
            let _ = self.replies.send(Reply::Logs(logs));
        }
    }
}

/// The text of a panic.
pub(super) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}
