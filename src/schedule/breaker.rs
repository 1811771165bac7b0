//! The breaker pauses a step of which attempt after attempt fails, so that a service that is down is not asked by all
//! items in turn. It decides when none may start; the scheduler decides which is next.

use std::time::Duration;

use super::policy::Breaker;

/// What an attempt says of what it asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It did not fail.
    Good,
    /// It failed in a way that another attempt may heal.
    Bad,
    /// It says nothing: no other attempt would fare better.
    Neither,
}

/// A breaker and how it stands. Its times are the step's own.
#[derive(Debug)]
pub(super) struct BreakerState {
    breaker: Breaker,
    /// Attempts in a row that failed.
    failures: u32,
    pause: Option<Pause>,
}

/// A pause, and what comes of it.
#[derive(Debug, Clone, Copy)]
struct Pause {
    until: Duration,
    /// How long it is.
    length: Duration,
    /// The item that tries after it.
    trial: Option<u64>,
}

impl BreakerState {
    pub(super) fn new(breaker: Breaker) -> Self {
        Self { breaker, failures: 0, pause: None }
    }

    /// When an attempt may start. `None`: when the one that tries has ended.
    pub(super) fn opens_at(&self, now: Duration) -> Option<Duration> {
        match self.pause {
            None => Some(now),
            Some(Pause { trial: Some(_), .. }) => None,
            Some(pause) => Some(pause.until.max(now)),
        }
    }

    /// Until when nothing starts, while there is a pause, or an item tries after it.
    pub(super) fn paused_until(&self) -> Option<Duration> {
        self.pause.map(|pause| pause.until)
    }

    /// An attempt of this item starts.
    pub(super) fn started(&mut self, index: u64) {
        if let Some(pause) = &mut self.pause {
            pause.trial = Some(index);
        }
    }

    /// An attempt of this item did not begin after all.
    pub(super) fn put_back(&mut self, index: u64) {
        if let Some(pause) = &mut self.pause
            && pause.trial == Some(index)
        {
            pause.trial = None;
        }
    }

    /// An attempt of this item has ended.
    pub(super) fn heard(&mut self, now: Duration, index: u64, health: Health) {
        let Some(pause) = self.pause else {
            match health {
                Health::Good => self.failures = 0,
                Health::Bad => self.fail(now),
                Health::Neither => {}
            }
            return;
        };
        // What began before the pause says nothing of how things stand now.
        if pause.trial != Some(index) {
            return;
        }
        match health {
            Health::Good => (self.failures, self.pause) = (0, None),
            Health::Bad => self.begin(now, pause.length.saturating_mul(2).min(self.breaker.max_pause)),
            Health::Neither => self.put_back(index),
        }
    }

    fn fail(&mut self, now: Duration) {
        self.failures += 1;
        if self.failures >= self.breaker.after {
            self.begin(now, self.breaker.pause.min(self.breaker.max_pause));
        }
    }

    fn begin(&mut self, now: Duration, length: Duration) {
        self.pause = Some(Pause { until: now.saturating_add(length), length, trial: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(value: u64) -> Duration {
        Duration::from_secs(value)
    }

    fn breaker(after: u32) -> BreakerState {
        BreakerState::new(Breaker { after, pause: secs(10), max_pause: secs(25) })
    }

    #[test]
    fn failures_in_a_row_begin_a_pause_and_a_success_between_them_does_not() {
        let mut breaker = breaker(3);
        for (index, health) in
            [Health::Bad, Health::Bad, Health::Good, Health::Bad, Health::Neither, Health::Bad]
                .into_iter()
                .enumerate()
        {
            breaker.heard(secs(1), index as u64, health);
            assert_eq!(breaker.opens_at(secs(1)), Some(secs(1)), "after {index}");
        }
        breaker.heard(secs(2), 7, Health::Bad);
        assert_eq!((breaker.opens_at(secs(2)), breaker.paused_until()), (Some(secs(12)), Some(secs(12))));
        // Attempts that were under way change nothing.
        breaker.heard(secs(3), 8, Health::Good);
        breaker.heard(secs(3), 9, Health::Bad);
        assert_eq!(breaker.opens_at(secs(3)), Some(secs(12)));
    }

    #[test]
    fn one_item_tries_and_pauses_double_up_to_the_longest() {
        let mut breaker = breaker(1);
        breaker.heard(secs(0), 1, Health::Bad);
        let mut now = secs(10);
        for length in [20, 25, 25] {
            assert_eq!(breaker.opens_at(now), Some(now));
            breaker.started(4);
            assert_eq!(breaker.opens_at(now), None, "nothing starts beside it");
            breaker.heard(now, 3, Health::Good);
            assert_eq!(breaker.opens_at(now), None, "another's ending is no news");
            breaker.heard(now, 4, Health::Bad);
            assert_eq!(breaker.opens_at(now), Some(now + secs(length)));
            now += secs(length);
        }
        breaker.started(4);
        breaker.heard(now, 4, Health::Good);
        assert_eq!((breaker.opens_at(now), breaker.paused_until()), (Some(now), None));
        breaker.heard(now, 5, Health::Bad);
        assert_eq!(breaker.opens_at(now), Some(now + secs(10)), "the next pause is the first again");
    }

    #[test]
    fn where_the_trial_says_nothing_the_next_item_tries() {
        let mut breaker = breaker(1);
        breaker.heard(secs(0), 1, Health::Bad);
        breaker.started(1);
        breaker.put_back(1);
        assert_eq!(breaker.opens_at(secs(11)), Some(secs(11)));
        breaker.started(2);
        breaker.heard(secs(12), 2, Health::Neither);
        assert_eq!((breaker.opens_at(secs(12)), breaker.paused_until()), (Some(secs(12)), Some(secs(10))));
    }
}
