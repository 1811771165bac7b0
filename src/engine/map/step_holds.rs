//! This type keeps how a step has been held back so far.

use std::sync::Arc;
use std::time::Duration;

use crate::event::Hold;
use crate::lua::GateWaits;

/// Holds that are remembered, the first ones.
const KEPT_MAX: usize = 1000;

/// How a step has been held back.
#[derive(Default)]
pub(super) struct StepHolds {
    /// Until when the breaker lets nothing start, as it was told.
    pub(super) paused: Option<Duration>,
    /// When the pause began.
    pub(super) since: Duration,
    /// The end of the last wait for a limit that was told.
    pub(super) waited: Duration,
    /// What its requests wait for, as they tell it.
    pub(super) gate_waits: Arc<GateWaits>,
    pub(super) holds: Vec<Hold>,
}

impl StepHolds {
    /// All of them, once the step has ended.
    pub(super) fn into_holds(self) -> Vec<Hold> {
        self.holds
    }

    /// One more.
    pub(super) fn keep(&mut self, limit: Option<Arc<str>>, begin: Duration, end: Duration) {
        if self.holds.len() < KEPT_MAX {
            self.holds.push(Hold { limit, begin, duration: end.saturating_sub(begin) });
        }
    }
}
