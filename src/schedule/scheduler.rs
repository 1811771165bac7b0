//! The scheduler decides what may start now, what becomes of a failed attempt, and when a step is over. The engine
//! runs, times and interrupts attempts, and keeps the items themselves.

mod outcomes;
#[cfg(test)]
mod tests;

pub use outcomes::{FailedAttempt, Next};

use std::time::Duration;

use super::breaker::BreakerState;
use super::costs::Costs;
use super::limiter::{LimitId, RateLimits, Share};
use super::ready::Ready;
use super::waiting::{Retry, WaitingItems};
use super::{FailFast, Policy, Stop, verdict};
use crate::event::Tally;

/// Items that may wait for a retry while fresh ones still start. Each of them is kept in memory, so a step that fails
/// faster than its backoff lets it try again must pause; 65,536 items of 1 KB are 64 MB. Attempts that were already
/// running may add their own items to that.
const WAITING_MAX: u64 = 65_536;

/// What limits know by the index of no item: that of those that are worked on elsewhere.
const HELD: u64 = 0;

/// The state of one map-like step. Every time is counted from the step's start and never goes back. Each call costs
/// O(log waiting retries) at most, and nothing for each item of a chunk that goes well.
///
/// The engine offers items, starts what [`Scheduler::start`] gives, reports how each started item ended, and then
/// that the chunk has ended; after each report it looks at [`Scheduler::stop`] and [`Scheduler::is_done`].
#[derive(Debug)]
pub struct Scheduler {
    policy: Policy,
    seed: u64,
    ready: Ready,
    waiting: WaitingItems,
    /// Its share of the rate limits, if it is under any.
    share: Option<Share>,
    costs: Costs,
    breaker: Option<BreakerState>,
    tally: Tally,
    /// Starts that were given out and have not ended.
    running: usize,
    /// Retries granted so far.
    retries: u64,
    /// Offered items that were none of this step's.
    withdrawn: u64,
    /// The total as known before the input has ended.
    expected: Option<u64>,
    /// The most items that there can be, as known before the input has ended.
    at_most: Option<u64>,
    input_ended: bool,
    stop: Option<Stop>,
    deadline_passed: bool,
    /// Items that the step's deadline cut off.
    deadline_cut: u64,
}

/// What may start: one retry, or fresh items that follow each other and are worked off by one worker, one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Index of the first item, from 1.
    pub first: u64,
    /// Number of items, at least 1.
    pub count: u64,
    /// Number of this attempt, from 1. More than one item means attempt 1.
    pub attempt: u32,
    /// When all attempts of the item must have ended. `None` for a first attempt, whose own start sets it.
    pub item_deadline: Option<Duration>,
}

/// Why an item that could start does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldBack {
    /// The rate limit that it waits for, by its place in the policy.
    pub limit: usize,
    /// Until when, as far as that is known.
    pub until: Duration,
}

impl Scheduler {
    /// A step with no items yet. The seed is that of the run, or one derived from it for this step.
    pub fn new(policy: &Policy, seed: u64) -> Self {
        let own =
            |limits: &RateLimits| policy.rate_limits.iter().map(|limit| limits.add(limit.rate)).collect();
        let scheduler = Self {
            policy: policy.clone(),
            seed,
            ready: Ready::behind(0),
            waiting: WaitingItems::default(),
            share: None,
            costs: Costs::new(&policy.rate_limits),
            breaker: policy.breaker.map(BreakerState::new),
            tally: Tally::default(),
            running: 0,
            retries: 0,
            withdrawn: 0,
            expected: None,
            at_most: None,
            input_ended: false,
            stop: None,
            deadline_passed: false,
            deadline_cut: 0,
        };
        let (limits, begun) = (RateLimits::default(), Duration::ZERO);
        let own: Vec<LimitId> = own(&limits);
        scheduler.sharing(&limits, &own, begun)
    }

    /// The same under these limits, one for each of the policy, which it may share with other steps, instead of limits of
    /// its own. Their clock reads `begun` when the step's reads zero.
    #[must_use]
    pub fn sharing(self, limits: &RateLimits, own: &[LimitId], begun: Duration) -> Self {
        let share = (!own.is_empty()).then(|| Share::new(limits, own, begun));
        Self { share, ..self }
    }

    /// Takes so much of each of its limits for whoever works in its place, until they are released, unless it has taken that before;
    /// `false`: there is not so much now.
    pub fn hold_limits(&mut self, now: Duration, costs: &[u64]) -> bool {
        self.share.as_mut().is_none_or(|share| share.has(HELD) || share.take(now, HELD, costs))
    }

    /// What was held of its limits may have been started with until now.
    pub fn release_limits(&mut self, now: Duration) {
        if let Some(share) = &mut self.share {
            share.ended(HELD, now);
        }
    }

