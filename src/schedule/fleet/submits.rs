//! This type knows when what may be submitted.

use std::time::Duration;

/// The wait after an engine had no room for the first time.
const BACKOFF_MIN: Duration = Duration::from_secs(5);
/// The longest wait after an engine had no room.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// When what may be submitted.
#[derive(Debug, Default)]
pub(super) struct Submits {
    pub(super) next_at: Duration,
    /// Refusals in a row that were only for now.
    pub(super) refusals: u32,
    /// Shards that a wave may have after refusals; `None`: as many as the engine's limit allows.
    pub(super) size: Option<u32>,
    /// The wave whose submission is not answered.
    pub(super) asking: Option<u32>,
}

impl Submits {
    pub(super) fn accepted(&mut self) {
        (self.refusals, self.size) = (0, self.size.and_then(|size| size.checked_mul(2)));
    }

    /// The engine had no room for so many.
    pub(super) fn refused(&mut self, now: Duration, size: u32) {
        let wait = BACKOFF_MIN * 2_u32.pow(self.refusals.min(4));
        self.refusals += 1;
        self.size = Some((size / 2).max(1));
        self.next_at = now + wait.min(BACKOFF_MAX);
    }
}
