//! These tests run the policy of a step through the coordinator: retries, limits, rates, stops.

use super::told::{map, pipeline, simulate};
use super::world::{Comes, World};
use crate::event::{Event, RunStatus};

#[test]
fn a_retry_mends_what_failed_once() {
    let world = World::default().once(2, 1, Comes::error());
    let told = map(3, "retries: { max: 2, delay: 100ms, factor: 1 }", world);
    assert_eq!((told.work(), told.tries(2)), (("succeeded", [3, 0, 0, 0, 1]), 2));
    let retried = told.events.iter().filter(|event| matches!(event, Event::ItemRetried { .. })).count();
    assert_eq!(retried, 1);
}

#[test]
fn retries_end_after_as_many_as_allowed() {
    let told = map(2, "retries: { max: 3 }", World::default().always(1, Comes::error()));
    assert_eq!((told.work(), told.tries(1)), (("failed", [1, 1, 0, 0, 1]), 4));
}

#[test]
fn what_failed_for_good_is_not_tried_again() {
    let told = map(2, "retries: { max: 3 }", World::default().always(1, Comes::for_good()));
    assert_eq!((told.work(), told.tries(1)), (("failed", [1, 1, 0, 0, 0]), 1));
}

#[test]
fn waits_grow_by_the_policy_and_hold_nobody_up() {
    let policy = "concurrency: 1\nretries: { max: 3, delay: 100ms, factor: 2 }";
    let told = map(4, policy, World::default().always(1, Comes::error()));
    let starts = told.starts(1);
    assert_eq!(starts[0], 0);
    let waits: Vec<u128> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits[0] >= 100 && waits[1] >= 200 && waits[2] >= 400, "{waits:?}");
    assert!(told.starts(4)[0] < 100, "others run while one waits");
}

#[test]
fn a_function_may_ask_for_a_longer_wait() {
    let after = Some(std::time::Duration::from_secs(3));
    let asks = Comes::Fail { kind: crate::event::FailureKind::Error, retryable: true, after };
    let told = map(1, "retries: { max: 1, delay: 10ms, factor: 1 }", World::default().once(1, 1, asks));
    let starts = told.starts(1);
    assert!(starts[1] - starts[0] >= 3000, "{starts:?}");
}

#[test]
fn fail_fast_starts_nothing_after_the_first_failure() {
    for (fail_fast, took) in [("true", 5), ("drain", 5)] {
        let policy = format!("concurrency: 1\nfail_fast: {fail_fast}");
        let told = map(20, &policy, World::default().takes(3, took).always(3, Comes::error()));
        assert_eq!(told.work(), ("failed", [2, 1, 0, 17, 0]), "{fail_fast}");
        assert!(told.began.iter().all(|began| began.index <= 3), "{fail_fast}");
    }
}

#[test]
fn fail_fast_cuts_off_what_runs_unless_it_drains() {
    // Items 1 and 5 begin the first two chunks.
    let world = || World::default().always(1, Comes::error()).takes(1, 10).takes(5, 1000);
    let cut = map(8, "concurrency: 2\nfail_fast: true", world());
    assert_eq!(cut.work(), ("failed", [0, 1, 0, 7, 0]));
    let drained = map(8, "concurrency: 2\nfail_fast: drain", world());
    assert_eq!(drained.work(), ("failed", [1, 1, 0, 6, 0]));
}

#[test]
fn max_failures_stops_the_step() {
    let world =
        World::default().always(2, Comes::error()).always(4, Comes::error()).always(6, Comes::error());
    let told = map(50, "concurrency: 1\nmin_success_ratio: 0\nmax_failures: 2", world);
    let (status, [succeeded, failed, _, cancelled, _]) = told.work();
    assert_eq!((status, failed, succeeded + cancelled), ("failed", 3, 47));
}

#[test]
fn failures_one_after_the_other_stop_a_step_before_much_else_has_run() {
    let world = (1..=400).fold(World::default(), |world, index| world.always(index, Comes::error()));
    for policy in ["max_failures: 300\nmin_success_ratio: 0", "min_success_ratio: 0.97\nstop_early: true"] {
        for concurrency in [1, 2, 64] {
            let told = map(10_000, &format!("concurrency: {concurrency}\n{policy}"), world.clone());
            let (status, [succeeded, failed, ..]) = told.work();
            assert_eq!((status, succeeded), ("failed", 0), "{policy}, {concurrency} at once");
            let tasks = concurrency.min(2);
            assert!((301..301 + tasks).contains(&failed), "{failed}: {policy}, {concurrency} at once");
        }
    }
}

