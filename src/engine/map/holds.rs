//! This module tells when a step is held back: by its breaker, or by a rate limit for long, at the start of an attempt or at a
//! request within one.

use std::sync::Arc;
use std::time::Duration;

use super::Coordinator;
use crate::event::Event;
use crate::lua::GateWait;
use crate::runtime::clock;

/// Longer waits for a rate limit are told; these are what a limit is for.
const TOLD_MIN: Duration = Duration::from_secs(1);

impl Coordinator<'_> {
    /// Tells what has changed.
    pub(super) fn tell_holds(&mut self) {
        let now = self.now();
        let paused = self.scheduler.paused_until();
        self.tell_pause(now, paused);
        self.tell_gates(now);
        let Some(held) = self.scheduler.held_back(now) else { return };
        if held.until <= now + TOLD_MIN || held.until <= self.holds.waited {
            return;
        }
        let limit = self.policy.rate_limits[held.limit].label();
        // A wait that turns out to be longer is told from where the first word of it ended.
        let begin = now.max(self.holds.waited.min(held.until));
        self.holds.waited = held.until;
        self.holds.keep(Some(limit.clone()), begin, held.until);
        let seconds = held.until.saturating_sub(now);
        self.context.emit(Event::Waiting { step: self.step.id, limit, seconds });
    }

    /// The step has ended, and any pause with it.
    pub(super) fn end_holds(&mut self) {
        let now = self.now();
        // That attempts start again nobody has to be told: none does.
        if self.holds.paused.take().is_some() {
            let since = self.holds.since;
            self.holds.keep(None, since, now);
        }
        // A wait for a limit may have been cut off, too.
        for hold in &mut self.holds.holds {
            hold.duration = hold.duration.min(now.saturating_sub(hold.begin));
        }
    }

    /// Tells which limits requests wait for within their attempts.
    fn tell_gates(&mut self, now: Duration) {
        for GateWait { limit, begin, until } in self.holds.gate_waits.take() {
            let until = now + until.saturating_duration_since(clock::now());
            let begin = now + begin.saturating_duration_since(clock::now());
            self.holds.keep(Some(Arc::clone(&limit)), begin, until);
            let seconds = until.saturating_sub(now);
            self.context.emit(Event::Waiting { step: self.step.id, limit, seconds });
        }
    }

    fn tell_pause(&mut self, now: Duration, paused: Option<Duration>) {
        if paused == self.holds.paused {
            return;
        }
        if self.holds.paused.is_none() {
            self.holds.since = now;
        } else if paused.is_none() {
            let since = self.holds.since;
            self.holds.keep(None, since, now);
        }
        self.holds.paused = paused;
        // By the clock of the run, as all times of events.
        let until = paused.map(|until| self.begun + until);
        self.context.emit(Event::Breaker { step: self.step.id, open: paused.is_some(), until });
    }
}
