//! These tests go through every ending of every verb with a function.

use super::told::{map, pipeline, simulate, simulate_kept};
use super::world::{Comes, World};
use crate::event::{FailureKind, RunStatus, StepStatus};
use crate::store::Catalogue;

#[test]
fn a_map_gives_one_result_an_item_in_their_order() {
    let told = map(50, "concurrency: 4", World::default().takes(3, 90).takes(20, 40));
    assert_eq!((told.work(), told.status), (("succeeded", [50, 0, 0, 0, 0]), RunStatus::Succeeded));
    assert_eq!(told.out(), (1..=50).collect::<Vec<_>>());
}

#[test]
fn nothing_in_is_nothing_out() {
    let told = map(0, "", World::default());
    assert_eq!(told.work(), ("succeeded", [0; 5]));
    assert!(told.out().is_empty() && told.began.is_empty());
}

#[test]
fn a_flat_map_gives_any_number_of_results() {
    let world = World::default().always(2, Comes::Results(3)).always(3, Comes::Results(0));
    let told = simulate(&pipeline("flat_map", 4, ""), world);
    assert_eq!(told.out(), [1, 2, 2, 2, 4]);
    assert_eq!((told.work().1, told.step("work").emitted), ([4, 0, 0, 0, 0], 5));
}

#[test]
fn a_filter_lets_items_through_or_not() {
    let world = World::default().always(2, Comes::Results(0)).always(5, Comes::Results(0));
    let told = simulate(&pipeline("filter", 5, ""), world);
    assert_eq!((told.out(), told.work().1), (vec![1, 3, 4], [5, 0, 0, 0, 0]));
}

#[test]
fn skipped_items_are_neither_successes_nor_failures() {
    for verb in ["map", "flat_map", "filter"] {
        let told =
            simulate(&pipeline(verb, 4, ""), World::default().always(1, Comes::Skip).always(4, Comes::Skip));
        assert_eq!(told.work(), ("succeeded", [2, 0, 2, 0, 0]), "{verb}");
        assert_eq!(told.out(), [2, 3], "{verb}");
    }
}

#[test]
fn failed_items_fail_the_step_below_its_ratio() {
    for verb in ["map", "flat_map", "filter"] {
        let told = simulate(&pipeline(verb, 4, ""), World::default().always(2, Comes::error()));
        assert_eq!(told.work(), ("failed", [3, 1, 0, 0, 0]), "{verb}");
        assert_eq!(told.dead(), [(2, "error".to_owned())], "{verb}");
        assert!(told.out().is_empty(), "{verb}: nothing is written of a step that failed");
        assert_eq!(told.step("save").status, StepStatus::Skipped, "{verb}");
    }
}

#[test]
fn tolerated_failures_leave_the_others() {
    let told = map(4, "min_success_ratio: 0.5", World::default().always(2, Comes::error()));
    assert_eq!((told.work(), told.out()), (("succeeded", [3, 1, 0, 0, 0]), vec![1, 3, 4]));
    assert_eq!((told.dead(), told.status), (vec![(2, "error".to_owned())], RunStatus::Succeeded));
}

#[test]
fn every_item_may_fail() {
    let mut world = World::default();
    for index in 1..=30 {
        world = world.always(index, Comes::for_good());
    }
    let told = map(30, "min_success_ratio: 0\nconcurrency: 4", world);
    assert_eq!((told.work(), told.dead().len()), (("succeeded", [0, 30, 0, 0, 0]), 30));
}

#[test]
fn a_bad_row_is_the_sources_failure() {
    let told = map(6, "", World::default().always(3, Comes::BadRow));
    assert_eq!(told.step("src").status, StepStatus::Failed);
    assert_eq!((told.step("work").status, told.reason()), (StepStatus::Cancelled, "source `src` failed"));
    assert!(told.out().is_empty());
}

#[test]
fn a_timeout_is_a_failure_of_its_item_alone() {
    let world = World::default().takes(2, 500);
    let told = map(3, "timeout: 50ms\nmin_success_ratio: 0.5", world);
    assert_eq!((told.work(), told.dead()), (("succeeded", [2, 1, 0, 0, 0]), vec![(2, "timeout".to_owned())]));
}

#[test]
fn kinds_of_failures_reach_the_dead_letter() {
    let fail = |kind| Comes::Fail { kind, retryable: false, after: None };
    let world = World::default()
        .always(1, fail(FailureKind::Memory))
        .always(2, fail(FailureKind::Result))
        .always(3, Comes::Panic);
    let told = map(3, "min_success_ratio: 0", world);
    let kinds: Vec<String> = told.dead().into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds, ["memory", "result", "panic"]);
}

#[test]
fn a_chunk_with_all_endings_is_put_together_in_order() {
    let world = World::default()
        .always(2, Comes::Skip)
        .always(3, Comes::error())
        .once(5, 1, Comes::error())
        .once(7, 1, Comes::error())
        .once(7, 2, Comes::error());
    let told = map(9, "min_success_ratio: 0.5\nretries: { max: 1 }\nconcurrency: 1", world);
    assert_eq!((told.work(), told.out()), (("succeeded", [6, 2, 1, 0, 3]), vec![1, 4, 5, 6, 8, 9]));
    assert_eq!(told.dead(), [(3, "error".to_owned()), (7, "error".to_owned())]);
}

#[test]
fn a_kept_run_has_what_the_events_told() {
    let world = World::default().always(2, Comes::Skip).always(3, Comes::error()).always(5, Comes::Panic);
    let told = simulate_kept(&pipeline("map", 6, "min_success_ratio: 0.5"), world);
    let run = Catalogue::new(&told.state()).open("sim").expect("it was kept");
    let failures = run.failures("work", 0, 10).expect("readable");
    assert_eq!(failures.iter().map(|one| one.index).collect::<Vec<_>>(), [3, 5]);
    let skips = run.skips("work", 0, 10).expect("readable");
    assert_eq!(skips.iter().map(|one| one.index).collect::<Vec<_>>(), [2]);
    let mut results = run.results("work").expect("readable");
    let mut indices = Vec::new();
    while let Some(line) = results.next() {
        indices.push(line.index);
    }
    assert_eq!(indices, [1, 4, 6]);
    assert_eq!(run.step("work").expect("it is a step").status, "succeeded");
}
