//! These tests give items their keys by the workers.

use std::time::Duration;

use super::told::{Told, pipeline, simulate, simulate_kept};
use super::world::{Comes, World};
use crate::store::Catalogue;

fn keyed(items: u64, policy: &str, world: World) -> Told {
    simulate(&pipeline("map", items, &format!("key: item\n{policy}")), world)
}

#[test]
fn every_item_runs_once_it_has_its_key() {
    let told = keyed(100, "concurrency: 2", World::default());
    assert_eq!((told.work(), told.out()), (("succeeded", [100, 0, 0, 0, 0]), (1..=100).collect()));
}

#[test]
fn keys_may_come_in_any_order() {
    let mut world = World::default();
    for task in 1..=20 {
        world.late.insert(task, Duration::from_millis((task * 31) % 40));
    }
    let told = keyed(100, "concurrency: 2", world);
    assert_eq!(told.out(), (1..=100).collect::<Vec<_>>());
}

#[test]
fn an_item_without_a_key_fails_and_the_others_do_not() {
    let mut world = World::default();
    world.keyless.extend([2, 50]);
    let told = keyed(60, "min_success_ratio: 0.5", world);
    assert_eq!(told.work(), ("succeeded", [58, 2, 0, 0, 0]));
    assert_eq!(told.dead(), [(2, "result".to_owned()), (50, "result".to_owned())]);
    assert_eq!(told.tries(2), 0);
}

#[test]
fn a_fault_over_keys_costs_its_item_only() {
    for comes in [Comes::Panic, Comes::Stuck] {
        let told = keyed(20, "min_success_ratio: 0.5", World::default().always(7, comes.clone()));
        assert_eq!((told.work().1[0], told.dead().len()), (19, 1), "{comes:?}");
        assert_eq!(told.tries(7), 0, "{comes:?}");
    }
}

#[test]
fn a_key_that_cannot_be_loaded_fails_the_step() {
    let told = keyed(5, "", World { keys_unusable: true, ..World::default() });
    assert_eq!(told.work().0, "failed");
    assert!(told.reason().contains("`key` failed"), "{}", told.reason());
}

#[test]
fn an_interrupt_while_keys_are_looked_for_loses_no_item() {
    for at in [0, 1, 5, 30] {
        let mut world = World::default().interrupt(at).interrupt(at + 1);
        world.late.insert(1, Duration::from_millis(20));
        let told = keyed(50, "concurrency: 2", world);
        let (status, [succeeded, _, _, cancelled, _]) = told.work();
        assert!(["cancelled", "succeeded"].contains(&status), "{at}");
        assert!(succeeded + cancelled <= 50, "{at}");
    }
}

#[test]
fn keys_are_kept_with_their_items() {
    let world = World::default().always(2, Comes::error());
    let told = simulate_kept(&pipeline("map", 3, "key: item\nmin_success_ratio: 0"), world);
    let run = Catalogue::new(&told.state()).open("sim").expect("it was kept");
    let failures = run.failures("work", 0, 10).expect("readable");
    assert_eq!((failures[0].index, &*failures[0].key), (2, "k2"));
}

#[test]
fn items_without_a_key_count_as_failures_while_others_wait_for_theirs() {
    let mut world = World::default();
    world.keyless.extend((1..=200).filter(|index| index % 10 == 5));
    let told = keyed(200, "concurrency: 2\nmin_success_ratio: 0\nmax_failures: 3", world);
    let (status, [succeeded, failed, ..]) = told.work();
    assert_eq!(status, "failed");
    assert_eq!(failed, 4, "one more than allowed; {succeeded} were done meanwhile");
}

#[test]
fn the_input_waits_for_a_key_that_takes_its_time() {
    let mut world = World::default();
    let slow = Duration::from_secs(10);
    world.late.insert(1, slow);
    let told = keyed(5000, "concurrency: 2", world);
    assert_eq!(told.work(), ("succeeded", [5000, 0, 0, 0, 0]));
    let ahead = told.began.iter().filter(|began| began.attempt == 0 && began.at < slow);
    let ahead = ahead.map(|began| began.index).max();
    assert!(ahead.is_some_and(|index| index <= 200), "items were read up to {ahead:?}");
}
