//! A guest is somebody who takes one of a limit at a time, at once and for good: a step whose attempts make requests under
//! it.

use std::time::Duration;

use super::{LimitId, RateLimits, Take};

/// Somebody who takes one of a limit at a time. Its times are those of the limits.
#[derive(Debug)]
pub struct Guest {
    limits: RateLimits,
    user: u64,
    window: usize,
}

impl RateLimits {
    /// Another guest of this limit.
    pub fn guest(&self, limit: LimitId) -> Guest {
        Guest { limits: self.clone(), user: self.join(), window: limit.0 }
    }
}

impl Guest {
    /// Takes one, as started now.
    ///
    /// # Errors
    /// Says when to ask again.
    pub fn take(&self, now: Duration) -> Result<(), Duration> {
        let takes = [Take { window: self.window, cost: 1 }];
        let mut shared = self.limits.lock();
        if shared.take(self.user, &takes, now) {
            shared.windows[self.window].started(1, now);
            return Ok(());
        }
        // All its own starts are known; alone, it waits for one of those.
        Err(shared.asks_again(self.user, &takes, now).unwrap_or(now + super::ASK_AGAIN))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.limits.lock().users.remove(&self.user);
    }
}
