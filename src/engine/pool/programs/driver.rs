//! The driver is the thread of a pool of programs: it carries out what the crew orders, and tells it what processes do.

mod hearing;
mod seats;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;
use tokio::runtime::Builder;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::LocalSet;

use self::seats::Seats;
use super::batch::Batch;
use super::explain;
use super::judge::Judge;
use super::slow::SlowNotices;
use crate::engine::pool::options::{PoolOptions, Starts};
use crate::engine::pool::task::{Reply, Task};
use crate::event::{FailureKind, LogLevel};
use crate::lua::{AttemptEnding, CancelLevel, Failure, LogLine, ResultShape, Slow, Watchdog};
use crate::program::{Crew, CrewOptions, End, ItemProgram, Job, Order, Pulse, Request};
use crate::runtime::clock;
use crate::value::json::validate;

/// Events of processes that wait to be looked at, at most; then the processes wait.
const EVENTS_MAX: usize = 64;
/// How long the thread sleeps at most: a stopped process's clock may have to be looked at again.
const LOOK: Duration = Duration::from_secs(1);
/// How long an item without a `timeout` may wait for its answer before that is told, and how often that is told in a step.
const SILENCE: Duration = Duration::from_secs(30);
const SILENCES_TOLD: usize = 3;
/// How often slow attempts are looked for at least.
const SLOW_LOOK: Duration = Duration::from_millis(100);
/// Items of a task at most, for which a number of an attempt has room.
const ITEMS_BITS: u32 = 24;

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Message {
    Task(Box<Task>),
    Cancel(CancelLevel),
    /// No more tasks will come.
    Close,
}

/// All that the thread has.
pub(super) struct Driver {
    options: Arc<PoolOptions>,
    watchdog: Arc<Watchdog>,
    replies: Sender<Reply>,
    /// The program as people write it.
    name: String,
    /// Why it is not run, in a trial that may have no effects.
    refused: Option<String>,
    crew: Crew,
    seats: Seats,
    batches: HashMap<u64, Batch>,
    judge: Judge,
    slow: SlowNotices,
    /// Items that have had no answer for long.
    silent: Vec<u64>,
    logs: Vec<LogLine>,
    /// Lines that were logged since the last answer.
    logged: usize,
    is_closed: bool,
    /// Answers that came with the one at hand, and what each of them took.
    shares: (u32, Option<Duration>),
}

impl Driver {
    pub(super) fn new(
        program: Arc<ItemProgram>,
        options: Arc<PoolOptions>,
        watchdog: Arc<Watchdog>,
        replies: Sender<Reply>,
    ) -> Self {
        let crew = Crew::new(CrewOptions {
            processes: options.processes(),
            lanes: options.lanes,
            concurrency: options.concurrency,
            ready: program.ready,
            restart: program.restart,
            timeout: options.worker.timeout,
            item_deadline: options.worker.item_deadline,
        });
        let name = program.shown();
        let permissions = &options.worker.scope.permissions;
        Self {
            refused: permissions.refused_effect(&format!("running `{name}`")),
            name,
            crew,
            seats: Seats::new(program, &options),
            batches: HashMap::new(),
            judge: Judge::new(Arc::clone(&options), Arc::clone(&watchdog)),
            slow: SlowNotices::default(),
            silent: Vec::new(),
            logs: Vec::new(),
            logged: 0,
            is_closed: false,
            shares: (1, None),
            options,
            watchdog,
            replies,
        }
    }

    /// Works until nothing is left to be done and no process is left.
    pub(super) fn carry_out(mut self, inbox: UnboundedReceiver<Message>) {
        let runtime = match Builder::new_current_thread().enable_all().max_blocking_threads(4).build() {
            Ok(runtime) => runtime,
            Err(error) => return self.say(Reply::Failed(format!("`{}` cannot be run: {error}", self.name))),
        };
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        self.seats.events = Some(sender);
        LocalSet::new().block_on(&runtime, self.work(inbox, events));
        self.pass_logs();
        self.say(Reply::Gone);
    }

