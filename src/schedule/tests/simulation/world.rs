//! A made-up world says how long attempts take and how they end. All of it follows from a seed.

use std::time::Duration;

use proptest::prelude::*;

use crate::event::Tally;
use crate::schedule::{Breaker, FailFast, Jitter, Policy, RateUse, Retries};
use crate::value::{Choice as _, Rate, Ratio};

/// How one attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::schedule::tests) enum Outcome {
    Success,
    Skip,
    BadRow,
    Failure { retryable: bool, retry_after: Option<Duration> },
}

/// How an item ends; a success with the number of its attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::schedule::tests) enum SimulatedEnding {
    Succeeded(u32),
    Failed,
    Skipped,
    Cancelled,
    Withdrawn,
}

/// What can stop a step from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::schedule::tests) enum Outside {
    Deadline,
    Interrupt,
    GraceOver,
    SourceFails,
}

/// A step, its items and its workers.
#[derive(Debug, Clone)]
pub(in crate::schedule::tests) struct World {
    pub(in crate::schedule::tests) policy: Policy,
    /// `min_success_ratio` in hundredths.
    pub(in crate::schedule::tests) percent: u64,
    pub(in crate::schedule::tests) items: u64,
    pub(in crate::schedule::tests) seed: u64,
    /// Whether the items come bit by bit.
    pub(in crate::schedule::tests) streamed: bool,
    /// Items in one chunk, at most.
    pub(in crate::schedule::tests) chunk_max: u64,
    /// Attempts in a hundred that fail.
    pub(in crate::schedule::tests) failing: u64,
    /// Whether workers say when an attempt begins.
    pub(in crate::schedule::tests) reports_starts: bool,
    pub(in crate::schedule::tests) outside: Option<(Duration, Outside)>,
}

impl World {
    fn number(&self, what: u64, index: u64, attempt: u32) -> u64 {
        // Any mixing will do as long as it is not the scheduler's own.
        let text = format!("{} {what} {index} {attempt}", self.seed);
        xxhash_rust::xxh3::xxh3_64(text.as_bytes())
    }

    pub(in crate::schedule::tests) fn outcome(&self, index: u64, attempt: u32) -> Outcome {
        let fails = self.number(1, index, attempt) % 100 < self.failing;
        let kind = self.number(2, index, attempt) % 20;
        match (fails, kind) {
            (true, 0 | 1) => Outcome::Failure { retryable: false, retry_after: None },
            (true, 2 | 3) => {
                Outcome::Failure { retryable: true, retry_after: Some(Duration::from_millis(45)) }
            }
            (true, _) => Outcome::Failure { retryable: true, retry_after: None },
            (false, 0 | 1) => Outcome::Skip,
            (false, 2) => Outcome::BadRow,
            (false, _) => Outcome::Success,
        }
    }

    pub(in crate::schedule::tests) fn duration(&self, index: u64, attempt: u32) -> Duration {
        Duration::from_millis(self.number(3, index, attempt) % 30)
    }

    /// Time between the scheduler's word and the beginning of the attempt.
    pub(in crate::schedule::tests) fn latency(&self, index: u64, attempt: u32) -> Duration {
        Duration::from_millis(self.number(4, index, attempt) % 3)
    }

    /// What an attempt takes of each rate limit, as is said before it starts.
    pub(in crate::schedule::tests) fn costs(&self, index: u64, attempt: u32) -> Vec<u64> {
        let cost = |(place, limit): (usize, &RateUse)| {
            let drawn = self.number(10 + place as u64, index, attempt) % u64::from(limit.rate.count + 1);
            if limit.weighted { drawn } else { 1 }
        };
        self.policy.rate_limits.iter().enumerate().map(cost).collect()
    }

    /// What it has taken of one in the end, where that is said at all: never more.
    pub(in crate::schedule::tests) fn spent(&self, index: u64, attempt: u32) -> Option<(usize, u64)> {
        let costs = self.costs(index, attempt);
        let place = self.number(6, index, attempt) as usize % (costs.len() + 1);
        let cost = *costs.get(place)?;
        Some((place, self.number(7, index, attempt) % (cost + 1)))
    }

    /// Whether a worker stops before this item of a chunk, the first time, and gives the rest back.
    pub(in crate::schedule::tests) fn returns_early(&self, index: u64) -> bool {
        self.number(5, index, 0).is_multiple_of(4)
    }