    /// The same for a slice of the items: their indices begin behind this many that are no concern of the step.
    #[must_use]
    pub fn behind(self, before: u64) -> Self {
        Self { ready: Ready::behind(before), ..self }
    }

    /// This many more fresh items are there; their indices follow on those before.
    pub fn offer(&mut self, count: u64) {
        self.ready.offer(count);
    }

    /// The next items of the step are no concern of this process: they neither start nor count.
    pub fn leave_out(&mut self, count: u64) {
        self.ready.leave_out(count);
    }

    /// The next item of the step has had so many attempts elsewhere, which failed: it is due for another one.
    pub fn carried(&mut self, now: Duration, attempts: u32) {
        let index = self.ready.end();
        self.ready.pass(1);
        let item_deadline = self.policy.item_deadline.map(|limit| now.saturating_add(limit));
        let attempt = attempts.saturating_add(1);
        self.retries += 1;
        // Where it failed the budget was asked for it.
        self.grant();
        self.waiting.push(now, Retry { index, attempt, item_deadline });
    }

    /// The index of the next item that is offered, from 1.
    pub fn next_index(&self) -> u64 {
        self.ready.end()
    }

    /// This many more items are there, in their place among those that are offered, and have ended already: their
    /// endings are known from an old run. They count, and are not started.
    pub fn passed(&mut self, ended: &Tally) {
        self.ready.pass(ended.ended());
        self.tally.succeeded += ended.succeeded;
        self.tally.skipped += ended.skipped;
        self.tally.retried += ended.retried;
        self.cancelled(ended.cancelled);
        for _ in 0..ended.failed {
            self.lose();
        }
        self.reconsider();
    }

    /// No more fresh items will come. Without [`Scheduler::expect_total`] this makes the total known.
    pub fn end_of_input(&mut self) {
        self.input_ended = true;
        self.reconsider();
    }

    /// The total is known in advance. Items that are never offered count as cancelled in the end.
    pub fn expect_total(&mut self, total: u64) {
        self.expected = Some(total);
        self.reconsider();
    }

    /// There are no more items than these, those included that turn out to be none of this step's. Items beyond prove the bound
    /// wrong: then it is the number of items so far.
    pub fn expect_at_most(&mut self, most: u64) {
        self.at_most = Some(most);
        self.reconsider();
    }

    /// What may start now: a due retry, else up to `max` fresh items as one chunk, one at a time under a rate limit or a
    /// breaker. With `max` 0 only retries start. `None`: nothing before [`Scheduler::next_wake`] or the end of a chunk.
    ///
    /// Under a rate limit every start is to be reported with [`Scheduler::started_at`] as soon as it has happened:
    /// until then it counts as being in the present window, so late reports slow the step down.
    pub fn start(&mut self, now: Duration, max: u64) -> Option<Start> {
        if !self.may_start(now) {
            return None;
        }
        let retry = self.waiting.peek_due(now);
        let fresh = || if max > 0 { self.next_fresh() } else { None };
        // Nothing is asked for that nobody wants: others may be waiting for it.
        let index = retry.map(|retry| retry.index).or_else(fresh)?;
        if let Some(share) = &mut self.share
            && !share.take(now, index, self.costs.of(index)?)
        {
            return None;
        }
        let start = match self.waiting.pop_due(now) {
            Some(Retry { index, attempt, item_deadline }) => {
                self.tally.retried += u64::from(attempt == 2);
                Start { first: index, count: 1, attempt, item_deadline }
            }
            None => self.start_fresh(max)?,
        };
        if let Some(breaker) = &mut self.breaker {
            breaker.started(start.first);
        }
        self.running += 1;
        Some(start)
    }

    /// Whether anything may start, if it finds room in the rate limits.
    fn may_start(&self, now: Duration) -> bool {
        let breaker = self.breaker.as_ref();
        self.stop.is_none()
            && self.running < self.policy.concurrency.max(1)
            && breaker.is_none_or(|breaker| breaker.opens_at(now) == Some(now))
    }

    fn start_fresh(&mut self, max: u64) -> Option<Start> {
        self.next_fresh()?;
        let single = self.share.is_some() || self.breaker.is_some();
        let (first, count) = self.ready.take(if single { max.min(1) } else { max })?;
        Some(Start { first, count, attempt: 1, item_deadline: None })
    }

    /// Index of the fresh item that starts next; `None` when none may start, however many workers are free.
    pub fn next_fresh(&self) -> Option<u64> {
        if self.stop.is_some() || self.waiting.len() >= WAITING_MAX { None } else { self.ready.first() }
    }

