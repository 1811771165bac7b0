//! A trial says what items come to, so nothing of a step's policy but its limits holds there.

use crate::plan::MapLike;
use crate::schedule::{FailFast, Policy, Retries};
use crate::value::Ratio;

/// The same function without retries and verdict.
pub(super) fn lenient(each: &MapLike, concurrency: usize) -> MapLike {
    let policy = Policy {
        concurrency: each.policy.concurrency.min(concurrency),
        retries: Retries::default(),
        min_success_ratio: Ratio::ZERO,
        max_failures: None,
        fail_fast: FailFast::Off,
        stop_early: false,
        rate_limits: Vec::new(),
        breaker: None,
        slow_after: None,
        ..each.policy.clone()
    };
    MapLike { retry_when: None, key: None, cache: false, policy, costs: Vec::new(), ..each.clone() }
}
