//! The limiter is a rate limit that several steps may share: each reserves a start before it makes it, and tells when
//! it was made. It is exact for all of them together, because what is reserved counts until its time is known.
//!
//! The window counts the starts; the limiter decides which of several steps is next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::rate_window::Window;
use crate::value::Rate;

/// When to ask again while others have reserved all starts and have not said when they made them, or are first.
const ASK_AGAIN: Duration = Duration::from_millis(2);

/// How long a step that was refused is waited for: it asks again when the window opens, or has stopped by then.
const TURN: Duration = Duration::from_millis(100);

/// A rate limit that several steps may share. Its clones are the same limit.
#[derive(Debug, Clone)]
pub struct RateLimiter(Arc<Mutex<LimiterShared>>);

#[derive(Debug)]
struct LimiterShared {
    window: Window,
    /// One for each step, in the order in which they came.
    users: Vec<User>,
    /// Starts granted so far.
    granted: u64,
    /// The latest time that anybody has named.
    latest: Duration,
}

#[derive(Debug, Clone, Copy)]
struct User {
    /// Which grant its last one was.
    last: u64,
    /// When it was refused last and has not been granted anything since.
    refused: Option<Duration>,
}

impl RateLimiter {
    /// A limit that nobody has used yet.
    pub fn new(rate: Rate) -> Self {
        let (users, granted, latest) = (Vec::new(), 0, Duration::ZERO);
        Self(Arc::new(Mutex::new(LimiterShared { window: Window::new(rate), users, granted, latest })))
    }

    /// Another step is under it. Its own clock reads zero when that of the limit reads `begun`.
    pub(super) fn join(&self, begun: Duration) -> Limit {
        let mut shared = self.lock();
        shared.users.push(User { last: 0, refused: None });
        let user = shared.users.len() - 1;
        drop(shared);
        Limit { limiter: self.clone(), user, begun }
    }

    /// A thread that panicked has left nothing half done here.
    fn lock(&self) -> MutexGuard<'_, LimiterShared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LimiterShared {
    /// Whether another step has waited longer and is about to ask again.
    fn is_others_turn(&self, user: usize, now: Duration) -> bool {
        let own = self.users[user];
        let waits = |other: &User| {
            other.refused.is_some_and(|at| now < at.saturating_add(TURN)) && other.last < own.last
        };
        self.users.iter().enumerate().any(|(at, other)| at != user && waits(other))
    }
}

/// One step's share of a limit. Its times are the step's own.
#[derive(Debug)]
pub(super) struct Limit {
    limiter: RateLimiter,
    user: usize,
    begun: Duration,
}

impl Limit {
    /// Whether one more may start now: its start is then reserved, for [`Limit::allow`] or [`Limit::release`].
    pub(super) fn reserve(&mut self, now: Duration) -> bool {
        let now = self.begun + now;
        let mut shared = self.limiter.lock();
        shared.latest = shared.latest.max(now);
        if !shared.window.is_open(now) || shared.is_others_turn(self.user, now) {
            shared.users[self.user].refused = Some(now);
            return false;
        }
        shared.window.allow((self.user, None));
        true
    }

    /// The reserved start is that of this item.
    pub(super) fn allow(&mut self, index: u64) {
        let mut shared = self.limiter.lock();
        shared.window.take_back((self.user, None));
        shared.window.allow((self.user, Some(index)));
        shared.granted += 1;
        shared.users[self.user] = User { last: shared.granted, refused: None };
    }

    /// Nothing wants the reserved start.
    pub(super) fn release(&mut self) {
        let mut shared = self.limiter.lock();
        shared.window.take_back((self.user, None));
        shared.users[self.user].refused = None;
    }

    /// An allowed start took place at this time. Nothing happens when that is known already.
    pub(super) fn started(&mut self, index: u64, at: Duration) {
        self.limiter.lock().window.started((self.user, Some(index)), self.begun + at);
    }

    /// An allowed start did not take place.
    pub(super) fn take_back(&mut self, index: u64) {
        self.limiter.lock().window.take_back((self.user, Some(index)));
    }

    /// When to ask for a start again. `None`: when a start of this step is reported.
    pub(super) fn opens_at(&self, now: Duration) -> Option<Duration> {
        let shared = self.limiter.lock();
        let opens = shared.window.opens_at(self.begun + now);
        let opens = opens.map(|at| at.saturating_sub(self.begun));
        if shared.users.len() < 2 {
            return opens;
        }
        let soon = now + ASK_AGAIN;
        // Others may give starts back at any time; they do that rarely, so this is no busy waiting.
        Some(match opens {
            Some(at) if at <= now && shared.is_others_turn(self.user, self.begun + now) => soon,
            Some(at) => at,
            None => soon,
        })
    }
}

impl Drop for Limit {
    /// A step that is over waits for nothing, and starts nothing later than now: starts that it has not told the times
    /// of count as made at the last moment that is known.
    fn drop(&mut self) {
        let mut shared = self.limiter.lock();
        shared.users[self.user].refused = None;
        let latest = shared.latest;
        shared.window.settle(self.user, latest);
    }
}

#[cfg(test)]
mod tests;