    /// What the next attempt of an item takes of each rate limit of the policy, in their order, where attempts have costs
    /// of their own: no item starts before that is told. Without any costs it takes nothing.
    pub fn cost(&mut self, index: u64, costs: Vec<u64>) {
        self.costs.set(index, costs);
        self.waiting.price(index);
    }

    /// The running attempt of this item took so much of the rate limit at `place` in the policy, whatever was said before.
    pub fn spent(&mut self, index: u64, place: usize, amount: u64) {
        if let Some(share) = &mut self.share {
            share.spent(index, place, amount);
        }
    }

    /// When a start under a rate limit really took place. No effect without a rate limit, or the second time.
    pub fn started_at(&mut self, start: &Start, at: Duration) {
        if let Some(share) = &mut self.share {
            share.started(start.first, at);
        }
    }

    /// When to ask [`Scheduler::expired`] and [`Scheduler::start`] again though no chunk has ended: a retry falls due,
    /// a rate window opens, a breaker's pause is over, or the deadline of a waiting item passes.
    pub fn next_wake(&self, now: Duration) -> Option<Duration> {
        if self.stop.is_some() {
            return None;
        }
        let mut start = None;
        if self.running < self.policy.concurrency.max(1) {
            // A retry that is due goes first, even when a fresh item would find room before it.
            let due = self.waiting.first_due();
            let fresh = self.next_fresh().filter(|_| due.is_none_or(|(due, _)| due > now));
            let fresh = fresh.and_then(|index| self.opens_at(now, now, index));
            let retry = due.and_then(|(due, index)| self.opens_at(now, due, index));
            start = earlier(fresh, retry);
        }
        earlier(start, self.waiting.first_late()).map(|wake| wake.max(now))
    }

    /// When to ask for an attempt of an item that may start at `due`. `None`: when something is reported.
    fn opens_at(&self, now: Duration, due: Duration, index: u64) -> Option<Duration> {
        let costs = self.costs.of(index)?;
        let share = self.share.as_ref().map_or(Some(now), |share| share.asks_again(now, costs));
        let breaker = self.breaker.as_ref().map_or(Some(now), |breaker| breaker.opens_at(now));
        Some(due.max(share?).max(breaker?))
    }

    /// Which rate limit the next item waits for, where nothing else holds it back.
    pub fn held_back(&mut self, now: Duration) -> Option<HeldBack> {
        if !self.may_start(now) {
            return None;
        }
        let index = self.waiting.peek_due(now).map(|retry| retry.index).or_else(|| self.next_fresh())?;
        let (limit, until) = self.share.as_ref()?.waits_for(now, self.costs.of(index)?)?;
        Some(HeldBack { limit, until })
    }

    /// Until when the breaker lets nothing start. It may have passed while the item that tries is running.
    pub fn paused_until(&self) -> Option<Duration> {
        self.breaker.as_ref().filter(|_| self.stop.is_none())?.paused_until()
    }

    /// Why the step is stopping, if it is.
    pub fn stop(&self) -> Option<Stop> {
        self.stop
    }

    /// How many more items may fail, be skipped or be cut off before the step can stop because of them, the last of them
    /// included; at least 1. `None`: nothing that is known so far makes it stop.
    pub fn allowance(&self) -> Option<u64> {
        if self.policy.fail_fast != FailFast::Off {
            return Some(1);
        }
        let failures = self.policy.max_failures.map(|max| max.saturating_sub(self.tally.failed) + 1);
        let stop_early = self.policy.stop_early.then_some(self.policy.min_success_ratio);
        let losses = stop_early.and_then(|ratio| verdict::losses_left(ratio, &self.tally, self.most()));
        earlier(failures, losses).map(|left| left.max(1))
    }

    /// Nothing is running and nothing will ever start again.
    pub fn is_done(&self) -> bool {
        let exhausted = || self.waiting.len() == 0 && self.ready.first().is_none() && self.all_offered();
        self.running == 0 && (self.stop.is_some() || exhausted())
    }

    fn all_offered(&self) -> bool {
        self.input_ended || self.expected.is_some_and(|total| self.ready.offered() >= total)
    }

    /// The counters so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Items that wait for another attempt.
    pub fn waiting(&self) -> u64 {
        self.waiting.len()
    }

    /// Attempts being worked on, never more than `concurrency`.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Items in all, once known.
    pub fn total(&self) -> Option<u64> {
        let offered = self.ready.offered();
        let total = match self.expected {
            Some(expected) => Some(expected.max(offered)),
            None => self.input_ended.then_some(offered),
        };
        total.map(|total| total - self.withdrawn)
    }

    /// The most items that there can be, once known.
    fn most(&self) -> Option<u64> {
        let bound = self.at_most.map(|most| most.max(self.ready.offered()) - self.withdrawn);
        self.total().or(bound)
    }
}

fn earlier<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    a.into_iter().chain(b).min()
}
