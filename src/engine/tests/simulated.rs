//! A simulated pool has workers that do what a world says, in virtual time.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::Select;

use super::world::{Comes, World};
use crate::engine::interrupt::Interrupt;
use crate::engine::outcome::EngineError;
use crate::engine::pool::{
    CostReport, EndedItem, KeyReport, Limits, Pool, PoolOptions, Reply, Report, StartPool, Starts, StepClock,
    Task, TaskKind, Wake,
};
use crate::event::FailureKind;
use crate::lua::{AttemptEnding, CancelLevel, Failure, ResultShape, ScriptError};
use crate::store::Digest;

/// An attempt that a worker began; attempt 0 looks for the item's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Began {
    pub(super) index: u64,
    pub(super) attempt: u32,
    pub(super) at: Duration,
}

/// Starts simulated pools, and remembers what their workers began.
pub(super) struct Simulated {
    pub(super) world: World,
    pub(super) interrupt: Arc<Interrupt>,
    pub(super) began: Mutex<Vec<Began>>,
    /// Tasks that were handed in.
    pub(super) tasks: Mutex<u64>,
}

impl StartPool for &'static Simulated {
    fn start(&self, options: PoolOptions) -> Result<(Box<dyn Pool>, StepClock), EngineError> {
        let clock = Rc::new(Cell::new(Duration::ZERO));
        let pool = SimulatedPool {
            all: self,
            clock: Rc::clone(&clock),
            options,
            queue: VecDeque::new(),
            running: Vec::new(),
            outbox: BTreeMap::new(),
            said: 0,
            handed_in: 0,
            level: CancelLevel::Run,
            interrupts: self.world.interrupts.clone(),
            closed: false,
        };
        Ok((Box::new(pool), Box::new(move || clock.get())))
    }
}

struct SimulatedPool {
    all: &'static Simulated,
    clock: Rc<Cell<Duration>>,
    options: PoolOptions,
    queue: VecDeque<Task>,
    running: Vec<Running>,
    /// Replies by the time at which they come, in the order in which they were said.
    outbox: BTreeMap<(Duration, u64), Reply>,
    said: u64,
    handed_in: u64,
    level: CancelLevel,
    interrupts: Vec<Duration>,
    closed: bool,
}

/// A task on its worker.
struct Running {
    task: Task,
    /// The item at hand, and when its attempt ends; `None`: never.
    at: usize,
    ends_at: Option<Duration>,
    report: Report,
}

impl SimulatedPool {
    fn say(&mut self, delay: Duration, reply: Reply) {
        self.said += 1;
        self.outbox.insert((self.clock.get() + delay, self.said), reply);
    }

    /// Lets idle workers begin what waits.
    fn begin(&mut self) {
        let workers = if self.options.coroutines { self.options.concurrency } else { self.options.threads() };
        while self.running.len() < workers {
            let Some(task) = self.queue.pop_front() else { return };
            match task.kind {
                TaskKind::Keys => {
                    self.find_keys(&task);
                    continue;
                }
                TaskKind::Costs => {
                    self.find_costs(&task);
                    continue;
                }
                TaskKind::Run => {}
            }
            let now = self.clock.get();
            if self.options.starts == Starts::Told {
                self.say(Duration::ZERO, Reply::Starting(task.number, now));
            }
            let report = Report { task: task.number, began: now, ..Report::default() };
            let mut running = Running { task, at: 0, ends_at: None, report };
            self.attempt(&mut running);
            self.running.push(running);
            assert!(self.running.len() <= self.options.concurrency, "never more than `concurrency`");
        }
    }

    fn find_keys(&mut self, task: &Task) {
        let world = &self.all.world;
        if world.keys_unusable {
            let error = Box::new(ScriptError::new(FailureKind::Error, "no key"));
            return self.say(Duration::ZERO, Reply::Unusable { key: Some("key"), error });
        }
        let (mut keys, mut failed) = (Vec::new(), Vec::new());
        for at in 0..task.chunk.len() {
            let index = task.chunk.first + at as u64;
            let began = Began { index, attempt: 0, at: self.clock.get() };
            self.all.began.lock().expect("no panic").push(began);
            match world.of(index, 0) {
                Comes::Panic => return self.say(Duration::ZERO, Reply::Broken(task.number, "oh".to_owned())),
                Comes::Stuck => {
                    let stuck = task.chunk.len() == 1;
                    return self.say(Duration::ZERO, Reply::Lost { task: task.number, stuck });
                }
                _ if world.keyless.contains(&index) => {
                    failed.push((at, Failure::new(FailureKind::Result, "`key` is nil")));
                    keys.push(Box::default());
                    if self.options.stops_at_failure {
                        break;
                    }
                }
                _ => keys.push(format!("k{index}").into()),
            }
        }
        let delay = world.late.get(&task.number).copied().unwrap_or_default();
        self.say(
            delay,
            Reply::Keys(Box::new(KeyReport { task: task.number, keys, failed, elapsed: Duration::ZERO })),
        );
    }

