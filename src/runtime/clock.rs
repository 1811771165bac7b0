//! The clock measures the time of all limits. It stands still while the whole process does: stopped by Ctrl-Z, by a
//! debugger, or with the machine it runs on. Nothing could run meanwhile, so no time is counted.
//!
//! The watchdog beats at least every fifth of a second. A thread that asks for the time and finds the last beat long
//! ago has found such a gap, and takes it off; it need not be the watchdog, which may be the last to be woken. What
//! is measured by this clock is compared with nothing but this clock. A machine that sleeps is no case of this: the
//! system's own clock does not go on then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often the watchdog beats, at least.
pub const BEAT: Duration = Duration::from_millis(200);
/// A longer silence is a gap. A busy machine lets a thread wait for far less.
const GAP: Duration = Duration::from_secs(1);

static CLOCK: Clock = Clock::new();
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time by which limits are set and kept.
pub fn now() -> Instant {
    CLOCK.now(Instant::now)
}

/// How long it is since `begun`, which was [`now`].
pub fn since(begun: Instant) -> Duration {
    now().saturating_duration_since(begun)
}

/// Lets `work` take as long as `limit` says; `None` when it took longer. A limit of the runtime's own would not stand still.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let begun = now();
    let mut work = std::pin::pin!(work);
    let mut rest = limit;
    loop {
        if let Ok(done) = tokio::time::timeout(rest, work.as_mut()).await {
            return Some(done);
        }
        rest = limit.checked_sub(since(begun)).filter(|rest| !rest.is_zero())?;
    }
}

/// Somebody who beats. While there is none, no gaps are looked for.
pub struct Heart(&'static Clock);

impl Heart {
    /// Begins; [`Heart::beat`] is to be called at least every [`BEAT`].
    pub fn start() -> Self {
        let mut hearts = CLOCK.lock();
        *hearts += 1;
        if *hearts == 1 {
            CLOCK.beat.store(nanos(Instant::now()), Ordering::Release);
        }
        Self(&CLOCK)
    }

    /// Says that the process is running.
    pub fn beat(&self) {
        self.0.beat(Instant::now);
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        let mut hearts = self.0.lock();
        *hearts -= 1;
        if *hearts == 0 {
            self.0.beat.store(0, Ordering::Release);
        }
    }
}

/// The clock of all limits: it takes off the time in which the whole process stood still.
struct Clock {
    /// Nanoseconds in all gaps so far. Set before `beat`, so that a thread that sees the new beat sees the gap before it.
    lost: AtomicU64,
    /// When the last beat was. Nanoseconds; 0 while nobody beats.
    beat: AtomicU64,
    /// How many beat. Locked while a gap is looked for, so that it is found once.
    hearts: Mutex<u32>,
}

impl Clock {
    const fn new() -> Self {
        Self { lost: AtomicU64::new(0), beat: AtomicU64::new(0), hearts: Mutex::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, u32> {
        self.hearts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self, read: impl Fn() -> Instant) -> Instant {
        loop {
            let lost = self.lost.load(Ordering::Acquire);
            let now = read();
            let beat = self.beat.load(Ordering::Acquire);
            if is_gap(beat, now) {
                self.beat(&read);
            } else if self.lost.load(Ordering::Acquire) == lost {
                // Otherwise the process may have stood still between the two readings.
                return now.checked_sub(Duration::from_nanos(lost)).unwrap_or(now);
            }
        }
    }

    fn beat(&self, read: impl Fn() -> Instant) {
        let _hearts = self.lock();
        let beat = self.beat.load(Ordering::Acquire);
        if beat == 0 {
            return;
        }
        let now = read();
        if is_gap(beat, now) {
            self.lost.fetch_add(nanos(now) - beat, Ordering::Release);
        }
        self.beat.store(nanos(now).max(beat), Ordering::Release);
    }
}

fn is_gap(beat: u64, now: Instant) -> bool {
    beat != 0 && nanos(now).saturating_sub(beat) > GAP.as_nanos() as u64
}

fn nanos(at: Instant) -> u64 {
    // 0 means that there is none.
    (at.saturating_duration_since(*ORIGIN).as_nanos() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Beats, goes on by each of these, asks, and so on; what the clock says has passed.
    fn check(steps: &[(bool, u64)], expect: u64) {
        let (clock, begun) = (Clock::new(), *ORIGIN + Duration::from_secs(1));
        let system = Cell::new(begun);
        clock.beat.store(nanos(begun), Ordering::Release);
        let first = clock.now(|| system.get());
        for (beats, passed) in steps {
            system.set(system.get() + Duration::from_millis(*passed));
            if *beats {
                clock.beat(|| system.get());
            }
        }
        let passed = clock.now(|| system.get()) - first;
        assert_eq!(passed, Duration::from_millis(expect), "{steps:?}");
    }

    #[test]
    fn time_in_which_nobody_beats_does_not_pass() {
        check(&[(true, 200), (true, 200), (false, 100)], 500);
        check(&[(true, 900), (false, 1000)], 1900);
        // Found by whoever asks, and by the one that beats.
        check(&[(true, 200), (false, 60_000)], 200);
        check(&[(true, 200), (true, 60_000), (false, 100)], 300);
        check(&[(true, 60_000), (true, 100), (true, 5000), (false, 7000)], 100);
    }

    #[test]
    fn where_nobody_beats_at_all_time_passes() {
        let clock = Clock::new();
        let begun = *ORIGIN + Duration::from_secs(1);
        let later = begun + Duration::from_secs(3600);
        assert_eq!(clock.now(|| later) - clock.now(|| begun), Duration::from_secs(3600));
    }

    #[test]
    fn a_stop_between_two_readings_is_not_taken_for_time() {
        let clock = Clock::new();
        let begun = *ORIGIN + Duration::from_secs(1);
        clock.beat.store(nanos(begun), Ordering::Release);
        // Another thread finds the gap while this one holds what it has read of the gaps before.
        let (readings, after) = (Cell::new(0), begun + Duration::from_secs(60));
        let now = clock.now(|| {
            readings.set(readings.get() + 1);
            if readings.get() == 1 {
                clock.beat(|| after);
            }
            after
        });
        assert_eq!((now, readings.get()), (begun, 2));
    }
}
