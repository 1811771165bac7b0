//! These properties hold of every world: items of every kind, workers that come late or give things back, interrupts.

use std::time::Duration;

use proptest::prelude::*;

use super::told::{map, pipeline, simulate};
use super::world::{Comes, World};

fn comes() -> impl Strategy<Value = Comes> {
    prop_oneof![
        4 => Just(Comes::Results(1)),
        1 => Just(Comes::Skip),
        2 => Just(Comes::error()),
        1 => Just(Comes::for_good()),
        1 => Just(Comes::Panic),
    ]
}

/// Worlds without interrupts, of up to this many items.
fn worlds(items: u64) -> impl Strategy<Value = World> {
    let attempts = prop::collection::btree_map((1..=items, 0..3_u32), comes(), 0..20);
    let takes = prop::collection::btree_map(1..=items, 0..40_u64, 0..10);
    let late = prop::collection::btree_map(1..30_u64, 0..60_u64, 0..8);
    let twice = prop::collection::btree_set(1..30_u64, 0..8);
    let given_back = prop::collection::btree_map(1..30_u64, 1..4_usize, 0..8);
    (attempts, takes, late, twice, given_back).prop_map(|(comes, takes, late, twice, given_back)| {
        let millis = |(key, millis)| (key, Duration::from_millis(millis));
        World {
            comes,
            takes: takes.into_iter().map(millis).collect(),
            late: late.into_iter().map(millis).collect(),
            twice,
            given_back,
            ..World::default()
        }
    })
}

/// What a lone item comes to under so many retries, by the world alone.
fn lone(world: &World, index: u64, retries: u32) -> &'static str {
    for attempt in 1..=retries + 1 {
        match world.of(index, attempt) {
            Comes::Results(_) => return "succeeded",
            Comes::Skip => return "skipped",
            Comes::Fail { retryable: false, .. } => return "failed",
            _ => {}
        }
    }
    "failed"
}

const LENIENT: &str = "min_success_ratio: 0\nretries: { max: 2, delay: 5ms, factor: 1 }";

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(96) / 4, ..ProptestConfig::default() })]

    #[test]
    fn every_item_comes_to_what_it_would_come_to_alone(world in worlds(40), concurrency in 1..5_u32) {
        let told = map(40, &format!("{LENIENT}\nconcurrency: {concurrency}"), world.clone());
        let count = |end| (1..=40).filter(|index| lone(&world, *index, 2) == end).count() as u64;
        let (_, [succeeded, failed, skipped, cancelled, _]) = told.work();
        prop_assert_eq!(
            [succeeded, failed, skipped, cancelled],
            [count("succeeded"), count("failed"), count("skipped"), 0]
        );
        let out: Vec<u64> = (1..=40).filter(|index| lone(&world, *index, 2) == "succeeded").collect();
        prop_assert_eq!(told.out(), out);
    }

    #[test]
    fn results_do_not_depend_on_concurrency_nor_on_what_workers_do(world in worlds(30), concurrency in 2..6_u32) {
        let quiet = World { comes: world.comes.clone(), ..World::default() };
        let one = map(30, &format!("{LENIENT}\nconcurrency: 1"), quiet);
        let many = map(30, &format!("{LENIENT}\nconcurrency: {concurrency}"), world);
        prop_assert_eq!((one.out(), one.dead(), one.work().1), (many.out(), many.dead(), many.work().1));
    }

    #[test]
    fn an_interrupt_at_any_time_accounts_for_every_item(
        world in worlds(30), first in 0..200_u64, more in prop::option::of(0..50_u64), deaf: bool,
    ) {
        let mut world = World { deaf, ..world }.interrupt(first);
        world.interrupts.extend(more.map(|more| Duration::from_millis(first + more)));
        let told = map(30, &format!("{LENIENT}\nconcurrency: 2"), world.clone());
        // What succeeded is what would have succeeded anyway.
        prop_assert!(told.out().iter().all(|index| lone(&world, *index, 2) == "succeeded"));
    }

    #[test]
    fn an_item_is_begun_as_often_as_its_retries_allow(world in worlds(30), retries in 0..4_u32) {
        let policy = format!("min_success_ratio: 0\nretries: {{ max: {retries}, delay: 1ms }}");
        let told = map(30, &policy, world.clone());
        for index in 1..=30 {
            let attempts = told.began.iter().filter(|began| began.index == index).map(|began| began.attempt);
            prop_assert!(attempts.max().unwrap_or(0) <= retries + 1);
        }
    }

    #[test]
    fn a_stop_by_the_policy_begins_nothing_new(world in worlds(40), concurrency in 1..4_u32) {
        let told = map(40, &format!("fail_fast: true\nconcurrency: {concurrency}"), world.clone());
        let first = (1..=40).find(|index| lone(&world, *index, 0) == "failed");
        match first {
            None => prop_assert_eq!(told.work().0, "succeeded"),
            Some(first) => {
                prop_assert_eq!(told.work().0, "failed");
                // Those that ran beside it may have begun, no others.
                let last = told.began.iter().map(|began| began.index).max().unwrap_or(0);
                prop_assert!(last <= first + 40, "{last}");
                prop_assert!(told.work().1[1] >= 1);
            }
        }
    }

    #[test]
    fn every_verb_accounts_for_every_item(world in worlds(25), counts in prop::collection::vec(0..4_u64, 25)) {
        let mut world = world;
        for (index, count) in (1..).zip(counts) {
            world.comes.entry((index, 0)).or_insert(Comes::Results(count));
        }
        for verb in ["flat_map", "filter"] {
            let mut world = world.clone();
            if verb == "filter" {
                for comes in world.comes.values_mut() {
                    if let Comes::Results(count) = comes {
                        *count = (*count).min(1);
                    }
                }
            }
            let told = simulate(&pipeline(verb, 25, LENIENT), world);
            prop_assert_eq!(told.work().1.iter().take(4).sum::<u64>(), 25);
        }
    }
}
