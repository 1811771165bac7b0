//! These properties hold for every policy, every behaviour of the items and every way to end; they are checked in
//! virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::simulation::{Outcome, Outside, SimulatedEnding, Trace, World, simulate, worlds};
use crate::event::Tally;
use crate::schedule::{FailFast, Jitter, Policy, Retries, StopReason};
use crate::value::Ratio;

/// The counters, counted anew from what became of each item. What did not end otherwise was cancelled.
fn recount(world: &World, trace: &Trace) -> Tally {
    let mut tally = Tally::default();
    let known = if world.streamed { trace.offered } else { world.items };
    for index in 1..=known {
        match trace.endings.get(&index) {
            Some(SimulatedEnding::Succeeded(_)) => tally.succeeded += 1,
            Some(SimulatedEnding::Failed) => tally.failed += 1,
            Some(SimulatedEnding::Skipped) => tally.skipped += 1,
            Some(SimulatedEnding::Cancelled) | None => tally.cancelled += 1,
            Some(SimulatedEnding::Withdrawn) => {}
        }
    }
    tally.retried = trace.tries.iter().filter(|attempt| attempt.attempt == 2).count() as u64;
    tally
}

/// The same world in which nothing stops the step before its end.
fn unstopped(mut world: World) -> World {
    world.outside = None;
    world.policy.fail_fast = FailFast::Off;
    world.policy.max_failures = None;
    world.policy.stop_early = false;
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn every_item_is_accounted_for_in_every_ending(world in worlds()) {
        let trace = simulate(&world);
        let expect = recount(&world, &trace);
        prop_assert_eq!(trace.tally, expect);
        let total = if world.streamed { trace.offered } else { world.items } - trace.withdrawn;
        prop_assert_eq!(trace.tally.ended(), total);
        if let Some(known) = trace.total {
            prop_assert_eq!(known, total);
        }
        if trace.stop.is_none() {
            prop_assert_eq!(trace.tally.cancelled, 0);
        }
    }

    #[test]
    fn the_formula_alone_decides_after_all_retries(world in worlds()) {
        let trace = simulate(&world);
        let verdict = trace.verdict.expect("every simulation ends in a verdict");
        let tally = trace.tally;
        prop_assert_eq!(verdict.eligible, tally.ended() - tally.skipped);
        prop_assert_eq!(verdict.needed, (verdict.eligible * world.percent).div_ceil(100));
        prop_assert_eq!(verdict.reason.is_none(), verdict.succeeded);
        let enough = world.is_enough(&tally) && world.policy.max_failures.is_none_or(|max| tally.failed <= max);
        if trace.stop.is_some_and(|stop| stop.reason == StopReason::Deadline) {
            let cut = tally.cancelled > 0 || trace.total.is_none();
            prop_assert_eq!(verdict.succeeded, enough && !cut);
            prop_assert_eq!(verdict.reason.as_deref() == Some("deadline"), cut);
        } else if !matches!(world.outside, Some((_, Outside::Deadline))) {
            prop_assert_eq!(verdict.succeeded, enough);
        }
    }

    #[test]
    fn an_item_is_tried_again_as_often_as_allowed_and_never_more(world in worlds()) {
        let trace = simulate(&world);
        let mut tries: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for attempt in &trace.tries {
            tries.entry(attempt.index).or_default().push(attempt.attempt);
        }
        for (index, tries) in &tries {
            let numbers: Vec<u32> = (1..).take(tries.len()).collect();
            prop_assert_eq!(tries, &numbers, "attempts of item {}", index);
            prop_assert!(tries.len() as u64 <= 1 + u64::from(world.policy.retries.max));
        }
        let retries = trace.tries.iter().filter(|attempt| attempt.attempt > 1).count() as u64;
        prop_assert!(world.policy.retries.budget.is_none_or(|budget| retries <= budget));
    }

    #[test]
    fn waits_are_those_of_the_policy(world in worlds()) {
        let retries = world.policy.retries;
        let trace = simulate(&world);
        for granted in &trace.granted {
            let wait = granted.wait.as_secs_f64();
            let exact = retries.delay.as_secs_f64() * retries.factor.powi(granted.attempt as i32 - 1);
            let base = exact.min(retries.max_delay.as_secs_f64());
            if let Outcome::Failure { retry_after: Some(after), .. } = world.outcome(granted.index, granted.attempt) {
                prop_assert_eq!(granted.wait, after.min(retries.max_delay));
            } else {
                let (low, high) = match retries.jitter {
                    Jitter::Off => (base, base),
                    Jitter::Half => (base * 0.5, base * 1.5),
                    Jitter::Full => (0.0, base),
                };
                prop_assert!(wait > low - 1e-9 && wait < high + 1e-9, "{} for {}", wait, base);
            }
            prop_assert!(granted.wait <= retries.max_delay);
        }
        // Attempts do not begin before the wait is over; nor after the item's own deadline, but for the latency.
        let began = |index, attempt| {
            trace.tries.iter().find(|t| (t.index, t.attempt) == (index, attempt)).map(|t| t.began)
        };
        for granted in &trace.granted {
            let before = began(granted.index, granted.attempt).expect("an attempt that failed had begun");
            let ended = before + world.duration(granted.index, granted.attempt);
            if let Some(next) = began(granted.index, granted.attempt + 1) {
                prop_assert!(next >= ended + granted.wait);
                if let (Some(limit), Some(first)) = (world.policy.item_deadline, began(granted.index, 1)) {
                    prop_assert!(next < first + limit + Duration::from_millis(3));
                }
            }
        }
    }

    #[test]
    fn no_window_of_any_limit_holds_more_than_its_rate(world in worlds()) {
        let trace = simulate(&world);
        for (place, limit) in world.policy.rate_limits.iter().enumerate() {
            for first in &trace.tries {
                let within = |began: Duration| began >= first.began && began < first.began + limit.rate.period;
                let tries = trace.tries.iter().filter(|attempt| within(attempt.began));
                let taken: u64 = tries.map(|attempt| attempt.costs[place]).sum();
                prop_assert!(taken <= u64::from(limit.rate.count), "{} from {:?} on", taken, first.began);
            }
        }
    }

    #[test]
    fn the_first_failure_ends_it_under_fail_fast(world in worlds(), drain: bool) {
        let mut world = unstopped(world);
        world.policy.fail_fast = if drain { FailFast::Drain } else { FailFast::Interrupt };
        // That nothing starts after the stop, the simulation itself asserts.
        let trace = simulate(&world);
        if trace.tally.failed == 0 {
            prop_assert_eq!(trace.stop, None);
        } else if trace.tally.cancelled > 0 {
            let stop = trace.stop.expect("items are cancelled by a stop only");
            prop_assert_eq!((stop.reason, stop.interrupt), (StopReason::FailFast, !drain));
            if drain {
                let begun = |index| trace.tries.iter().any(|attempt| attempt.index == index);
                let cut = trace.endings.iter().filter(|(_, ending)| **ending == SimulatedEnding::Cancelled);
                for (index, _) in cut {
                    let last = trace.tries.iter().filter(|attempt| attempt.index == *index).count();
                    let outcome = world.outcome(*index, last as u32);
                    prop_assert!(begun(*index) && matches!(outcome, Outcome::Failure { .. }), "drained ones are kept");
                }
            }
        }
    }

    #[test]
    fn an_early_stop_changes_no_verdict(world in worlds()) {
        let mut world = unstopped(world);
        // A budget or a deadline makes outcomes depend on time, and so on what an early stop leaves out.
        world.policy.retries.budget = None;
        world.policy.item_deadline = None;
        let patient = simulate(&world);
        world.policy.stop_early = true;
        let early = simulate(&world);
        prop_assert_eq!(
            early.verdict.map(|verdict| verdict.succeeded),
            patient.verdict.map(|verdict| verdict.succeeded)
        );
    }

    #[test]
    fn outcomes_do_not_depend_on_concurrency_or_chunks(world in worlds(), concurrency in 1usize..8, chunk_max in 1u64..9) {
        let mut world = unstopped(world);
        world.policy.retries.budget = None;
        world.policy.item_deadline = None;
        let one = simulate(&world);
        world.policy.concurrency = concurrency;
        world.chunk_max = chunk_max;
        world.streamed = !world.streamed;
        world.policy.rate_limits.clear();
        world.policy.breaker = None;
        let other = simulate(&world);
        prop_assert_eq!(&one.endings, &other.endings);
        prop_assert_eq!(one.tally, other.tally);
        prop_assert_eq!(&one.verdict, &other.verdict);
        let waits = |trace: &Trace| {
            let mut waits: Vec<_> = trace.granted.iter().map(|g| (g.index, g.attempt, g.wait)).collect();
            waits.sort_unstable();
            waits
        };
        prop_assert_eq!(waits(&one), waits(&other), "jitter follows from the seed and the item alone");
    }

    #[test]
    fn everything_can_be_tried_with_ratio_zero(world in worlds()) {
        let mut world = unstopped(world);
        (world.percent, world.policy.min_success_ratio) = (0, Ratio::ZERO);
        let trace = simulate(&world);
        prop_assert!(trace.verdict.is_some_and(|verdict| verdict.succeeded));
        prop_assert_eq!(trace.tally.cancelled, 0);
    }
}

/// 1000 items of about 1 ms, a tenth of which fail once with a wait of a second: waiting holds no worker.
#[test]
fn waiting_retries_do_not_hold_up_the_others() {
    let policy = Policy {
        concurrency: 4,
        retries: Retries { max: 3, delay: Duration::from_secs(1), factor: 1.0, ..Retries::default() },
        min_success_ratio: Ratio::ZERO,
        ..Policy::default()
    };
    let world = World {
        policy,
        percent: 0,
        items: 1000,
        seed: 1,
        streamed: false,
        chunk_max: 16,
        failing: 10,
        reports_starts: true,
        outside: None,
    };
    let trace = simulate(&world);
    let work: Duration = trace.tries.iter().map(|t| world.duration(t.index, t.attempt)).sum();
    // Three waits of the unluckiest item, and what four workers need for the work with some latency.
    assert!(trace.ended < Duration::from_secs(4) + work / 4 + work / 10, "{:?} for {work:?}", trace.ended);
    assert!(trace.tally.retried > 60, "{:?}", trace.tally);
}