    async fn work(&mut self, mut inbox: UnboundedReceiver<Message>, mut events: mpsc::Receiver<Pulse>) {
        while !(self.is_closed && self.crew.is_gone() && self.batches.is_empty()) {
            self.act();
            tokio::select! {
                message = inbox.recv(), if !self.is_closed => {
                    self.hear(message);
                    while let Ok(message) = inbox.try_recv() {
                        self.hear(Some(message));
                    }
                }
                event = events.recv() => {
                    let mut next = event;
                    while let Some(event) = next {
                        self.observe(event);
                        next = events.try_recv().ok();
                    }
                }
                () = tokio::time::sleep(self.patience()) => {}
            }
        }
    }

    fn say(&self, reply: Reply) {
        let _ = self.replies.send(reply);
    }

    /// The time since the step began.
    fn now(&self) -> Duration {
        clock::since(self.options.begun)
    }

    fn patience(&self) -> Duration {
        let limit = self.crew.next_limit().map_or(LOOK, |at| at.saturating_sub(self.now()));
        if self.options.slow_after.is_some() { limit.min(SLOW_LOOK) } else { limit.min(LOOK) }
    }

    fn hear(&mut self, message: Option<Message>) {
        match message {
            Some(Message::Task(task)) => self.take(*task),
            Some(Message::Cancel(level)) if level != CancelLevel::Run => {
                self.options.cancel.raise(level);
                self.crew.stop(level == CancelLevel::Interrupt, self.now());
            }
            Some(Message::Cancel(_)) => {}
            Some(Message::Close) => {
                self.is_closed = true;
                self.crew.close();
            }
            // Nobody wants to hear of it any more.
            None => {
                self.is_closed = true;
                self.crew.close();
                self.crew.stop(true, self.now());
            }
        }
    }

    /// Takes a task on. Its items up to the first that is no JSON are run.
    fn take(&mut self, task: Task) {
        let number = task.number;
        let is_over = self.options.cancel.level() != CancelLevel::Run;
        let is_proved = task.chunk.origin.is_none();
        let deadline = task.attempt.deadline;
        let mut batch = Batch::new(task);
        let len = batch.task.chunk.len();
        let mut is_open = !is_over;
        let refused = self.refused.as_ref().filter(|_| is_open);
        for at in 0..len {
            if let Some(why) = refused {
                let failure = Failure::new(FailureKind::Error, why.as_str());
                batch.ended(at, AttemptEnding::Failed(Box::new(failure)), Duration::ZERO);
                continue;
            }
            let fault = if is_open && !is_proved { validate(batch.task.chunk.item(at)).err() } else { None };
            if let Some(fault) = fault {
                let message = self.options.worker.scope.secrets.mask().owned(fault.to_string());
                batch.ended(at, AttemptEnding::BadRow { message }, Duration::ZERO);
                is_open = false;
            } else if is_open {
                self.crew.offer(Job { number: number << ITEMS_BITS | at as u64, deadline });
            } else {
                batch.unbegun(at);
            }
        }
        self.batches.insert(number, batch);
        self.report_if_done(number);
    }

    /// Does what is to be done by now.
    fn act(&mut self) {
        let now = self.now();
        self.crew.advance(now);
        while let Some(order) = self.crew.next_order() {
            if let Err(why) = self.carry(order, now) {
                // A program that cannot even be started is of no use to any item.
                self.say(Reply::ProgramLost(why));
                self.crew.stop(true, now);
            }
        }
        self.seats.flush();
        self.tell_slow(now);
        self.tell_silent(now);
        self.pass_logs();
    }

    fn carry(&mut self, order: Order, now: Duration) -> Result<(), String> {
        match order {
            Order::Start(process) => {
                self.tell_start(process);
                if let Err(why) = self.seats.start(process) {
                    let why = format!("`{}` cannot be started: {why}", self.name);
                    self.crew.died(process, &why, now);
                    return Err(why);
                }
            }
            Order::Send { process, job, id } => self.send(process, job, id, now),
            Order::Kill(process) => self.seats.end(process),
            Order::CloseInput(process) => self.seats.close(process),
            Order::Ended { job, how, duration } => self.ended(job, how, duration),
            Order::Unbegun(job) => {
                let (task, at) = split(job);
                if let Some(batch) = self.batches.get_mut(&task) {
                    batch.unbegun(at);
                }
                self.report_if_done(task);
            }
            Order::Stop(why) => {
                self.say(Reply::ProgramLost(why));
                // The step's own stop may wait behind much else.
                self.crew.stop(true, now);
            }
        }
        Ok(())
    }