    /// Every attempt takes as much as the number of its item says; that of item 13 is not known.
    fn find_costs(&mut self, task: &Task) {
        let (first, count) = (task.chunk.first, task.chunk.len() as u64);
        let cost = |index: u64| match index {
            13 => Err(Box::new(Failure::new(FailureKind::Result, "no cost"))),
            index => {
                Ok(self.options.costs.iter().map(|rule| rule.script.as_ref().map_or(1, |_| index)).collect())
            }
        };
        // Not all of them at once.
        let costs = (first..first + count.min(2)).map(cost).collect();
        let report = CostReport { task: task.number, costs, elapsed: Duration::ZERO };
        self.say(Duration::from_millis(1), Reply::Costs(Box::new(report)));
    }

    /// The attempt of the item at hand begins.
    fn attempt(&self, running: &mut Running) {
        let (index, attempt) = (running.task.chunk.first + running.at as u64, running.task.attempt.number);
        let now = self.clock.get();
        self.all.began.lock().expect("no panic").push(Began { index, attempt, at: now });
        let comes = self.all.world.of(index, attempt);
        let limit = self.options.worker.timeout;
        let time = self.all.world.time(index);
        running.ends_at = (comes != Comes::Stuck).then(|| now + limit.map_or(time, |limit| limit.min(time)));
        if comes == Comes::Stuck && self.options.worker.timeout.is_some() {
            running.ends_at = limit.map(|limit| now + limit * 2);
        }
    }

    /// The attempt at hand has ended. `true`: the task goes on with its next item.
    fn ended(&mut self, running: &mut Running) -> bool {
        let world = &self.all.world;
        let index = running.task.chunk.first + running.at as u64;
        let time = world.time(index);
        let comes = world.of(index, running.task.attempt.number);
        let timed_out = self.options.worker.timeout.is_some_and(|limit| time > limit);
        let (task, number) = (&running.task, running.task.number);
        match comes {
            Comes::Panic => {
                self.say(Duration::ZERO, Reply::Broken(number, "oh".to_owned()));
                return false;
            }
            Comes::Stuck => {
                let stuck = task.chunk.len() == 1;
                self.say(Duration::ZERO, Reply::Lost { task: number, stuck });
                return false;
            }
            _ => {}
        }
        let ending = if timed_out {
            Some(AttemptEnding::Failed(Box::new(Failure {
                retryable: true,
                ..Failure::new(FailureKind::Timeout, "late")
            })))
        } else {
            ending(&comes)
        };
        if let (None, Comes::Results(count)) = (&ending, &comes) {
            let count = if self.options.worker.shape == ResultShape::Map { 1 } else { *count };
            for _ in 0..count {
                running.report.out.extend_from_slice(task.chunk.item(running.at).trim_ascii());
                running.report.out.push(b'\n');
            }
            running.report.emitted += count;
            if self.options.worker.shape != ResultShape::Map {
                running.report.lines.push(count as u32);
            }
        }
        running.report.done += 1;
        running.report.digests.push(Digest::of(task.chunk.item(running.at)));
        let stops = ending.as_ref().is_some_and(|ending| {
            let bad = matches!(ending, AttemptEnding::BadRow { .. });
            bad || !matches!(ending, AttemptEnding::Cancelled) && running.task.allowance.use_up()
        });
        Self::note(running, ending, time);
        let given_back = world.given_back.get(&number).is_some_and(|done| running.report.done >= *done);
        let over = running.at + 1 == running.task.chunk.len();
        if over || stops || given_back || self.level != CancelLevel::Run {
            self.report(running);
            return false;
        }
        running.at += 1;
        self.attempt(running);
        true
    }

    fn note(running: &mut Running, ending: Option<AttemptEnding>, duration: Duration) {
        let (at, out_len) = (running.at, running.report.out.len());
        running.report.ends.extend(ending.map(|how| EndedItem { at, out_len, how, duration }));
    }

