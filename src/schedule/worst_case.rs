//! This module computes how long an item, and a whole step, can take when everything goes wrong. Its callers compare
//! that with a deadline.

use std::time::Duration;

use super::policy::{Policy, Retries};

/// Waits that are added one by one; a longer row has long reached its cap, or is counted as if it had.
const WAITS: u32 = 100_000;

/// All attempts and waits of one item; `None` where nothing bounds them.
pub fn worst_item(policy: &Policy) -> Option<Duration> {
    let attempts = policy.retries.max.saturating_add(1);
    let whole =
        policy.timeout.map(|timeout| timeout.saturating_mul(attempts).saturating_add(waits(&policy.retries)));
    match (whole, policy.item_deadline) {
        (Some(whole), Some(deadline)) => Some(whole.min(deadline)),
        (whole, deadline) => whole.or(deadline),
    }
}

/// `items` of them, as many at once as the policy allows; `None` where nothing bounds it. Items wait between attempts
/// without taking the place of another, so only the waits of the last one count.
pub fn worst_step(policy: &Policy, items: u64, deadline: Option<Duration>) -> Option<Duration> {
    let whole = if items == 0 {
        work(policy, 0)
    } else {
        work(policy, items).map(|work| work.saturating_add(last_waits(policy)))
    };
    match (whole, deadline) {
        (Some(whole), Some(deadline)) => Some(whole.min(deadline)),
        (whole, deadline) => whole.or(deadline),
    }
}

/// The time in which somebody works: `⌈N/c⌉·(r+1)·T`, or less where a budget bounds the retries.
fn work(policy: &Policy, items: u64) -> Option<Duration> {
    let at_once = policy.concurrency.max(1) as u64;
    let times = |time: Duration, count: u64| time.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
    let rounds = items.div_ceil(at_once);
    let attempts = policy.timeout.map(|timeout| {
        let each = times(timeout.saturating_mul(policy.retries.max.saturating_add(1)), rounds);
        let budget = policy.retries.budget.unwrap_or(u64::MAX);
        each.min(times(timeout, items.saturating_add(budget).div_ceil(at_once)))
    });
    let items = policy.item_deadline.map(|limit| times(limit, rounds));
    [attempts, items].into_iter().flatten().min()
}

fn last_waits(policy: &Policy) -> Duration {
    let waits = waits(&policy.retries);
    policy.item_deadline.map_or(waits, |limit| limit.min(waits))
}

/// `delay · factorⁿ` for each retry, none longer than `max_delay`; each as long as its jitter may make it.
fn waits(retries: &Retries) -> Duration {
    let cap = retries.max_delay;
    let mut base = retries.delay.as_secs_f64();
    let mut sum = Duration::ZERO;
    for n in 0..retries.max {
        let longest = Duration::try_from_secs_f64(base).map(|wait| retries.jitter.bounds(wait).1);
        let wait = longest.map_or(cap, |wait| wait.min(cap));
        if wait == cap || n == WAITS {
            return sum.saturating_add(cap.saturating_mul(retries.max - n));
        }
        sum = sum.saturating_add(wait);
        base *= retries.factor;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Jitter;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_item_takes_its_attempts_and_the_waits_between_them() {
        let retries = |max, jitter| Retries { max, jitter, ..Retries::default() };
        let (never, half) = (Jitter::Off, Jitter::Half);
        let policy = |timeout, retries| Policy { retries, timeout, ..Policy::default() };
        for (policy, expect) in [
            (policy(None, retries(0, never)), None),
            (policy(Some(seconds(10)), retries(0, never)), Some(seconds(10))),
            (policy(Some(seconds(10)), retries(3, never)), Some(seconds(40 + 1 + 2 + 4))),
            (
                policy(Some(seconds(10)), retries(3, half)),
                Some(Duration::from_millis(40_000 + 1_500 + 3_000 + 6_000)),
            ),
            // 1 2 4 8 16 32, then 60 each.
            (policy(Some(seconds(1)), retries(100, never)), Some(seconds(101 + 63 + 94 * 60))),
            (
                policy(Some(seconds(1)), Retries { delay: Duration::ZERO, ..retries(9, never) }),
                Some(seconds(10)),
            ),
        ] {
            assert_eq!(worst_item(&policy), expect, "{policy:?}");
        }
    }

    #[test]
    fn deadlines_bound_what_nothing_else_does() {
        let policy = Policy { item_deadline: Some(seconds(5)), ..Policy::default() };
        assert_eq!(worst_item(&policy), Some(seconds(5)));
        assert_eq!(worst_step(&policy, 10, None), Some(seconds(15)), "three rounds of four");
        assert_eq!(worst_step(&policy, 10, Some(seconds(7))), Some(seconds(7)));
        assert_eq!(worst_step(&Policy::default(), 10, None), None);
        let retries = Retries { max: 2, ..Retries::default() };
        let policy = Policy { timeout: Some(seconds(10)), retries, ..Policy::default() };
        assert_eq!(worst_step(&policy, 10, None), Some(seconds(3 * 30 + 1 + 2)), "waits take no place");
        assert_eq!(worst_step(&policy, 0, None), Some(Duration::ZERO));
        let retries = Retries { budget: Some(2), ..policy.retries };
        let policy = Policy { retries, ..policy };
        assert_eq!(
            worst_step(&policy, 10, None),
            Some(seconds(3 * 10 + 1 + 2)),
            "twelve attempts, four at once"
        );
    }

    #[test]
    fn endless_retries_have_a_sum_without_an_endless_loop() {
        let retries = Retries { max: u32::MAX, factor: 1.0, ..Retries::default() };
        let policy = Policy { timeout: Some(seconds(1)), retries, ..Policy::default() };
        assert!(worst_item(&policy).is_some_and(|worst| worst > seconds(u64::from(u32::MAX))));
    }
}
