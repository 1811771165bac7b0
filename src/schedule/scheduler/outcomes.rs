//! This module ends attempts, chunks and the step itself. The parent starts them.

use std::time::Duration;

use super::{Scheduler, Start};
use crate::event::FailureKind;
use crate::schedule::breaker::Health;
use crate::schedule::waiting::Retry;
use crate::schedule::{Expired, FailFast, Stop, StopReason, Verdict, backoff, verdict};

/// One failed attempt, as far as the policy cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Which item of the chunk, from 1.
    pub index: u64,
    /// Hash of the item's content; jitter is drawn from it.
    pub identity: u64,
    /// What failed.
    pub kind: FailureKind,
    /// Whether another attempt makes sense: not after `flow.fail`, and only if `retries.when` says so.
    pub retryable: bool,
    /// The wait that `flow.retry` asked for.
    pub retry_after: Option<Duration>,
    /// When this attempt began.
    pub started: Duration,
}

/// What becomes of an item after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It may be tried again from this time on; keep it.
    RetryAt(Duration),
    /// It has failed for good.
    Failed,
    /// It has failed for good, with kind `deadline`: the next attempt would only begin after its `item_deadline`.
    OutOfTime,
    /// It had tries left but the step is stopping: it is cancelled.
    Cancelled,
}

impl FailedAttempt {
    /// What it says of what the item asked: nothing, when no other attempt would fare better.
    fn health(&self) -> Health {
        let is_own = matches!(self.kind, FailureKind::Result | FailureKind::Memory);
        if self.retryable && !is_own { Health::Bad } else { Health::Neither }
    }
}

impl Scheduler {
    /// Running items of `start` that succeeded.
    pub fn succeeded(&mut self, now: Duration, start: &Start, count: u64) {
        self.tally.succeeded += count;
        if count > 0 {
            self.heard(now, start, Health::Good);
        }
    }

    /// A running item of `start` that `flow.skip` left out.
    pub fn skipped(&mut self, now: Duration, start: &Start) {
        self.tally.skipped += 1;
        self.heard(now, start, Health::Good);
        self.reconsider();
    }

    /// Running items that were cut off.
    pub fn cancelled(&mut self, count: u64) {
        self.tally.cancelled += count;
        if self.deadline_passed {
            self.deadline_cut += count;
        }
        self.reconsider();
    }

    /// A running item that turned out to be none of this step's: a row that its source could not read after all.
    pub fn withdrawn(&mut self) {
        self.withdrawn += 1;
        self.reconsider();
    }

    /// An attempt of `start` failed. Decides whether the item gets another one.
    pub fn failed(&mut self, now: Duration, start: &Start, attempt: &FailedAttempt) -> Next {
        self.heard(now, start, attempt.health());
        let granted = self.has_tries(start, attempt) && self.has_budget();
        if !granted {
            self.lose();
            return Next::Failed;
        }
        if self.stop.is_some() {
            self.drop_items(1);
            return Next::Cancelled;
        }
        let due = now.saturating_add(self.wait(start.attempt, attempt));
        let item_deadline = self.item_deadline(start, attempt.started);
        if item_deadline.is_some_and(|deadline| due >= deadline) {
            self.lose();
            return Next::OutOfTime;
        }
        self.retries += 1;
        let retry = Retry { index: attempt.index, attempt: start.attempt + 1, item_deadline };
        if self.costs.is_weighted() {
            // The next attempt has a price of its own.
            self.waiting.push_unpriced(due, retry);
        } else {
            self.waiting.push(due, retry);
        }
        Next::RetryAt(due)
    }

    /// Whether the item of a failed attempt would get another one if the budget of retries were larger. To be asked before
    /// [`Scheduler::failed`].
    pub fn wants_grant(&self, start: &Start, attempt: &FailedAttempt) -> bool {
        self.stop.is_none() && self.has_tries(start, attempt) && !self.has_budget()
    }

    /// One retry more than the budget, if there is one, had said.
    pub fn grant(&mut self) {
        if let Some(budget) = &mut self.policy.retries.budget {
            *budget = budget.saturating_add(1);
        }
    }

    fn has_tries(&self, start: &Start, attempt: &FailedAttempt) -> bool {
        attempt.retryable && start.attempt <= self.policy.retries.max
    }

    fn has_budget(&self) -> bool {
        self.policy.retries.budget.is_none_or(|budget| self.retries < budget)
    }

    /// An attempt says how things stand. Under a breaker a start is one item.
    fn heard(&mut self, now: Duration, start: &Start, health: Health) {
        if let Some(breaker) = &mut self.breaker {
            breaker.heard(now, start.first, health);
        }
    }

    /// When all attempts of an item must have ended, given that an attempt of it in `start` began at `started`.
    pub fn item_deadline(&self, start: &Start, started: Duration) -> Option<Duration> {
        start.item_deadline.or_else(|| self.policy.item_deadline.map(|limit| started.saturating_add(limit)))
    }

    fn wait(&self, number: u32, attempt: &FailedAttempt) -> Duration {
        let retries = &self.policy.retries;
        if let Some(wait) = attempt.retry_after {
            return wait.min(retries.max_delay);
        }
        let wait = backoff::delay(retries, number - 1);
        let draw = backoff::draw(self.seed, attempt.identity, attempt.index, number);
        backoff::drawn(retries.jitter, wait, retries.max_delay, draw)
    }