    fn tell_start(&mut self, process: usize) {
        let (level, what) = match self.seats.starts(process) {
            0 => (LogLevel::Debug, "is started"),
            _ => (LogLevel::Info, "is started again"),
        };
        self.log_step(level, format!("process {} of `{}` {what}", process + 1, self.name));
    }

    fn send(&mut self, process: usize, job: u64, id: u64, now: Duration) {
        let (task, at) = split(job);
        let Some(batch) = self.batches.get_mut(&task) else { return };
        batch.sent(now);
        let chunk = &batch.task.chunk;
        let request = Request {
            id,
            item: chunk.item(at),
            index: chunk.first + at as u64,
            key: chunk.key(at),
            attempt: batch.task.attempt.number,
            last: batch.task.attempt.last.as_deref(),
        };
        self.seats.send(process, &request);
        if self.options.starts == Starts::Told {
            self.say(Reply::Starting(task, now));
        }
    }

    /// An attempt has ended without an answer.
    fn ended(&mut self, job: u64, how: End, duration: Duration) {
        let words = self.seats.words_of(job);
        let ending = explain::end(how, &self.options.worker, &words);
        self.conclude(job, ending, duration);
    }

    /// An attempt has not simply succeeded.
    fn conclude(&mut self, job: u64, ending: AttemptEnding, duration: Duration) {
        let (task, at) = split(job);
        self.slow.forget(job);
        let Some(batch) = self.batches.get_mut(&task) else { return };
        let ending = match ending {
            AttemptEnding::Failed(failure) => {
                AttemptEnding::Failed(self.judge.decide(failure, batch.task.attempt.number))
            }
            ending => ending,
        };
        let ending = ending.masked(self.options.worker.scope.secrets.mask());
        if batch.ended(at, ending, duration) {
            for other in self.crew.withdraw(|other| split(other).0 == task) {
                batch.unbegun(split(other).1);
            }
        }
        self.report_if_done(task);
    }

    fn report_if_done(&mut self, task: u64) {
        if !self.batches.get(&task).is_some_and(Batch::is_done) {
            return;
        }
        if let Some(batch) = self.batches.remove(&task) {
            self.pass_logs();
            let has_lines = self.options.worker.shape != ResultShape::Map;
            let report = batch.report(self.options.content, has_lines);
            self.say(Reply::Report(Box::new(report)));
        }
    }

    /// A program that passes an item over, because it has no answer for it, would be waited for without end and in silence.
    fn tell_silent(&mut self, now: Duration) {
        if self.options.worker.timeout.is_some() || self.silent.len() >= SILENCES_TOLD {
            return;
        }
        let is_silent =
            |(job, begun): &(u64, Duration)| now >= *begun + SILENCE && !self.silent.contains(job);
        let Some((job, _)) = self.crew.begun().find(is_silent) else { return };
        self.silent.push(job);
        if let Some(index) = self.index(job) {
            let message = format!(
                "item {index} has had no answer from `{}` for {SILENCE:?}, and `timeout` sets no limit; every item wants an \
                 answer, also one that is left out: {{\"id\", \"skip\"}}",
                self.name
            );
            self.log_step(LogLevel::Warn, message);
        }
    }

    fn tell_slow(&mut self, now: Duration) {
        let Some(after) = self.options.slow_after else { return };
        let begun = self.crew.begun().map(|(job, begun)| (job, now.saturating_sub(begun)));
        for (job, elapsed) in self.slow.due(begun, after) {
            if let Some(index) = self.index(job) {
                self.watchdog.tell(Slow { step: self.options.step, index, elapsed });
            }
        }
    }
}

/// The task of an attempt, and its place in it.
fn split(job: u64) -> (u64, usize) {
    (job >> ITEMS_BITS, (job & ((1 << ITEMS_BITS) - 1)) as usize)
}