    fn report(&mut self, running: &mut Running) {
        let mut report = std::mem::take(&mut running.report);
        report.elapsed = self.clock.get().saturating_sub(report.began);
        let delay = self.all.world.late.get(&report.task).copied().unwrap_or_default();
        if self.all.world.twice.contains(&report.task) {
            self.say(delay, Reply::Report(Box::new(report.clone())));
        }
        self.say(delay, Reply::Report(Box::new(report)));
    }

    /// Ends the attempts whose time has come.
    fn advance(&mut self) {
        let now = self.clock.get();
        for mut running in std::mem::take(&mut self.running) {
            let goes_on = running.ends_at.is_none_or(|at| at > now) || self.ended(&mut running);
            if goes_on {
                self.running.push(running);
            }
        }
        self.begin();
    }

    /// When something happens next.
    fn next(&self) -> Option<Duration> {
        let running = self.running.iter().filter_map(|running| running.ends_at);
        running.chain(self.outbox.keys().map(|(at, _)| *at)).chain(self.interrupts.iter().copied()).min()
    }

    fn due(&mut self) -> Option<Reply> {
        let entry = self.outbox.first_entry()?;
        (entry.key().0 <= self.clock.get()).then(|| entry.remove())
    }

    fn interrupt(&mut self) {
        let now = self.clock.get();
        self.interrupts.retain(|at| {
            if *at <= now {
                self.all.interrupt.raise();
            }
            *at > now
        });
    }
}

impl Pool for SimulatedPool {
    fn limits(&self) -> Limits {
        self.options.limits()
    }

    fn send(&mut self, task: Task) {
        self.handed_in += 1;
        *self.all.tasks.lock().expect("no panic") += 1;
        let world = &self.all.world;
        if world.unusable {
            let error = Box::new(ScriptError::new(FailureKind::Error, "no function"));
            self.say(Duration::ZERO, Reply::Unusable { key: None, error });
        }
        if world.gone_after.is_some_and(|tasks| self.handed_in > tasks) {
            return self.say(Duration::ZERO, Reply::Gone);
        }
        if world.fails_after.is_some_and(|tasks| self.handed_in > tasks) {
            self.say(Duration::ZERO, Reply::Failed("no more threads".to_owned()));
        }
        self.queue.push_back(task);
        self.begin();
    }

    fn reply(&mut self, patience: Duration, wake: Option<&dyn Wake>) -> Option<Reply> {
        if let Some(wake) = wake {
            // Rows come in real time.
            let mut select = Select::new();
            wake.register(&mut select);
            let _ = select.ready_timeout(Duration::from_millis(5));
        }
        let until = self.clock.get() + patience;
        loop {
            self.interrupt();
            self.advance();
            if let Some(reply) = self.due() {
                return Some(reply);
            }
            if self.closed && self.running.is_empty() && self.queue.is_empty() && self.outbox.is_empty() {
                return Some(Reply::Gone);
            }
            let Some(next) = self.next().filter(|next| *next <= until) else {
                self.clock.set(until);
                return None;
            };
            self.clock.set(next.max(self.clock.get()));
        }
    }

    fn cancel(&mut self, level: CancelLevel) {
        assert!(level > self.level, "a stop is told once");
        self.level = level;
        if level != CancelLevel::Interrupt || self.all.world.deaf {
            return;
        }
        for mut running in std::mem::take(&mut self.running) {
            running.report.done += 1;
            running.report.digests.push(Digest::of(running.task.chunk.item(running.at)));
            Self::note(&mut running, Some(AttemptEnding::Cancelled), Duration::ZERO);
            self.report(&mut running);
        }
        for task in std::mem::take(&mut self.queue).into_iter().filter(|task| task.kind == TaskKind::Run) {
            let report = Report { task: task.number, began: self.clock.get(), ..Report::default() };
            self.say(Duration::ZERO, Reply::Report(Box::new(report)));
        }
    }

    fn close(&mut self) {
        self.closed = true;
    }
}

/// How an item ends that does not simply succeed.
fn ending(comes: &Comes) -> Option<AttemptEnding> {
    match comes {
        Comes::Skip => Some(AttemptEnding::Skipped { reason: Some("not wanted".to_owned()) }),
        Comes::Fail { kind, retryable, after } => {
            let failure = Failure::new(*kind, "it failed");
            let failure =
                Failure { retryable: *retryable, permanent: !retryable, retry_after: *after, ..failure };
            Some(AttemptEnding::Failed(Box::new(failure)))
        }
        Comes::BadRow => Some(AttemptEnding::BadRow { message: "no JSON".to_owned() }),
        Comes::Results(_) | Comes::Panic | Comes::Stuck => None,
    }
}
