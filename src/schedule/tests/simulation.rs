//! The simulation is a small world for the scheduler to run in: workers, a feeder and a clock that are all made up.
//! It checks what must hold at every moment; the properties check what must hold in the end.

mod pauses;
mod world;

pub(super) use world::{Outcome, Outside, SimulatedEnding, World, worlds};

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::pauses::ExpectedPauses;
use crate::event::{FailureKind, Tally};
use crate::schedule::{FailedAttempt, Next, Scheduler, Start, Stop, StopReason, Verdict};

/// One attempt that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Try {
    pub(super) index: u64,
    pub(super) attempt: u32,
    pub(super) began: Duration,
    /// What it has taken of each rate limit.
    pub(super) costs: Vec<u64>,
}

/// A retry that was granted: the attempt before it, and the wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Granted {
    pub(super) index: u64,
    pub(super) attempt: u32,
    pub(super) wait: Duration,
}

/// What happened in a world.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) tries: Vec<Try>,
    pub(super) granted: Vec<Granted>,
    /// How the items ended that did end.
    pub(super) endings: BTreeMap<u64, SimulatedEnding>,
    pub(super) withdrawn: u64,
    pub(super) stop: Option<Stop>,
    pub(super) offered: u64,
    pub(super) tally: Tally,
    pub(super) total: Option<u64>,
    pub(super) verdict: Option<Verdict>,
    pub(super) ended: Duration,
}

/// A chunk on its worker.
struct RunningChunk {
    start: Start,
    /// Items of it that have ended.
    done: u64,
    /// When the present item begins, and ends.
    begins: Duration,
    ends: Duration,
    begun: bool,
}

struct Simulation<'a> {
    world: &'a World,
    scheduler: Scheduler,
    now: Duration,
    chunks: Vec<RunningChunk>,
    next_offer: Option<Duration>,
    outside: Option<(Duration, Outside)>,
    /// When what is told of which item's next attempt.
    pricing: Vec<(Duration, u64, u32)>,
    pauses: ExpectedPauses,
    /// Attempts that came back once without having begun.
    refused: BTreeSet<(u64, u32)>,
    trace: Trace,
}

/// Runs a world until its step is over.
pub(super) fn simulate(world: &World) -> Trace {
    let mut scheduler = Scheduler::new(&world.policy, world.seed);
    let mut next_offer = Some(Duration::ZERO);
    if !world.streamed {
        scheduler.expect_total(world.items);
        scheduler.offer(world.items);
        scheduler.end_of_input();
        next_offer = None;
    }
    let outside = world.outside;
    let trace = Trace { offered: if world.streamed { 0 } else { world.items }, ..Trace::default() };
    let (now, chunks, refused) = (Duration::ZERO, Vec::new(), BTreeSet::new());
    let pauses = ExpectedPauses::new(world.policy.breaker);
    let pricing = Vec::new();
    let mut simulation =
        Simulation { world, scheduler, now, chunks, next_offer, outside, pricing, pauses, refused, trace };
    if !world.streamed {
        simulation.price_offered(1);
    }
    for _ in 0..100_000 {
        simulation.act();
        if simulation.scheduler.is_done() {
            return simulation.finish();
        }
        simulation.now = simulation.next_moment();
    }
    panic!("the step never ends");
}