    /// The verdict's formula, without the code under test.
    pub(in crate::schedule::tests) fn is_enough(&self, tally: &Tally) -> bool {
        let eligible = tally.succeeded + tally.failed + tally.cancelled;
        tally.succeeded * 100 >= self.percent * eligible
    }

    /// Whether the ratio can still be satisfied: every ending of the open items is tried.
    pub(in crate::schedule::tests) fn is_reachable(&self, tally: &Tally, total: u64) -> bool {
        let open = total - tally.ended();
        (0..=open).any(|good| {
            (0..=open - good).any(|skipped| {
                self.is_enough(&Tally {
                    succeeded: tally.succeeded + good,
                    skipped: tally.skipped + skipped,
                    failed: tally.failed + open - good - skipped,
                    ..*tally
                })
            })
        })
    }
}

/// Worlds with every kind of policy.
pub(in crate::schedule::tests) fn worlds() -> impl Strategy<Value = World> {
    let shape = (0u64..25, any::<u64>(), any::<bool>(), 1u64..6, 0u64..100, any::<bool>());
    (policies(), shape, proptest::option::weighted(0.3, (0u64..120, 0usize..3))).prop_map(
        |((policy, percent), (items, seed, streamed, chunk_max, failing, reports_starts), outside)| {
            let outside = outside.map(|(at, which)| {
                let all = [Outside::Deadline, Outside::Interrupt, Outside::SourceFails];
                (Duration::from_millis(at), all[which])
            });
            World { policy, percent, items, seed, streamed, chunk_max, failing, reports_starts, outside }
        },
    )
}

fn policies() -> impl Strategy<Value = (Policy, u64)> {
    let fail_fast = prop_oneof![
        6 => Just(FailFast::Off),
        1 => Just(FailFast::Interrupt),
        1 => Just(FailFast::Drain),
    ];
    let ratio = prop_oneof![1 => Just(100u64), 3 => 0u64..=100];
    let item_deadline = proptest::option::weighted(0.3, (1u64..200).prop_map(Duration::from_millis));
    let limit = (1u32..5, 1u64..60, any::<bool>());
    let limits = prop_oneof![3 => Just(Vec::new()), 2 => proptest::collection::vec(limit, 1..4)];
    let breaker = proptest::option::weighted(0.3, (1u32..5, 1u64..40, 1u64..90));
    let max_failures = proptest::option::weighted(0.2, 0u64..6);
    let stops = (fail_fast, max_failures, any::<bool>());
    (1usize..5, retries(), ratio, item_deadline, limits, breaker, stops).prop_map(
        |(concurrency, retries, percent, item_deadline, limits, breaker, stops)| {
            let (fail_fast, max_failures, stop_early) = stops;
            let rate_limits = limits.into_iter().map(|(count, period, weighted)| {
                let rate = Rate { count, period: Duration::from_millis(period) };
                RateUse { name: None, rate, weighted }
            });
            let breaker = breaker.map(|(after, pause, max_pause)| Breaker {
                after,
                pause: Duration::from_millis(pause),
                max_pause: Duration::from_millis(max_pause),
            });
            let ratio = format!("{}.{:02}", percent / 100, percent % 100);
            let policy = Policy {
                concurrency,
                retries,
                item_deadline,
                min_success_ratio: Ratio::parse(&ratio).expect("a ratio"),
                max_failures,
                fail_fast,
                stop_early,
                rate_limits: rate_limits.collect(),
                breaker,
                ..Policy::default()
            };
            (policy, percent)
        },
    )
}

fn retries() -> impl Strategy<Value = Retries> {
    let factor = prop_oneof![Just(1.0), Just(2.0), Just(1.5)];
    let budget = proptest::option::weighted(0.2, 0u64..10);
    let jitter = prop::sample::select(Jitter::all().collect::<Vec<_>>());
    (0u32..4, 0u64..50, factor, 0u64..100, jitter, budget).prop_map(
        |(max, delay, factor, max_delay, jitter, budget)| Retries {
            max,
            delay: Duration::from_millis(delay),
            factor,
            max_delay: Duration::from_millis(max_delay),
            jitter,
            budget,
        },
    )
}
