//! These tests let workers fail: they break down, go, come late, or say things twice.

use std::time::Duration;

use super::told::{map, pipeline, simulate_kept};
use super::world::{Comes, World};
use crate::store::Catalogue;

#[test]
fn a_fault_of_ours_costs_its_item_only() {
    let told = map(40, "min_success_ratio: 0.5\nconcurrency: 2", World::default().always(17, Comes::Panic));
    assert_eq!((told.work(), told.dead()), (("succeeded", [39, 1, 0, 0, 0]), vec![(17, "panic".to_owned())]));
}

#[test]
fn a_fault_that_does_not_come_again_costs_nothing() {
    let told = map(
        40,
        "retries: { max: 1 }",
        World::default().once(17, 1, Comes::Panic).always(17, Comes::Results(1)),
    );
    assert_eq!(told.work().1[..2], [40, 0]);
}

#[test]
fn a_stuck_worker_costs_its_item_only() {
    let told = map(
        20,
        "timeout: 1s\nmin_success_ratio: 0.5\nconcurrency: 2",
        World::default().always(7, Comes::Stuck),
    );
    assert_eq!(
        (told.work(), told.dead()),
        (("succeeded", [19, 1, 0, 0, 0]), vec![(7, "timeout".to_owned())])
    );
}

#[test]
fn a_stuck_item_is_not_tried_again() {
    let told = map(
        1,
        "timeout: 1s\nretries: { max: 5 }\nmin_success_ratio: 0",
        World::default().always(1, Comes::Stuck),
    );
    assert_eq!(told.work().1, [0, 1, 0, 0, 0]);
}

#[test]
fn a_report_that_comes_twice_counts_once() {
    let mut world = World::default().always(3, Comes::error()).always(4, Comes::Skip);
    world.twice.extend(1..=50);
    let told = map(30, "min_success_ratio: 0.5\nconcurrency: 4", world);
    assert_eq!(told.work(), ("succeeded", [28, 1, 1, 0, 0]));
    assert_eq!(told.out().len(), 28);
}

#[test]
fn a_report_that_comes_twice_is_kept_once() {
    let mut world = World::default();
    world.twice.extend(1..=50);
    let told = simulate_kept(&pipeline("map", 30, "concurrency: 4"), world);
    let run = Catalogue::new(&told.state()).open("sim").expect("it was kept");
    let (mut results, mut count) = (run.results("work").expect("readable"), 0);
    while results.next().is_some() {
        count += 1;
    }
    assert_eq!(count, 30);
}

#[test]
fn reports_in_any_order_give_results_in_order() {
    let mut world = World::default();
    for task in 1..=40 {
        world.late.insert(task, Duration::from_millis((task * 7919) % 100));
    }
    let told = map(60, "concurrency: 4", world);
    assert_eq!(told.out(), (1..=60).collect::<Vec<_>>());
}

#[test]
fn a_report_that_comes_after_the_end_is_passed_over() {
    let mut world = World::default().interrupt(10).interrupt(20);
    world.late.insert(1, Duration::from_secs(600));
    let told = map(3, "concurrency: 1", world);
    let (status, [succeeded, _, _, cancelled, _]) = told.work();
    assert_eq!((status, succeeded, cancelled), ("cancelled", 0, 3));
}

#[test]
fn what_a_worker_gives_back_is_run_by_another() {
    let mut world = World::default();
    for task in 1..=20 {
        world.given_back.insert(task, 1);
    }
    let told = map(40, "concurrency: 2", world);
    assert_eq!((told.work(), told.out()), (("succeeded", [40, 0, 0, 0, 0]), (1..=40).collect()));
    assert!((1..=40).all(|index| told.tries(index) == 1));
}

#[test]
fn a_function_that_cannot_be_loaded_fails_the_step() {
    let told = map(3, "", World { unusable: true, ..World::default() });
    let (status, counts) = told.work();
    assert_eq!((status, counts[0], counts[3]), ("failed", 0, 3));
    assert!(told.reason().contains("no function"), "{}", told.reason());
}

#[test]
fn a_step_without_workers_fails_and_says_so() {
    let told = map(20, "concurrency: 1", World { gone_after: Some(2), ..World::default() });
    assert_eq!((told.work().0, told.reason()), ("failed", "all workers are gone"));
}

#[test]
fn a_pool_that_cannot_go_on_fails_the_step() {
    let told = map(20, "concurrency: 1", World { fails_after: Some(1), ..World::default() });
    assert_eq!((told.work().0, told.reason()), ("failed", "no more threads"));
}

#[test]
fn two_bad_items_of_one_chunk_are_found_one_by_one() {
    let world = World::default().always(9, Comes::Panic).always(10, Comes::Panic).always(11, Comes::Stuck);
    let told = map(30, "timeout: 1s\nmin_success_ratio: 0.5\nconcurrency: 2", world);
    let dead: Vec<u64> = told.dead().into_iter().map(|(index, _)| index).collect();
    assert_eq!((told.work().1, dead), ([27, 3, 0, 0, 0], vec![9, 10, 11]));
}

/// A pipe from which two rows come, and then nothing more for as long as the value lives.
fn starving(folder: &std::path::Path) -> std::thread::JoinHandle<()> {
    let pipe = folder.join("rows.jsonl");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
    std::thread::spawn(move || {
        use std::io::Write as _;
        let mut pipe = std::fs::File::options().write(true).open(pipe).expect("somebody reads");
        pipe.write_all(b"1\n2\n").expect("written");
        // Longer than any test that passes waits.
        std::thread::sleep(Duration::from_secs(20));
    })
}

#[test]
fn a_source_that_starves_holds_up_neither_deadline_nor_interrupt() {
    for (limit, world, expect) in [
        ("    deadline: 2s\n", World::default(), ("failed", "deadline")),
        ("", World::default().interrupt(500).interrupt(600), ("cancelled", "interrupted")),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = starving(folder.path());
        let path = folder.path().join("rows.jsonl");
        let list = format!("read: {{ path: {}, format: jsonl }}", path.display());
        let text = pipeline("map", 0, "concurrency: 2").replace("items: []", &list);
        let text = text.replace("  work:\n", &format!("  work:\n{limit}"));
        let told = simulate_kept(&text, world);
        assert_eq!((told.work().0, told.reason()), expect);
        assert_eq!(told.work().1[0], 2, "what had come is done");
        // It is left to its sleep.
        drop(writer);
    }
}