impl Simulation<'_> {
    /// Everything that happens at this moment.
    fn act(&mut self) {
        self.feed();
        self.act_from_outside();
        self.work();
        self.interrupt();
        self.price();
        while let Some(expired) = self.scheduler.expired(self.now) {
            assert!(self.world.policy.item_deadline.is_some());
            self.end(expired.index, SimulatedEnding::Failed);
        }
        self.interrupt();
        while let Some(start) = self.scheduler.start(self.now, self.world.chunk_max) {
            self.begin(start);
        }
    }

    fn feed(&mut self) {
        if self.next_offer.is_none_or(|at| at > self.now) || self.scheduler.stop().is_some() {
            return;
        }
        let count = (self.world.items - self.trace.offered).min(3);
        self.scheduler.offer(count);
        self.trace.offered += count;
        self.price_offered(self.trace.offered - count + 1);
        self.next_offer = (count > 0).then(|| self.now + Duration::from_millis(7));
        if count == 0 {
            self.scheduler.end_of_input();
        }
        self.check();
    }

    /// What the first attempts of the items from `first` on take is found out.
    fn price_offered(&mut self, first: u64) {
        for index in first..=self.trace.offered {
            self.find_price(index, 1);
        }
    }

    fn find_price(&mut self, index: u64, attempt: u32) {
        if self.world.policy.rate_limits.iter().any(|limit| limit.weighted) {
            let at = self.now + self.world.latency(index, attempt + 100);
            self.pricing.push((at, index, attempt));
        }
    }

    fn price(&mut self) {
        for (at, index, attempt) in std::mem::take(&mut self.pricing) {
            if at <= self.now {
                self.scheduler.cost(index, self.world.costs(index, attempt));
            } else {
                self.pricing.push((at, index, attempt));
            }
        }
    }

    fn act_from_outside(&mut self) {
        let Some((at, outside)) = self.outside.filter(|(at, _)| *at <= self.now) else { return };
        self.outside = None;
        match outside {
            Outside::Deadline => self.scheduler.deadline(),
            Outside::SourceFails => self.scheduler.source_failed(),
            Outside::GraceOver => self.scheduler.grace_over(),
            Outside::Interrupt => {
                self.scheduler.interrupt();
                self.outside = Some((at + Duration::from_millis(20), Outside::GraceOver));
            }
        }
    }

    fn begin(&mut self, start: Start) {
        assert!(self.trace.stop.is_none(), "started {start:?} after the stop");
        assert!(start.count >= 1 && start.count <= self.world.chunk_max.max(1));
        assert!(start.attempt == 1 || start.count == 1);
        assert!(start.item_deadline.is_none_or(|deadline| deadline > self.now));
        self.pauses.begin(self.now, &start);
        let begins = self.now + self.world.latency(start.first, start.attempt);
        let ends = begins + self.world.duration(start.first, start.attempt);
        self.chunks.push(RunningChunk { start, done: 0, begins, ends, begun: false });
        assert!(self.chunks.len() <= self.world.policy.concurrency, "too many at once");
        assert_eq!(self.chunks.len(), self.scheduler.running());
    }

    /// Lets the workers go on up to now.
    fn work(&mut self) {
        for mut chunk in std::mem::take(&mut self.chunks) {
            if self.step(&mut chunk) {
                self.chunks.push(chunk);
            }
            self.check();
        }
    }

    /// Whether the chunk goes on.
    fn step(&mut self, chunk: &mut RunningChunk) -> bool {
        if !chunk.begun && chunk.begins <= self.now {
            let index = chunk.start.first + chunk.done;
            if self.world.returns_early(index) && self.refused.insert((index, chunk.start.attempt)) {
                self.pauses.put_back(index);
                self.scheduler.chunk_ended(self.now, &chunk.start, chunk.start.count - chunk.done);
                return false;
            }
            chunk.begun = true;
            let (attempt, began) = (chunk.start.attempt, chunk.begins);
            let mut costs = self.world.costs(index, attempt);
            if let Some((place, spent)) = self.world.spent(index, attempt) {
                costs[place] = spent;
            }
            self.trace.tries.push(Try { index, attempt, began, costs });
            if self.world.reports_starts {
                self.scheduler.started_at(&chunk.start, chunk.begins);
            }
        }
        if !chunk.begun || chunk.ends > self.now {
            return true;
        }
        self.report(chunk);
        chunk.done += 1;
        let left = chunk.start.count - chunk.done;
        if left == 0 || self.scheduler.stop().is_some() {
            self.scheduler.chunk_ended(self.now, &chunk.start, left);
            return false;
        }
        chunk.begun = false;
        chunk.begins = self.now;
        chunk.ends = self.now + self.world.duration(chunk.start.first + chunk.done, 1);
        self.step(chunk)
    }

    fn report(&mut self, chunk: &RunningChunk) {
        let (index, attempt) = (chunk.start.first + chunk.done, chunk.start.attempt);
        if let Some((place, spent)) = self.world.spent(index, attempt) {
            self.scheduler.spent(index, place, spent);
        }
        let outcome = self.world.outcome(index, attempt);
        self.pauses.hear(self.now, index, outcome);
        match outcome {
            Outcome::Success => {
                self.scheduler.succeeded(self.now, &chunk.start, 1);
                self.end(index, SimulatedEnding::Succeeded(attempt));
            }
            Outcome::Skip => {
                self.scheduler.skipped(self.now, &chunk.start);
                self.end(index, SimulatedEnding::Skipped);
            }
            Outcome::BadRow => {
                self.scheduler.withdrawn();
                self.trace.withdrawn += 1;
                self.end(index, SimulatedEnding::Withdrawn);
            }
            Outcome::Failure { retryable, retry_after } => {
                let identity = index % 3;
                let started = chunk.begins;
                let kind = FailureKind::Error;
                let failed = FailedAttempt { index, identity, kind, retryable, retry_after, started };
                match self.scheduler.failed(self.now, &chunk.start, &failed) {
                    Next::RetryAt(due) => {
                        self.find_price(index, attempt + 1);
                        assert!(retryable && self.trace.stop.is_none());
                        self.trace.granted.push(Granted {
                            index,
                            attempt,
                            wait: due.saturating_sub(self.now),
                        });
                    }
                    Next::Failed | Next::OutOfTime => self.end(index, SimulatedEnding::Failed),
                    Next::Cancelled => self.end(index, SimulatedEnding::Cancelled),
                }
            }
        }
    }

    /// Cuts off what is running, if the scheduler wants that.
    fn interrupt(&mut self) {
        self.check();
        self.trace.stop = self.scheduler.stop();
        if self.trace.stop.is_none_or(|stop| !stop.interrupt) {
            return;
        }
        for chunk in std::mem::take(&mut self.chunks) {
            let mut left = chunk.start.count - chunk.done;
            if chunk.begun {
                self.scheduler.cancelled(1);
                self.end(chunk.start.first + chunk.done, SimulatedEnding::Cancelled);
                left -= 1;
            }
            self.scheduler.chunk_ended(self.now, &chunk.start, left);
        }
    }

    fn end(&mut self, index: u64, ending: SimulatedEnding) {
        assert!((1..=self.trace.offered).contains(&index));
        let before = self.trace.endings.insert(index, ending);
        assert_eq!(before, None, "item {index} ended twice");
    }

    /// What must hold at every moment.
    fn check(&self) {
        let tally = self.scheduler.tally();
        let total = self.scheduler.total();
        assert!(tally.ended() <= total.unwrap_or(self.trace.offered));
        if let (true, Some(total)) = (self.world.policy.stop_early, total) {
            let fires = self.scheduler.stop().is_some_and(|stop| stop.reason == StopReason::StopEarly);
            if fires || (self.scheduler.stop().is_none() && tally.ended() < total) {
                assert_eq!(fires, !self.world.is_reachable(&tally, total), "{tally:?} of {total}");
            }
        }
    }

    fn next_moment(&self) -> Duration {
        let stopping = self.scheduler.stop().is_some();
        let wake = self.scheduler.next_wake(self.now);
        let chunks = self.chunks.iter().map(|chunk| if chunk.begun { chunk.ends } else { chunk.begins });
        let next = chunks
            .chain(self.next_offer.filter(|_| !stopping))
            .chain(self.outside.map(|(at, _)| at))
            .chain(self.pricing.iter().map(|(at, ..)| *at))
            .chain(wake)
            .min()
            .expect("something will happen while the step is not done");
        assert!(wake.is_none_or(|wake| wake > self.now), "everything due was done");
        next.max(self.now)
    }

    fn finish(mut self) -> Trace {
        self.scheduler.close();
        self.trace.tally = self.scheduler.tally();
        self.trace.total = self.scheduler.total();
        self.trace.verdict = Some(self.scheduler.verdict());
        self.trace.stop = self.scheduler.stop();
        self.trace.ended = self.now;
        self.trace
    }
}
