//! A share is what one step has of the limits that it starts under: what its starts took, until they have ended.

use std::collections::HashMap;
use std::time::Duration;

use super::{LimitId, RateLimits, Take};

/// One step's share of its limits. Its times are the step's own.
#[derive(Debug)]
pub(in crate::schedule) struct Share {
    limits: RateLimits,
    user: u64,
    /// The limits of the step, in the order of its policy.
    windows: Vec<usize>,
    /// What the clock of the limits reads when that of the step reads zero.
    begun: Duration,
    /// What starts took that have not ended, by index of their first item.
    held: HashMap<u64, Held>,
}

/// What a start took.
#[derive(Debug)]
struct Held {
    takes: Vec<Take>,
    /// When it took place, once that is known.
    at: Option<Duration>,
}

impl Share {
    /// Another step starts under these of the limits.
    pub(in crate::schedule) fn new(limits: &RateLimits, windows: &[LimitId], begun: Duration) -> Self {
        let (limits, user) = (limits.clone(), limits.join());
        let windows = windows.iter().map(|window| window.0).collect();
        Self { limits, user, windows, begun, held: HashMap::new() }
    }

    /// Reserves what a start of this item takes, so much of each limit; `false`: it may not start now. An item without
    /// costs takes nothing.
    pub(in crate::schedule) fn take(&mut self, now: Duration, index: u64, costs: &[u64]) -> bool {
        let takes = self.takes(costs);
        let granted = self.limits.lock().take(self.user, &takes, self.begun + now);
        if granted {
            self.held.insert(index, Held { takes, at: None });
        }
        granted
    }

    /// Whether a start of this item has reserved something, and has not ended.
    pub(in crate::schedule) fn has(&self, index: u64) -> bool {
        self.held.contains_key(&index)
    }

    fn takes(&self, costs: &[u64]) -> Vec<Take> {
        self.windows.iter().zip(costs).map(|(window, cost)| Take { window: *window, cost: *cost }).collect()
    }

    /// A reserved start took place at this time. Nothing happens when that is known already.
    pub(in crate::schedule) fn started(&mut self, index: u64, at: Duration) {
        let Some(held) = self.held.get_mut(&index).filter(|held| held.at.is_none()) else { return };
        let at = self.begun + at;
        held.at = Some(at);
        let mut shared = self.limits.lock();
        held.takes.iter().for_each(|take| shared.windows[take.window].started(take.cost, at));
    }

    /// A start took another amount of the limit at `place` in the policy than was said before.
    pub(in crate::schedule) fn spent(&mut self, index: u64, place: usize, cost: u64) {
        let Some(held) = self.held.get_mut(&index) else { return };
        let Some(take) = held.takes.get_mut(place) else { return };
        self.limits.lock().windows[take.window].correct(held.at, take.cost, cost);
        take.cost = cost;
    }

    /// A reserved start did not take place.
    pub(in crate::schedule) fn take_back(&mut self, index: u64) {
        let Some(held) = self.held.remove(&index).filter(|held| held.at.is_none()) else { return };
        let mut shared = self.limits.lock();
        held.takes.iter().for_each(|take| shared.windows[take.window].give_back(take.cost));
    }

    /// A start has ended: nothing more will be said of what it took.
    pub(in crate::schedule) fn ended(&mut self, index: u64, now: Duration) {
        self.started(index, now);
        self.held.remove(&index);
    }

    /// When to ask again for a start that takes so much. `None`: when a start of this step is reported.
    pub(in crate::schedule) fn asks_again(&self, now: Duration, costs: &[u64]) -> Option<Duration> {
        let again = self.limits.lock().asks_again(self.user, &self.takes(costs), self.begun + now);
        again.map(|at| at.saturating_sub(self.begun))
    }

    /// The limit that such a start has to wait for longest, by its place in the policy, and until when, as far as that is
    /// known. `None`: it need not wait for any.
    pub(in crate::schedule) fn waits_for(&self, now: Duration, costs: &[u64]) -> Option<(usize, Duration)> {
        let (shared, at) = (self.limits.lock(), self.begun + now);
        let opens = |take: &Take| shared.windows[take.window].opens_at(at, take.cost).unwrap_or(at);
        let each = self.takes(costs).iter().map(opens).enumerate().collect::<Vec<_>>();
        let (place, opens) =
            each.into_iter().max_by_key(|(place, opens)| (*opens, std::cmp::Reverse(*place)))?;
        (opens > at).then(|| (place, opens.saturating_sub(self.begun)))
    }
}

impl Drop for Share {
    /// A step that is over waits for nothing, and starts nothing later than now: starts that it has not told the times
    /// of count as made at the last moment that is known.
    fn drop(&mut self) {
        let mut shared = self.limits.lock();
        shared.users.remove(&self.user);
        let latest = shared.latest;
        for held in self.held.values().filter(|held| held.at.is_none()) {
            held.takes.iter().for_each(|take| shared.windows[take.window].started(take.cost, latest));
        }
    }
}
