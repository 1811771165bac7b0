//! These tests interrupt a run at every moment.

use super::told::{map, pipeline, simulate};
use super::world::{Comes, World};
use crate::event::{RunStatus, StepStatus};

#[test]
fn the_first_interrupt_lets_running_items_finish() {
    let world = (1..=10).fold(World::default().interrupt(100), |world, index| world.takes(index, 300));
    let told = map(10, "concurrency: 2\nfail_fast: drain", world);
    let (status, [succeeded, _, _, cancelled, _]) = told.work();
    assert_eq!((status, told.reason(), told.status), ("cancelled", "interrupted", RunStatus::Interrupted));
    assert_eq!((succeeded, cancelled), (2, 8));
}

#[test]
fn the_second_interrupt_cuts_them_off() {
    let world = World::default().takes(1, 60_000).takes(2, 60_000).interrupt(100).interrupt(200);
    let told = map(4, "concurrency: 2\nfail_fast: drain", world);
    assert_eq!((told.work(), told.reason()), (("cancelled", [0, 0, 0, 4, 0]), "interrupted"));
}

#[test]
fn grace_ends_by_itself() {
    let world = World::default().takes(1, 60_000).interrupt(100);
    let told = map(2, "concurrency: 1", world);
    assert_eq!(told.work(), ("cancelled", [0, 0, 0, 2, 0]));
}

#[test]
fn an_interrupt_before_anything_began_cancels_all() {
    let told = map(5, "concurrency: 1\nfail_fast: drain", World::default().interrupt(0));
    let (status, [succeeded, .., cancelled, _]) = told.work();
    assert_eq!((status, succeeded + cancelled), ("cancelled", 5));
}

#[test]
fn an_interrupt_after_the_end_changes_nothing_of_the_step() {
    let told = map(3, "", World::default().interrupt(600_000));
    assert_eq!((told.work(), told.status), (("succeeded", [3, 0, 0, 0, 0]), RunStatus::Succeeded));
}

#[test]
fn an_interrupt_ends_the_wait_for_retries() {
    let policy = "retries: { max: 9, delay: 1h, factor: 1 }";
    let world = World::default().always(1, Comes::error()).interrupt(50);
    let told = map(2, policy, world);
    let (status, [succeeded, failed, _, cancelled, _]) = told.work();
    assert_eq!((status, succeeded, failed + cancelled), ("cancelled", 1, 1));
    assert_eq!(told.tries(1), 1);
}

#[test]
fn at_every_millisecond_an_interrupt_loses_no_item() {
    for at in (0..60).step_by(3) {
        for second in [None, Some(at + 5)] {
            let mut world = World::default().once(3, 1, Comes::error()).always(5, Comes::Skip).interrupt(at);
            world.interrupts.extend(second.map(std::time::Duration::from_millis));
            for index in 1..=12 {
                world = world.takes(index, 7);
            }
            // That every item is accounted for is looked at in every run.
            let told = map(12, "concurrency: 2\nretries: { max: 2, delay: 4ms, factor: 1 }", world);
            assert!(["cancelled", "succeeded"].contains(&told.work().0), "{at}: {:?}", told.work());
        }
    }
}

#[test]
fn workers_that_do_not_stop_are_left_behind() {
    let mut world = World::default().takes(1, 3_600_000).interrupt(10).interrupt(20);
    world.deaf = true;
    let told = map(3, "concurrency: 1", world);
    assert_eq!(told.work(), ("cancelled", [0, 0, 0, 3, 0]));
}

#[test]
fn later_steps_do_not_begin_after_an_interrupt() {
    let world = World::default().takes(1, 500).interrupt(100);
    let text = pipeline("map", 2, "concurrency: 1")
        + "  more:\n    from: work\n    map: return item\n  end: { from: more, write: end.jsonl }\n";
    let told = simulate(&text, world);
    assert_ne!(told.step("more").status, StepStatus::Succeeded);
    assert_eq!(told.status, RunStatus::Interrupted);
}