#[test]
fn failures_that_do_not_stop_a_step_leave_its_chunks_whole() {
    let failing = |world: World, index: u64| world.always(index * 10, Comes::error());
    let world = (1..=400).fold(World::default(), failing);
    let tasks = |policy: &str| map(4_000, policy, world.clone()).tasks;
    let lenient = tasks("concurrency: 2\nmin_success_ratio: 0.5");
    let bounded = tasks("concurrency: 2\nmin_success_ratio: 0.5\nmax_failures: 2000");
    assert!(bounded <= lenient + 20, "{bounded} tasks instead of {lenient}");
}

#[test]
fn stop_early_stops_once_the_ratio_is_out_of_reach() {
    let world = (1..=10).fold(World::default(), |world, index| world.always(index, Comes::error()));
    let told = map(100, "concurrency: 1\nmin_success_ratio: 0.95\nstop_early: true", world);
    let (status, [_, failed, _, cancelled, _]) = told.work();
    assert_eq!((status, failed), ("failed", 6));
    assert!(cancelled > 80, "{cancelled}");
}

#[test]
fn a_deadline_cuts_the_step_off() {
    let world = (1..=10).fold(World::default(), |world, index| world.takes(index, 100));
    let text = pipeline("map", 10, "concurrency: 1").replace("  work:\n", "  work:\n    deadline: 450ms\n");
    let told = simulate(&text, world);
    let (status, [succeeded, _, _, cancelled, _]) = told.work();
    assert_eq!((status, told.reason(), succeeded + cancelled), ("failed", "deadline", 10));
    assert!((4..=5).contains(&succeeded), "{succeeded}");
}

#[test]
fn an_item_deadline_covers_attempts_and_waits() {
    let policy = "item_deadline: 1s\nmin_success_ratio: 0\nretries: { max: 9, delay: 400ms, factor: 1 }";
    let told = map(1, policy, World::default().always(1, Comes::error()));
    assert_eq!((told.work().1, told.dead()), ([0, 1, 0, 0, 1], vec![(1, "deadline".to_owned())]));
    assert_eq!(told.tries(1), 3, "at 0, 400 and 800 ms; the next one would come too late");
}

#[test]
fn a_rate_limit_spreads_the_starts() {
    let told = map(10, "concurrency: 10\nrate_limit: 2/s", World::default());
    let mut starts: Vec<u128> = (1..=10).flat_map(|index| told.starts(index)).collect();
    starts.sort_unstable();
    for window in starts.windows(3) {
        assert!(window[2] - window[0] >= 1000, "two a second: {starts:?}");
    }
    assert_eq!((told.work().0, told.status), ("succeeded", RunStatus::Succeeded));
}

/// What each attempt takes of a limit is the number of its item; that of item 13 cannot be found out.
#[test]
fn attempts_take_amounts_of_their_own_of_several_limits() {
    let policy = "concurrency: 20\nrate_limit: [few, { limit: much, cost: item }]\nmin_success_ratio: 0.5";
    let text = format!("rate_limits: {{ few: 5/s, much: 30/s }}\n{}", pipeline("map", 20, policy));
    let told = simulate(&text, World::default());
    assert_eq!(told.work(), ("succeeded", [19, 1, 0, 0, 0]));
    let mut starts: Vec<(u128, u128)> = (1..=20)
        .flat_map(|index| told.starts(index).into_iter().map(move |at| (at, u128::from(index))))
        .collect();
    starts.sort_unstable();
    assert_eq!(starts.len(), 19, "the one without a price runs never");
    for (first, _) in &starts {
        let within = || starts.iter().filter(|(at, _)| (*first..first + 1000).contains(at));
        let much: u128 = within().map(|(_, cost)| cost).sum();
        assert!(within().count() <= 5 && much <= 30, "from {first} on: {starts:?}");
    }
    let waits: Vec<&Event> =
        told.events.iter().filter(|event| matches!(event, Event::Waiting { .. })).collect();
    assert!(waits.is_empty(), "waits of a second are no news: {waits:?}");
}

#[test]
fn a_retry_is_priced_anew_and_waits_for_room() {
    let policy = "rate_limit: [{ limit: much, cost: item }]\nretries: { max: 1, delay: 100ms }";
    let text = format!("rate_limits: {{ much: 3/m }}\n{}", pipeline("map", 2, policy));
    let told = simulate(&text, World::default().once(2, 1, Comes::error()));
    assert_eq!(told.work(), ("succeeded", [2, 0, 0, 0, 1]));
    assert!(told.starts(2)[1] >= 60_000, "three of three were taken: {:?}", told.starts(2));
    let waits = told.events.iter().filter_map(|event| match event {
        Event::Waiting { limit, seconds, .. } => Some((&**limit, seconds.as_secs())),
        _ => None,
    });
    assert_eq!(waits.collect::<Vec<_>>(), [("much", 59)]);
}

