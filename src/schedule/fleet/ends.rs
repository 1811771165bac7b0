//! Every step ends: when all of its items are committed, when it is stopped, or when there is no way on. Then jobs are told to
//! end, and after a while they are no longer waited for.

use super::action::{Action, Halt, JobId};
use super::ending::{Failure, Outcome};
use super::machine::Fleet;
use super::record_fault::RecordFault;
use super::stem::Place;
use std::time::Duration;

/// How long cancelled jobs are waited for.
const CANCELLED_WITHIN: Duration = Duration::from_secs(60);
/// A listing that nobody answered is asked for again after this time.
const LIST_EVERY: Duration = Duration::from_secs(30);

impl Fleet {
    /// Nothing more is started. A second call may only make it stricter.
    pub fn stop(&mut self, now: Duration, halt: Halt) {
        if self.ending.is_complete || self.ending.halt >= Some(halt) {
            return;
        }
        self.ending.halt = Some(halt);
        if halt == Halt::Interrupt {
            self.ending.cancel_at = Some(now + self.options.grace);
        }
        self.control();
        self.looks.soon(now);
    }

    /// Nobody waits for running items any more: all jobs end now.
    pub fn cancel(&mut self, now: Duration) {
        self.stop(now, Halt::Interrupt);
        self.ending.cancel_at = self.ending.cancel_at.map(|at| at.min(now));
    }

    pub(super) fn fail(&mut self, now: Duration, failure: Failure) {
        self.ending.failure.get_or_insert(failure);
        self.stop(now, Halt::Interrupt);
    }

    pub(super) fn end_at_fault(&mut self, now: Duration, fault: RecordFault) {
        self.ending.fault = Some(fault);
        self.cancel(now);
    }

    /// Ends the step if every item is committed.
    pub(super) fn complete(&mut self, now: Duration) {
        if self.covered.count() == self.total && !self.ending.is_complete {
            self.ending.is_complete = true;
            self.looks.soon(now);
        }
    }

    /// Sees to it that records are listed.
    pub(super) fn list_soon(&mut self, now: Duration) {
        self.ending.list_at = Some(now);
    }

    /// When records have to be listed again.
    pub(super) fn listed_until(&mut self, now: Duration) {
        let lagging = self.lagging.iter().filter_map(|stem| match self.stems.get(*stem).place {
            Place::Lagging(_, until) => Some(until.max(now)),
            _ => None,
        });
        let ended = self.ended.first().map(|(heard, _)| *heard);
        self.ending.list_at = lagging.chain(ended).min();
    }

    /// What is to be done now; `None`: nothing before [`Fleet::next_wake`] or the next report.
    pub fn act(&mut self, now: Duration) -> Option<Action> {
        self.end(now);
        if self.actions.is_empty() && self.ending.list_at.is_some_and(|at| at <= now) {
            self.ending.list_at = Some(now + LIST_EVERY);
            return Some(Action::List);
        }
        let queued = self.actions.pop_front();
        queued.or_else(|| self.submit(now)).or_else(|| self.look(now))
    }

    /// Cancels what has to be, when it is time.
    fn end(&mut self, now: Duration) {
        let is_over = self.ending.is_complete && self.ending.leave_at.is_none();
        if is_over || (self.ending.cancels(now) && self.ending.leave_at.is_none()) {
            self.ending.leave_at = Some(now + CANCELLED_WITHIN);
            let jobs: Vec<JobId> = if is_over { self.strays() } else { self.all_live() };
            for job in jobs {
                self.cancel_job(now, job);
            }
        }
    }

    fn all_live(&self) -> Vec<JobId> {
        self.live_jobs().map(|(id, _)| id).collect()
    }

    /// Live jobs but for those whose own record has just been seen: they are on their way out.
    fn strays(&self) -> Vec<JobId> {
        self.live_jobs().filter(|(_, job)| job.idle_since.is_none()).map(|(id, _)| id).collect()
    }

    /// When to call [`Fleet::act`] again though nothing was reported.
    pub fn next_wake(&self) -> Option<Duration> {
        let ending = &self.ending;
        let pending = ending.cancel_at.filter(|_| ending.leave_at.is_none()).or(ending.leave_at);
        [self.wave_at(), self.look_at(), ending.list_at, pending].into_iter().flatten().min()
    }

    /// How the step ended, once it has. Jobs that are still alive then are those that could not be ended in time.
    pub fn outcome(&self, now: Duration) -> Option<Outcome> {
        let ending = &self.ending;
        let is_left = ending.leave_at.is_some_and(|at| at <= now);
        if ending.is_complete && ending.fault.is_none() {
            let is_alone = is_left || (ending.leave_at.is_some() && self.strays().is_empty());
            return (is_alone && self.actions.is_empty()).then_some(Outcome::Complete);
        }
        ending.halt?;
        let is_quiet = self.live.is_empty() && self.ended.is_empty() && self.lagging.is_empty();
        if !self.actions.is_empty() || !(is_quiet || is_left) {
            return None;
        }
        let failure = ending.failure.clone().map(Outcome::Failed);
        Some(ending.fault.clone().map(Outcome::Fault).or(failure).unwrap_or(Outcome::Stopped))
    }

    /// Jobs that may still be alive.
    pub fn left_alive(&self) -> Vec<JobId> {
        self.all_live()
    }
}
