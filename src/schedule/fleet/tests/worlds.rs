//! These tests check what must hold in every world. `cargo test` tries some of them; `FLOWRUN_FLEET_WORLDS=10000` tries so many.

use std::collections::{BTreeMap, BTreeSet};

use super::chaos::Event;
use super::coordinator::{Trace, simulate};
use super::disk::items;
use super::world::World;
use crate::schedule::fleet::{Failure, Outcome};

/// As many as an unoptimised build on a slow machine tries in 20 seconds.
const WORLDS: u64 = 1500;

impl World {
    fn has(&self, wanted: impl Fn(&Event) -> bool) -> u64 {
        self.events.iter().filter(|(_, event)| wanted(event)).count() as u64
    }

    /// Deaths of workers that are nobody's fault.
    fn accidents(&self) -> u64 {
        self.has(|event| matches!(event, Event::Kill | Event::Forget | Event::Freeze(_) | Event::Lie))
    }
}

/// What must hold in the end.
fn check(world: &World, trace: &Trace) {
    let all = items(&world.items);
    let committed: BTreeSet<u64> = trace.committed.keys().copied().collect();
    assert!(committed.is_subset(&all));
    match &trace.outcome {
        Outcome::Complete => assert_eq!(committed, all, "each item is in exactly one record"),
        Outcome::Stopped => assert!(world.stop.is_some()),
        Outcome::Failed(Failure::CannotKeep(_)) => assert!(world.has(|event| *event == Event::DiskFull) > 0),
        // Three jobs were over before they could do anything; which of them it ended itself a second coordinator does not know.
        Outcome::Failed(Failure::Unseen) => {
            let holds = world.has(|event| *event == Event::Hold);
            assert!(world.has(|event| *event == Event::DiskFull) > 0 || world.accidents() + holds >= 3);
        }
        Outcome::Failed(Failure::Refused(_)) => assert!(world.room < world.options.workers.into()),
        Outcome::Failed(Failure::Died { .. }) if world.accidents() >= 3 => {}
        // An engine that tells no status does not tell of full disks.
        Outcome::Failed(Failure::Died { .. } | Failure::Fruitless { .. }) => {
            assert!(world.manners.forgets && world.has(|event| *event == Event::DiskFull) > 0);
        }
        outcome => panic!("{outcome:?}"),
    }
    for item in committed.iter().filter(|item| world.is_poison(**item)) {
        assert!(trace.condemned.contains(item), "item {item} kills every worker, and was not given up");
    }
    if world.accidents() <= 1 {
        let innocent = trace.condemned.iter().find(|item| !world.is_poison(**item));
        assert_eq!(innocent, None, "it killed nobody");
    }
    if world.events.is_empty() && world.manners.late == 0 {
        let often = world.poison.iter().find(|item| trace.executed.get(item).is_some_and(|times| *times > 3));
        assert_eq!(often, None, "once among others and twice alone are enough");
    }
    if world.healthy {
        assert_eq!(trace.outcome, Outcome::Complete);
        let twice: BTreeMap<_, _> = trace.executed.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "they ran twice while everybody was healthy: {twice:?}");
    }
}

/// Runs these worlds, and says which one failed.
fn try_worlds(seeds: impl Iterator<Item = u64>) -> BTreeMap<&'static str, u64> {
    let mut outcomes = BTreeMap::new();
    for seed in seeds {
        let world = World::new(seed);
        let result = std::panic::catch_unwind(|| {
            let trace = simulate(&world);
            check(&world, &trace);
            trace
        });
        let Ok(trace) = result else { panic!("world {seed} is wrong: {world:?}") };
        *outcomes.entry(name(&trace.outcome)).or_default() += 1;
    }
    outcomes
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "complete",
        Outcome::Stopped => "stopped",
        Outcome::Fault(_) => "fault",
        Outcome::Failed(Failure::Died { .. } | Failure::Fruitless { .. }) => "died",
        Outcome::Failed(Failure::CannotKeep(_) | Failure::Unseen) => "cannot keep",
        Outcome::Failed(_) => "failed",
    }
}

#[test]
fn in_every_world_each_item_is_committed_once_and_the_step_ends() {
    let wanted = std::env::var("FLOWRUN_FLEET_WORLDS").ok();
    let worlds = wanted.map_or(WORLDS, |count| count.parse().expect("FLOWRUN_FLEET_WORLDS is a number"));
    let outcomes = try_worlds(0..worlds);
    println!("{outcomes:?}");
    assert!(outcomes["complete"] > worlds / 2, "{outcomes:?}");
}