/// Whether it opened or closed, and how many seconds after the event the next attempt may be.
fn breaker_events(told: &super::told::Told) -> Vec<(bool, bool)> {
    let breaker = |event: &Event| match event {
        Event::Breaker { open, until, .. } => Some((*open, until.is_some())),
        _ => None,
    };
    told.events.iter().filter_map(breaker).collect()
}

#[test]
fn a_breaker_asks_one_item_at_a_time_while_all_fail() {
    // Three attempts of every item fail, the fourth does not.
    let world = (1..=8).fold(World::default(), |world, index| {
        (1..=3).fold(world, |world, attempt| world.once(index, attempt, Comes::error()))
    });
    let policy = "concurrency: 4\nbreaker: { after: 4, pause: 10s, max_pause: 15s }\n\
                  retries: { max: 9, delay: 1ms, factor: 1 }";
    let told = map(8, policy, world);
    assert_eq!(told.work(), ("succeeded", [8, 0, 0, 0, 8]));
    let mut starts: Vec<u128> = (1..=8).flat_map(|index| told.starts(index)).collect();
    starts.sort_unstable();
    assert_eq!(starts.len(), 32);
    // Four at first, then single ones after ten seconds and after fifteen each.
    let tried: Vec<u128> = starts[4..7].iter().map(|at| at / 1000).collect();
    assert_eq!((starts[3] < 10, tried), (true, vec![10, 25, 40]), "{starts:?}");
    let events = breaker_events(&told);
    assert_eq!(events[..3], [(true, true), (true, true), (true, true)]);
    assert_eq!(events.last(), Some(&(false, false)));
    let holds = told.holds();
    assert!(holds.iter().all(|hold| hold.limit.is_none()), "{holds:?}");
    assert!(holds[0].duration.as_secs() >= 25, "a pause lasts until attempts start again: {holds:?}");
}

#[test]
fn a_breakers_pause_ends_with_the_step() {
    let policy = "concurrency: 2\nbreaker: { after: 1, pause: 1h }\nretries: 5";
    let world = World::default().always(1, Comes::error()).always(2, Comes::error());
    let deadline = pipeline("map", 9, policy).replace("    map:", "    deadline: 30s\n    map:");
    let told = simulate(&deadline, world.clone());
    assert_eq!(told.work(), ("failed", [0, 0, 0, 9, 0]));
    // Nothing starts again, and nobody says so.
    assert_eq!(breaker_events(&told), [(true, true)]);
    assert_eq!(told.holds().iter().map(|hold| hold.duration.as_secs()).collect::<Vec<_>>(), [29]);
    let world = World { interrupts: vec![std::time::Duration::from_secs(20)], ..world };
    let told = map(9, policy, world);
    assert_eq!((told.status, told.work().1), (RunStatus::Interrupted, [0, 0, 0, 9, 0]));
}

#[test]
fn an_items_deadline_passes_while_a_breaker_pauses() {
    let policy = "concurrency: 2\nbreaker: { after: 1, pause: 1h }\nretries: 5\nitem_deadline: 45s";
    let told = map(1, policy, World::default().always(1, Comes::error()));
    assert_eq!((told.work(), told.tries(1)), (("failed", [0, 1, 0, 0, 0]), 1));
    let failed = told.events.iter().find_map(|event| match event {
        Event::ItemFailed { kind, message, .. } => Some((kind.name(), &**message)),
        _ => None,
    });
    let (kind, message) = failed.expect("it failed");
    assert_eq!(kind, "deadline");
    assert!(message.starts_with("item_deadline passed while waiting for another attempt"), "{message}");
}

#[test]
fn concurrency_is_used_and_never_exceeded() {
    let world = (1..=8).fold(World::default(), |world, index| world.takes(index, 100));
    let one = map(8, "concurrency: 1", world.clone());
    let two = map(8, "concurrency: 2", world);
    let last = |told: &super::told::Told| told.began.iter().map(|began| began.at.as_millis()).max();
    assert!(last(&one) >= Some(700) && last(&two) <= Some(400), "{:?} {:?}", last(&one), last(&two));
}

#[test]
fn retries_end_when_the_step_stops() {
    let policy = "concurrency: 2\nfail_fast: true\nretries: { max: 5, delay: 10s, factor: 1 }";
    let world = World::default().always(1, Comes::error()).always(2, Comes::for_good()).takes(2, 50);
    let told = map(5, policy, world);
    let (status, [_, failed, _, cancelled, _]) = told.work();
    assert_eq!((status, failed), ("failed", 1));
    assert!(cancelled >= 1 && told.tries(1) == 1, "the one that waited is not tried again");
}
