//! These tests are of steps whose results go to `take` steps alone: they run what is needed, and no more.

use proptest::prelude::*;

use super::told::{Told, simulate};
use super::world::{Comes, World};

/// So many numbers through `work`, of whose results these many are taken.
fn taking(verb: &str, items: u64, takes: &[u64], policy: &str, world: World) -> Told {
    let list: Vec<String> = (1..=items).map(|item| item.to_string()).collect();
    let takes = takes.iter().enumerate();
    let takes: Vec<String> =
        takes.map(|(at, take)| format!("  take{at}: {{ from: work, take: {take} }}\n")).collect();
    let takes = takes.concat();
    let text = format!(
        "steps:\n  src: {{ items: [{}] }}\n  work:\n    from: src\n    {verb}: {{ lua: return item, {policy} }}\n{takes}  \
         save: {{ from: take0, write: out.jsonl }}\n  dead: {{ from: src, when: false, take: 0 }}\n",
        list.join(", ")
    );
    simulate(&text, world)
}

#[test]
fn a_map_runs_as_many_items_as_are_taken() {
    let told = taking("map", 200, &[2], "concurrency: 4", World::default());
    assert_eq!((told.work(), told.out()), (("succeeded", [2, 0, 0, 0, 0]), vec![1, 2]));
    assert_eq!(told.began.len(), 2);
    // One that failed is made up for, and its step is judged by what ran.
    let world = World::default().always(1, Comes::error()).always(4, Comes::error());
    let told = taking("map", 200, &[3], "concurrency: 2, min_success_ratio: 0.5", world);
    assert_eq!((told.work(), told.out()), (("succeeded", [3, 2, 0, 0, 0]), vec![2, 3, 5]));
    // A failure behind what is taken never happens.
    let told = taking("map", 200, &[2], "", World::default().always(3, Comes::error()));
    assert_eq!((told.work(), told.out()), (("succeeded", [2, 0, 0, 0, 0]), vec![1, 2]));
}

#[test]
fn the_largest_take_decides() {
    let world = World::default();
    let told = taking("map", 50, &[2, 7, 0], "", world);
    assert_eq!((told.began.len(), told.step("take1").emitted), (7, 7));
    assert_eq!(taking("map", 50, &[0], "", World::default()).began.len(), 0);
    assert_eq!(taking("map", 5, &[9], "", World::default()).work(), ("succeeded", [5, 0, 0, 0, 0]));
}

#[test]
fn a_flat_map_and_a_filter_stop_when_enough_results_stand_in_order() {
    let world = World::default().always(1, Comes::Results(3)).takes(2, 5_000);
    let told = taking("flat_map", 100, &[3], "concurrency: 2", world);
    assert_eq!((told.work().0, told.out()), ("succeeded", vec![1, 1, 1]));
    assert!(told.began.len() <= 4, "{:?}", told.began);
    let world = (1..=300).filter(|index| index % 10 != 0);
    let world = world.fold(World::default(), |world, index| world.always(index, Comes::Results(0)));
    let told = taking("filter", 300, &[3], "", world);
    assert_eq!((told.work().0, told.out()), ("succeeded", vec![10, 20, 30]));
    assert!(told.began.len() < 100, "{}", told.began.len());
}

#[test]
fn whoever_else_reads_wants_all() {
    let text = "steps:\n  src: { items: [1, 2, 3, 4] }\n  work: { from: src, map: return item }\n  \
                two: { from: work, take: 2 }\n  save: { from: work, write: out.jsonl }\n  dead: { from: src, when: false, take: 0 }\n";
    assert_eq!(simulate(text, World::default()).work(), ("succeeded", [4, 0, 0, 0, 0]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(96) / 4, ..ProptestConfig::default() })]

    #[test]
    fn which_items_of_a_map_run_does_not_depend_on_concurrency(
        bad in prop::collection::btree_set(1..40_u64, 0..20),
        slow in prop::collection::btree_map(1..40_u64, 0..60_u64, 0..10),
        take in 0..45_u64,
        concurrency in 1..6_u32,
    ) {
        let mut world = bad.iter().fold(World::default(), |world, index| world.always(*index, Comes::for_good()));
        world = slow.iter().fold(world, |world, (index, millis)| world.takes(*index, *millis));
        let good: Vec<u64> = (1..=40).filter(|index| !bad.contains(index)).collect();
        let policy = format!("min_success_ratio: 0, concurrency: {concurrency}");
        let told = taking("map", 40, &[take], &policy, world);
        let wanted = &good[..good.len().min(take as usize)];
        prop_assert_eq!(told.out(), wanted);
        let last = if wanted.len() == take as usize { wanted.last().copied().unwrap_or(0) } else { 40 };
        let (status, [succeeded, failed, ..]) = told.work();
        prop_assert_eq!((status, succeeded + failed), ("succeeded", last));
    }
}