    /// The next item whose deadline passed while it waited, as long as there are any: it has failed for good.
    pub fn expired(&mut self, now: Duration) -> Option<Expired> {
        let retry = self.waiting.pop_late(now)?;
        // The retry that never began is there for others.
        self.retries -= 1;
        self.lose();
        Some(Expired { index: retry.index, attempts: retry.attempt - 1 })
    }

    /// A started chunk came back. The last `unstarted` items of it were not begun and will be started again first of
    /// all; how each of the others ended has been reported. Without a word from [`Scheduler::started_at`] a start under
    /// a rate limit counts as made now.
    pub fn chunk_ended(&mut self, now: Duration, start: &Start, unstarted: u64) {
        self.running -= 1;
        if let Some(share) = &mut self.share {
            if unstarted > 0 {
                share.take_back(start.first);
            } else {
                share.ended(start.first, now);
            }
        }
        if let Some(breaker) = &mut self.breaker {
            // Of one that was cut off nothing was said.
            breaker.put_back(start.first);
        }
        if unstarted == 0 {
            self.costs.forget(start.first);
        }
        if unstarted > 0 && start.attempt > 1 {
            self.put_off(now, start);
        } else {
            self.ready.give_back(start.first + start.count - unstarted, unstarted);
        }
    }

    /// Takes back a retry that was not begun.
    fn put_off(&mut self, now: Duration, start: &Start) {
        self.tally.retried -= u64::from(start.attempt == 2);
        if self.stop.is_some() {
            self.drop_items(1);
        } else {
            let Start { first: index, attempt, item_deadline, .. } = *start;
            self.waiting.push(now, Retry { index, attempt, item_deadline });
        }
    }

    /// The step's deadline has passed: running attempts are to be interrupted, and if any item is cut off by that the
    /// step has failed.
    pub fn deadline(&mut self) {
        self.deadline_passed = true;
        self.halt(StopReason::Deadline, true);
    }

    /// SIGINT: nothing more starts; running attempts go on until [`Scheduler::grace_over`].
    pub fn interrupt(&mut self) {
        self.halt(StopReason::Interrupted, false);
    }

    /// The time that an interrupt gave to running attempts is over.
    pub fn grace_over(&mut self) {
        self.halt(StopReason::Interrupted, true);
    }

    /// What the step reads from has failed: running attempts are to be interrupted.
    pub fn source_failed(&mut self) {
        self.halt(StopReason::SourceFailed, true);
    }

    /// The program that is the step's function is of no use: running attempts are to be interrupted.
    pub fn program_lost(&mut self) {
        self.halt(StopReason::Program, true);
    }

    /// There are as many results as anybody wants: nothing more starts, and items that were not started are none of this
    /// step's. Running attempts finish.
    pub fn enough(&mut self) {
        if self.stop.is_none() {
            self.withdrawn += self.ready.unstarted();
            // Also where every other item has ended, so that those that were withdrawn do not start.
            self.stop_by(StopReason::Enough, false);
        }
    }

    /// Once nothing runs any more: what never started is cancelled, and the counters add up to the total.
    pub fn close(&mut self) {
        let waiting = self.waiting.clear();
        self.drop_items(waiting);
        let total = self.total().unwrap_or(self.ready.offered() - self.withdrawn);
        self.drop_items(total.saturating_sub(self.tally.ended()));
    }

    /// The verdict on the counters, final after [`Scheduler::close`]. The formula of the language alone decides, but
    /// for a deadline that cut items off: that fails the step. Such a cut is also assumed when the deadline came
    /// before the end of the input was known.
    pub fn verdict(&self) -> Verdict {
        let unread = self.total().is_none() && self.stopped_by(StopReason::Deadline);
        verdict::judge(&self.policy, &self.tally, self.stop, unread || self.deadline_cut > 0)
    }

    /// An item failed for good.
    pub(super) fn lose(&mut self) {
        self.tally.failed += 1;
        match self.policy.fail_fast {
            FailFast::Off => self.reconsider(),
            FailFast::Interrupt => self.halt(StopReason::FailFast, true),
            FailFast::Drain => self.halt(StopReason::FailFast, false),
        }
    }

    /// Stops the step if the verdict is sealed. Running attempts are then interrupted: nothing they do can matter.
    pub(super) fn reconsider(&mut self) {
        if self.stop.is_some() {
            return;
        }
        if self.policy.max_failures.is_some_and(|max| self.tally.failed > max) {
            self.halt(StopReason::MaxFailures, true);
        } else if self.policy.stop_early
            && verdict::out_of_reach(self.policy.min_success_ratio, &self.tally, self.most())
        {
            self.halt(StopReason::StopEarly, true);
        }
    }

    /// Starts nothing more and drops pending retries. The first reason stays; later ones can only add the interrupt.
    /// Nothing happens when every item has ended already.
    fn halt(&mut self, reason: StopReason, interrupt: bool) {
        if self.total() == Some(self.tally.ended()) {
            return;
        }
        if let Some(stop) = &mut self.stop {
            stop.interrupt |= interrupt;
            return;
        }
        self.stop_by(reason, interrupt);
    }

    /// Stops; items that wait for their next attempt get none.
    fn stop_by(&mut self, reason: StopReason, interrupt: bool) {
        self.stop = Some(Stop { reason, interrupt });
        let waiting = self.waiting.clear();
        self.drop_items(waiting);
    }

    /// Cancels items that are not running.
    fn drop_items(&mut self, count: u64) {
        self.tally.cancelled += count;
        if self.stopped_by(StopReason::Deadline) {
            self.deadline_cut += count;
        }
    }

    fn stopped_by(&self, reason: StopReason) -> bool {
        self.stop.is_some_and(|stop| stop.reason == reason)
    }
}
