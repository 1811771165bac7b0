//! The window is one rate limit: never more than N in any window of one period, whatever each start takes of it. It
//! does not know what is started.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::value::Rate;

/// Starts that are remembered one by one. Above that, starts within one 4096th of the period are remembered together
/// as if they had been at its end: memory stays bounded and a start is at most that much later than it could be.
const EXACT_MAX: u32 = 4096;

/// A sliding log of what the last starts took.
#[derive(Debug)]
pub(super) struct Window {
    rate: Rate,
    /// Width of what is remembered together; zero: nothing.
    grain: Duration,
    /// Time of known starts that may still matter → how much they took.
    starts: BTreeMap<Duration, u64>,
    /// Sum over `starts`.
    logged: u64,
    /// Taken by starts whose time is not known yet. It is in every window until it is.
    open: u64,
}

impl Window {
    pub(super) fn new(rate: Rate) -> Self {
        let grain = if rate.count > EXACT_MAX { rate.period / EXACT_MAX } else { Duration::ZERO };
        Self { rate, grain, starts: BTreeMap::new(), logged: 0, open: 0 }
    }

    /// How much there is for one period.
    fn count(&self) -> u64 {
        u64::from(self.rate.count.max(1))
    }

    /// Forgets what is in no window any more.
    pub(super) fn forget(&mut self, now: Duration) {
        while let Some(entry) = self.starts.first_entry() {
            if *entry.key() + self.rate.period > now {
                break;
            }
            self.logged -= entry.remove();
        }
    }

    /// When so much more may be taken, unless that depends on a start whose time is not known yet.
    pub(super) fn opens_at(&self, now: Duration, cost: u64) -> Option<Duration> {
        let wanted = self.logged.saturating_add(self.open).saturating_add(cost);
        let mut lacking = wanted.saturating_sub(self.count());
        if lacking == 0 {
            return Some(now);
        }
        for (start, taken) in &self.starts {
            lacking = lacking.saturating_sub(*taken);
            if lacking == 0 {
                return Some((*start + self.rate.period).max(now));
            }
        }
        None
    }

    /// Whether somebody who takes `cost` now leaves `other` to somebody who takes it at `at`.
    pub(super) fn leaves(&self, now: Duration, cost: u64, at: Duration, other: u64) -> bool {
        let still = |start: Duration| start + self.rate.period > at;
        let logged: u64 =
            self.starts.iter().rev().take_while(|(start, _)| still(**start)).map(|(_, taken)| taken).sum();
        let own = if still(now) { cost } else { 0 };
        [self.open, own, other].into_iter().fold(logged, u64::saturating_add) <= self.count()
    }

    /// So much was taken by a start whose time is still to be told.
    pub(super) fn take(&mut self, cost: u64) {
        self.open = self.open.saturating_add(cost);
    }

    /// A start that took so much took place at this time.
    pub(super) fn started(&mut self, cost: u64, at: Duration) {
        self.open -= cost;
        *self.starts.entry(self.grained(at)).or_default() += cost;
        self.logged += cost;
    }

    /// A start that took so much did not take place.
    pub(super) fn give_back(&mut self, cost: u64) {
        self.open -= cost;
    }

    /// A start took another amount than was said before. `at`: when it took place, once that is known.
    pub(super) fn correct(&mut self, at: Option<Duration>, old: u64, new: u64) {
        let Some(at) = at else {
            self.open = (self.open - old).saturating_add(new);
            return;
        };
        // One that is in no window any more has been forgotten.
        if let Some(taken) = self.starts.get_mut(&self.grained(at)) {
            let after = (*taken - old).saturating_add(new);
            self.logged = (self.logged - *taken).saturating_add(after);
            *taken = after;
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

    impl Window {
        /// Takes so much and tells at once that it was taken now; `false`: there is not so much.
        fn start(&mut self, now: Duration, cost: u64) -> bool {
            self.forget(now);
            if self.opens_at(now, cost) != Some(now) {
                return false;
            }
            self.take(cost);
            self.started(cost, now);
            true
        }
    }

    #[test]
    fn the_window_slides_and_has_no_edge_to_burst_over() {
        let mut window = window(2);
        assert!(window.start(ms(0), 1) && window.start(ms(900), 1));
        assert!(!window.start(ms(999), 1));
        assert_eq!(window.opens_at(ms(999), 1), Some(ms(1000)));
        assert!(window.start(ms(1000), 1));
        assert!(!window.start(ms(1899), 1));
        assert!(window.start(ms(1900), 1));
    }

    #[test]
    fn a_start_counts_until_its_time_is_known() {
        let mut window = window(1);
        window.take(1);
        assert_eq!(window.opens_at(ms(5000), 1), None);
        window.started(1, ms(4500));
        assert_eq!(window.opens_at(ms(5000), 1), Some(ms(5500)));
        window.forget(ms(5500));
        window.take(1);
        window.give_back(1);
        assert_eq!(window.opens_at(ms(5500), 1), Some(ms(5500)));
    }

    #[test]
    fn what_costs_more_waits_for_as_many_starts_as_make_room() {
        let mut window = window(10);
        assert!(window.start(ms(0), 4) && window.start(ms(100), 4) && window.start(ms(200), 2));
        let opens = |cost| window.opens_at(ms(300), cost);
        assert_eq!(
            [0, 1, 4, 5, 8, 9, 10].map(opens),
            [300, 1000, 1000, 1100, 1100, 1200, 1200].map(|at| Some(ms(at)))
        );
    }

    #[test]
    fn what_was_spent_counts_from_the_start_on() {
        let mut window = window(10);
        assert!(window.start(ms(0), 8));
        window.correct(Some(ms(0)), 8, 3);
        assert!(window.start(ms(10), 7));
        window.correct(Some(ms(10)), 7, 20);
        // More than there is was spent: even what takes nothing waits.
        assert_eq!(window.opens_at(ms(20), 0), Some(ms(1010)));
        window.forget(ms(1010));
        window.correct(Some(ms(10)), 20, 5);
        assert_eq!(window.opens_at(ms(1010), 10), Some(ms(1010)), "it is forgotten");
        window.take(6);
        window.correct(None, 6, 10);
        assert_eq!(window.opens_at(ms(1020), 1), None);
    }

    #[test]
    fn a_high_rate_is_kept_in_bounded_memory() {
        let mut window = window(1_000_000);
        for index in 1..=1_000_000u64 {
            assert!(window.start(Duration::from_nanos(index * 500), 1));
        }
        assert!(window.starts.len() <= EXACT_MAX as usize + 1, "{} entries", window.starts.len());
        assert!(!window.start(ms(999), 1));
        assert!(
            !window.start(ms(1000), 1),
            "the first starts are remembered a little too late, never too early"
        );
        assert!(window.start(ms(1001), 1));
    }
}
