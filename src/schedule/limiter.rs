//! The rate limits of a run, which its steps share: each reserves what a start takes, of all its limits together, before
//! it makes it, and tells when it was made. They are exact for all steps together, because what is reserved counts
//! until its time is known.
//!
//! The windows count what is taken; this module decides which of several steps is next.

mod guest;
mod share;
#[cfg(test)]
mod tests;

pub use guest::Guest;
pub(super) use share::Share;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::rate_window::Window;
use crate::value::Rate;

/// When to ask again while others have reserved all there is and have not said when they made their starts, or are first.
const ASK_AGAIN: Duration = Duration::from_millis(2);

/// The same while those who are first wait for long themselves.
const ASK_SELDOM: Duration = Duration::from_millis(50);

/// How long somebody who was refused is waited for: he asks again when the windows open, or has stopped by then.
const TURN: Duration = Duration::from_millis(100);

/// All rate limits of a run. Its clones are the same limits.
#[derive(Debug, Clone, Default)]
pub struct RateLimits(Arc<Mutex<LimiterShared>>);

/// One of the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitId(usize);

#[derive(Debug, Default)]
struct LimiterShared {
    windows: Vec<Window>,
    /// Steps, and others who start something, by their number.
    users: BTreeMap<u64, User>,
    /// Users so far.
    joined: u64,
    /// Starts granted so far.
    granted: u64,
    /// The latest time that anybody has named.
    latest: Duration,
}

#[derive(Debug, Default)]
struct User {
    /// Which grant its last one was.
    last: u64,
    /// What it was refused since then.
    claim: Option<Claim>,
}

/// What somebody waits for.
#[derive(Debug)]
struct Claim {
    takes: Vec<Take>,
    /// When it was refused last.
    asked: Duration,
    /// When there will be so much, as far as that was known then.
    opens: Duration,
}

/// So much of one limit.
#[derive(Debug, Clone, Copy)]
struct Take {
    window: usize,
    cost: u64,
}

impl RateLimits {
    /// One more limit, that nobody has used yet.
    pub fn add(&self, rate: Rate) -> LimitId {
        let mut shared = self.lock();
        shared.windows.push(Window::new(rate));
        LimitId(shared.windows.len() - 1)
    }

    /// Another user; its number.
    fn join(&self) -> u64 {
        let mut shared = self.lock();
        shared.joined += 1;
        let user = shared.joined;
        shared.users.insert(user, User::default());
        user
    }

    /// A thread that panicked has left nothing half done here.
    fn lock(&self) -> MutexGuard<'_, LimiterShared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LimiterShared {
    /// Takes all of it or nothing. No user holds one limit while it waits for another, so none can wait for ever.
    fn take(&mut self, user: u64, takes: &[Take], now: Duration) -> bool {
        self.latest = self.latest.max(now);
        for take in takes {
            self.windows[take.window].forget(now);
        }
        let opens = self.opens_at(takes, now);
        let granted =
            opens == Some(now) && self.claims_before(user, now).all(|claim| self.leaves(takes, claim, now));
        let mut last = self.users.get(&user).map_or(0, |user| user.last);
        let mut claim = None;
        if granted {
            self.granted += 1;
            last = self.granted;
            for take in takes {
                self.windows[take.window].take(take.cost);
            }
        } else {
            claim = Some(Claim { takes: takes.to_vec(), asked: now, opens: opens.unwrap_or(now) });
        }
        self.users.insert(user, User { last, claim });
        granted
    }

    /// When there is so much in all these limits, unless that depends on a start whose time is not known yet.
    fn opens_at(&self, takes: &[Take], now: Duration) -> Option<Duration> {
        let mut each = takes.iter().map(|take| self.windows[take.window].opens_at(now, take.cost));
        each.try_fold(now, |latest, opens| Some(latest.max(opens?)))
    }

    /// What others wait for who have waited longer and are about to ask again.
    fn claims_before(&self, user: u64, now: Duration) -> impl Iterator<Item = &Claim> {
        let own = self.users.get(&user).map_or(0, |user| user.last);
        let before = self.users.iter().filter(move |(other, waits)| **other != user && waits.last < own);
        let claims = before.filter_map(|(_, waits)| waits.claim.as_ref());
        claims.filter(move |claim| now < claim.asked.saturating_add(TURN))
    }

    /// Whether `claim` can still be served when it is due, if these are taken now. So a start that wants much of a limit
    /// is not passed by small ones for ever, and what it does not need meanwhile is there for them.
    fn leaves(&self, takes: &[Take], claim: &Claim, now: Duration) -> bool {
        let at = claim.opens.max(now);
        takes.iter().all(|take| {
            let other = claim.takes.iter().find(|other| other.window == take.window);
            // Who could start now is next, whatever there is beside: so steps take turns.
            let leaves = |other: &Take| self.windows[take.window].leaves(now, take.cost, at, other.cost);
            other.is_none_or(|other| claim.opens > now && leaves(other))
        })
    }

    /// When to ask again for what was refused. `None`: when a start of this user is reported.
    fn asks_again(&self, user: u64, takes: &[Take], now: Duration) -> Option<Duration> {
        let opens = self.opens_at(takes, now);
        if self.users.len() < 2 || opens.is_some_and(|at| at > now) {
            return opens;
        }
        // Others may give starts back at any time; they do that rarely, so this is no busy waiting.
        let due = self.claims_before(user, now).map(|claim| claim.opens).min();
        let seldom = due.is_some_and(|due| due > now + ASK_SELDOM);
        Some(now + if seldom { ASK_SELDOM } else { ASK_AGAIN })
    }
}
