//! The window is the rate limit: never more than N starts in any window of one period. It does not know what is
//! started.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::value::Rate;

/// Starts that are remembered one by one. Above that, starts within one 4096th of the period are remembered together
/// as if they had been at its end: memory stays bounded and a start is at most that much later than it could be.
const EXACT_MAX: u32 = 4096;

/// Whose start it is: a step, and its item once that is known.
pub(super) type Ticket = (usize, Option<u64>);

/// A sliding log of the last starts.
#[derive(Debug)]
pub(super) struct Window {
    rate: Rate,
    /// Width of what is remembered together; zero: nothing.
    grain: Duration,
    /// Time of known starts that may still matter → how many.
    starts: BTreeMap<Duration, u64>,
    /// Sum over `starts`.
    logged: u64,
    /// Items whose start was allowed and whose time is not known yet. They are in every window until it is.
    pending: BTreeSet<Ticket>,
}

impl Window {
    pub(super) fn new(rate: Rate) -> Self {
        let grain = if rate.count > EXACT_MAX { rate.period / EXACT_MAX } else { Duration::ZERO };
        Self { rate, grain, starts: BTreeMap::new(), logged: 0, pending: BTreeSet::new() }
    }

    /// Whether one more may start.
    pub(super) fn is_open(&mut self, now: Duration) -> bool {
        while let Some(entry) = self.starts.first_entry() {
            if *entry.key() + self.rate.period > now {
                break;
            }
            self.logged -= entry.remove();
        }
        self.used() < u64::from(self.rate.count.max(1))
    }

    /// When one more may start, unless that depends on a start whose time is not known yet.
    pub(super) fn opens_at(&self, now: Duration) -> Option<Duration> {
        if self.used() < u64::from(self.rate.count.max(1)) {
            return Some(now);
        }
        // Never more than `count` are in use, so the first to leave makes room.
        self.starts.keys().next().map(|start| *start + self.rate.period)
    }

    fn used(&self) -> u64 {
        self.logged + self.pending.len() as u64
    }

    /// A start was allowed.
    pub(super) fn allow(&mut self, ticket: Ticket) {
        self.pending.insert(ticket);
    }

    /// An allowed start took place at this time. Nothing happens when that is known already.
    pub(super) fn started(&mut self, ticket: Ticket, at: Duration) {
        if self.pending.remove(&ticket) {
            *self.starts.entry(self.grained(at)).or_default() += 1;
            self.logged += 1;
        }
    }

    /// An allowed start did not take place.
    pub(super) fn take_back(&mut self, ticket: Ticket) {
        self.pending.remove(&ticket);
    }

    /// Starts of this step that are still open took place at this time at the latest.
    pub(super) fn settle(&mut self, user: usize, at: Duration) {
        self.pending.remove(&(user, None));
        let open: Vec<Ticket> = self.pending.iter().filter(|ticket| ticket.0 == user).copied().collect();
        for ticket in open {
            self.started(ticket, at);
        }
    }

    fn grained(&self, at: Duration) -> Duration {
        if self.grain.is_zero() {
            return at;
        }
        let grains = at.as_nanos().div_ceil(self.grain.as_nanos());
        u64::try_from(grains * self.grain.as_nanos()).map_or(at, Duration::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(count: u32) -> Window {
        Window::new(Rate { count, period: Duration::from_secs(1) })
    }

    fn ms(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    #[test]
    fn the_window_slides_and_has_no_edge_to_burst_over() {
        let mut window = window(2);
        for (index, at) in [(1, 0), (2, 900)] {
            assert!(window.is_open(ms(at)));
            window.allow((0, Some(index)));
            window.started((0, Some(index)), ms(at));
        }
        assert!(!window.is_open(ms(999)));
        assert_eq!(window.opens_at(ms(999)), Some(ms(1000)));
        assert!(window.is_open(ms(1000)));
        window.allow((0, Some(3)));
        window.started((0, Some(3)), ms(1000));
        assert!(!window.is_open(ms(1899)));
        assert!(window.is_open(ms(1900)));
    }

    #[test]
    fn a_start_counts_until_its_time_is_known() {
        let mut window = window(1);
        window.allow((0, Some(1)));
        assert!(!window.is_open(ms(5000)));
        assert_eq!(window.opens_at(ms(5000)), None);
        window.started((0, Some(1)), ms(4500));
        window.started((0, Some(1)), ms(9999));
        assert_eq!(window.opens_at(ms(5000)), Some(ms(5500)));
        assert!(window.is_open(ms(5500)));
        window.allow((0, Some(2)));
        window.take_back((0, Some(2)));
        assert!(window.is_open(ms(5500)));
    }

    #[test]
    fn a_high_rate_is_kept_in_bounded_memory() {
        let mut window = window(1_000_000);
        for index in 1..=1_000_000u64 {
            assert!(window.is_open(Duration::from_nanos(index * 500)));
            window.allow((0, Some(index)));
            window.started((0, Some(index)), Duration::from_nanos(index * 500));
        }
        assert!(window.starts.len() <= EXACT_MAX as usize + 1, "{} entries", window.starts.len());
        assert!(!window.is_open(ms(999)));
        assert!(
            !window.is_open(ms(1000)),
            "the first starts are remembered a little too late, never too early"
        );
        assert!(window.is_open(ms(1001)));
    }
}
