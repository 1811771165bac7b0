//! The backoff says how long an item waits before its next attempt. The scheduler decides whether there is one.

use std::time::Duration;

use super::{Jitter, Retries};
use crate::value::splitmix::mix;

/// `min(delay · factorⁿ, max_delay)` for the `n`th retry, from 0. What overflows is the cap.
pub(super) fn delay(retries: &Retries, n: u32) -> Duration {
    if retries.delay.is_zero() {
        return Duration::ZERO;
    }
    let power = retries.factor.powi(i32::try_from(n).unwrap_or(i32::MAX));
    let nanos = (retries.delay.as_nanos() as f64 * power).round();
    // Below the cap a wait is far from the end of u64, which is 584 years; NaN is not below.
    if nanos < retries.max_delay.as_nanos() as f64 && nanos < u64::MAX as f64 {
        Duration::from_nanos(nanos as u64)
    } else {
        retries.max_delay
    }
}

/// Draws evenly between the bounds that `jitter` sets around `base`, no longer than `max_delay`. The draw is made from the
/// allowed part of that range rather than cut off at its end, where the items that wait longest would meet again.
pub(super) fn drawn(jitter: Jitter, base: Duration, max_delay: Duration, draw: u64) -> Duration {
    let (low, high) = jitter.bounds(base);
    let high = high.min(max_delay).max(low);
    let span = high.saturating_sub(low).as_nanos();
    // Durations of interest are below 2^64 ns; a longer span would overflow the product.
    let offset =
        u64::try_from(span).map_or(u64::MAX, |span| ((u128::from(span) * u128::from(draw)) >> 64) as u64);
    low + Duration::from_nanos(offset)
}

/// A number for one wait of one item: the same in every run with this seed, and unlike that of any other item. The
/// index is in it so that items of equal content do not wait in step.
pub(super) fn draw(seed: u64, identity: u64, index: u64, attempt: u32) -> u64 {
    let parts = [identity, index, u64::from(attempt)];
    parts.into_iter().fold(mix(seed), |state, part| mix(state ^ part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::Choice as _;

    fn check(delay_ms: u64, factor: f64, max_ms: u64, expect: &[u64]) {
        let retries = Retries {
            delay: Duration::from_millis(delay_ms),
            factor,
            max_delay: Duration::from_millis(max_ms),
            ..Retries::default()
        };
        let got: Vec<u64> = (0..).take(expect.len()).map(|n| delay(&retries, n).as_millis() as u64).collect();
        assert_eq!(got, expect, "{delay_ms} ms · {factor}^n, at most {max_ms} ms");
    }

    #[test]
    fn waits_grow_by_the_factor_up_to_the_cap() {
        check(1000, 2.0, 60_000, &[1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
        check(100, 1.0, 60_000, &[100, 100, 100]);
        check(100, 1.5, 60_000, &[100, 150, 225]);
        check(0, 1e300, 60_000, &[0, 0, 0]);
        check(5000, 2.0, 2000, &[2000, 2000]);
        check(1, 1e300, 70, &[1, 70, 70]);
    }

    #[test]
    fn waits_that_overflow_are_the_cap() {
        let retries = Retries { max_delay: Duration::MAX, ..Retries::default() };
        assert_eq!(delay(&retries, 40), Duration::MAX);
        assert_eq!(delay(&retries, u32::MAX), Duration::MAX);
        for jitter in Jitter::all() {
            assert!(drawn(jitter, Duration::MAX, Duration::MAX, u64::MAX) <= Duration::MAX);
        }
    }

    /// The waits of ten thousand items of equal content spread evenly over a second from `start` on.
    fn check_spread(jitter: Jitter, start: u128) {
        let base = Duration::from_secs(1);
        let mut waits: Vec<u128> = (1..=10_000)
            .map(|index| drawn(jitter, base, Duration::from_secs(60), draw(7, 99, index, 1)).as_nanos())
            .collect();
        waits.sort_unstable();
        waits.dedup();
        // Two of ten thousand may meet in the same nanosecond of a second.
        assert!(waits.len() > 9_990, "items of equal content wait differently: {}", waits.len());
        for tenth in 0..10u128 {
            let (low, high) = (start + tenth * 100_000_000, start + (tenth + 1) * 100_000_000);
            let count = waits.iter().filter(|wait| (low..high).contains(wait)).count();
            assert!((850..1150).contains(&count), "{count} waits between {low} and {high} ns");
        }
    }

    #[test]
    fn waits_of_items_differ_and_spread_evenly() {
        check_spread(Jitter::Half, 500_000_000);
        check_spread(Jitter::Full, 0);
    }

    proptest! {
        #[test]
        fn a_wait_lies_in_its_range_and_is_the_same_again(
            base in 0u64..u64::MAX / 2, max in 0u64..u64::MAX, seed: u64, item: u64, index: u64, attempt: u32,
        ) {
            let (base, max) = (Duration::from_nanos(base.min(max)), Duration::from_nanos(max));
            for jitter in Jitter::all() {
                let wait = drawn(jitter, base, max, draw(seed, item, index, attempt));
                let (low, high) = jitter.bounds(base);
                prop_assert!(wait >= low && wait <= high && wait <= max);
                prop_assert_eq!(wait, drawn(jitter, base, max, draw(seed, item, index, attempt)));
            }
        }
    }
}
