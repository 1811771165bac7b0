//! This type knows when the engine is to be asked for its jobs.

use std::time::Duration;

/// How often the engine is asked: so often while things happen, and so seldom when nothing does.
pub(super) const EVERY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(15));
/// An answer that has not come by then was lost.
const LOST_AFTER: Duration = Duration::from_secs(120);

/// When to look.
#[derive(Debug, Default)]
pub(super) struct Looks {
    pub(super) next_at: Duration,
    pub(super) interval: Duration,
    /// When the question was asked that is not answered.
    pub(super) asked: Option<Duration>,
    /// When the newest question was asked that was answered.
    pub(super) answered: Option<Duration>,
    /// Questions in a row that were not answered.
    pub(super) silences: u32,
}

impl Looks {
    /// Whether the engine does not answer.
    pub(super) fn is_silent(&self) -> bool {
        self.silences > 0
    }

    /// Something has happened that makes looking worth while.
    pub(super) fn soon(&mut self, now: Duration) {
        self.interval = EVERY.0;
        if self.silences == 0 {
            // What was due while there was nothing to ask for is not due now.
            let is_open = self.next_at > now;
            self.next_at = if is_open { self.next_at.min(now + EVERY.0) } else { now + EVERY.0 };
        }
    }

    pub(super) fn due(&self) -> Duration {
        self.asked.map_or(self.next_at, |asked| asked + LOST_AFTER)
    }
}
