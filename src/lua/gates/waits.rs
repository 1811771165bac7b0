//! This type keeps for which rate limits the requests of one step wait, until the step's coordinator tells it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Longer waits are told, and each limit not more often than that; shorter ones are what a limit is for.
const TOLD_MIN: Duration = Duration::from_secs(1);

/// What there is to tell of one step's requests.
#[derive(Debug, Default)]
pub struct GateWaits {
    /// Whether anything was not taken yet, so that whoever looks needs no lock.
    is_news: AtomicBool,
    state: Mutex<WaitsState>,
}

#[derive(Debug, Default)]
struct WaitsState {
    news: Vec<GateWait>,
    /// When each limit was told last, and until when the wait was then.
    told: BTreeMap<Arc<str>, (Instant, Instant)>,
}

/// A wait for a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateWait {
    /// The name of the limit.
    pub limit: Arc<str>,
    /// When that began, or where the wait ended that was told before.
    pub begin: Instant,
    /// Until when, as far as that is known.
    pub until: Instant,
}

impl GateWaits {
    /// A request waits for this limit, unless that is known or not worth a word.
    pub(super) fn tell(&self, limit: &Arc<str>, now: Instant, until: Instant) {
        if until.saturating_duration_since(now) <= TOLD_MIN {
            return;
        }
        let mut state = self.state();
        let told = state.told.get(limit).copied();
        if told.is_some_and(|(at, last)| now < at + TOLD_MIN || until < last + TOLD_MIN) {
            return;
        }
        let begin = told.map_or(now, |(_, last)| now.max(last));
        state.told.insert(Arc::clone(limit), (now, until));
        state.news.push(GateWait { limit: Arc::clone(limit), begin, until });
        self.is_news.store(true, Ordering::Release);
    }

    /// The waits that nobody has taken yet.
    pub fn take(&self) -> Vec<GateWait> {
        if !self.is_news.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        std::mem::take(&mut self.state().news)
    }

    /// A thread that panicked has left nothing half done here.
    fn state(&self) -> MutexGuard<'_, WaitsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of waits at `now` until `until`, in milliseconds, those that are told.
    fn told(waits: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let (gates, zero, limit) = (GateWaits::default(), Instant::now(), Arc::from("api"));
        let at = |ms: u64| zero + Duration::from_millis(ms);
        for (now, until) in waits {
            gates.tell(&limit, at(*now), at(*until));
        }
        let ms = |time: Instant| time.duration_since(zero).as_millis() as u64;
        let taken = gates.take().iter().map(|wait| (ms(wait.begin), ms(wait.until))).collect();
        assert_eq!(gates.take(), [], "each is told once");
        taken
    }

    #[test]
    fn waits_of_more_than_a_second_are_told_once() {
        assert_eq!(told(&[(0, 1000)]), []);
        assert_eq!(told(&[(0, 1001)]), [(0, 1001)]);
        assert_eq!(told(&[(0, 5000), (1500, 5000), (2500, 5000)]), [(0, 5000)]);
    }

    #[test]
    fn one_a_second_is_told_and_goes_on_where_the_last_one_ended() {
        assert_eq!(told(&[(0, 5000), (500, 9000), (1200, 9000)]), [(0, 5000), (5000, 9000)]);
        assert_eq!(told(&[(0, 5000), (6000, 8000)]), [(0, 5000), (6000, 8000)]);
    }

    #[test]
    fn limits_are_told_one_by_one() {
        let (gates, now) = (GateWaits::default(), Instant::now());
        for limit in ["a", "b", "a"] {
            gates.tell(&Arc::from(limit), now, now + Duration::from_secs(9));
        }
        let limits: Vec<_> = gates.take().into_iter().map(|wait| wait.limit.to_string()).collect();
        assert_eq!(limits, ["a", "b"]);
    }
}
