//! A worker that no longer answers is tried here, because only tests have a function that stalls.

use std::sync::Arc;

use super::*;
use crate::engine::Interrupt;
use crate::event::{FailureKind, StepId};
use crate::{config, lua, plan};

/// Runs a pipeline over ten items with a function that may stall, and gives the failed items, the results, and why the
/// step failed.
fn run(policy: &str, lua: &str) -> (Vec<(u64, FailureKind, String)>, usize, Option<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("p.yaml");
    let items = "{items: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}";
    let text = format!(
        "x-allow: [unused_step]\nsteps:\n  src: {items}\n  m:\n    from: src\n    map:\n      min_success_ratio: 0\n{policy}      lua: |\n        {lua}\n"
    );
    let inputs = plan::Inputs { run: "t".into(), ..Default::default() };
    let plan = plan::load(config::load(text.as_bytes(), "p.yaml", &file), &inputs).plan.expect("it is valid");
    let interrupt = Arc::new(Interrupt::default());
    let options = BenchOptions { seed: 1, effects: Effects::Refused, interrupt, cores: 2 };
    let bench = Bench::new(options).expect("a folder");
    let (outcome, stored) = bench.run(&plan, vec![true; 2]).expect("it runs");
    let failures = stored.failures("m", 0, 100).expect("it was kept");
    let failures: Vec<_> =
        failures.into_iter().map(|one| (one.index, one.item.kind, one.item.message.to_string())).collect();
    let reason = outcome.steps.iter().find(|(id, _)| *id == StepId(1)).expect("it ran").1.reason.clone();
    (failures, results(&stored, "m", u64::MAX).expect("it was kept").len(), reason)
}

#[test]
fn a_worker_that_never_comes_back_is_given_up_and_replaced() {
    let stuck = "a host function did not return within twice the limit; its worker was given up";
    for (policy, lua) in [
        ("      timeout: 50ms\n      concurrency: 2\n", "if item == 4 then stall() end return item"),
        // Items that wait are coroutines.
        (
            "      timeout: 50ms\n      concurrency: 4\n",
            "time.sleep(0.001) if item == 4 then stall() end return item",
        ),
        (
            "      item_deadline: 50ms\n      concurrency: 1\n      retries: 3\n",
            "if item == 4 then stall() end return item",
        ),
    ] {
        let (failures, results, reason) = run(policy, lua);
        assert_eq!(failures, [(4, FailureKind::Timeout, stuck.to_owned())], "{policy}");
        assert_eq!((results, reason), (9, None), "{policy}");
    }
    let (failures, results, reason) =
        run("      timeout: 50ms\n      concurrency: 1\n", "if item % 3 == 1 then stall() end return item");
    assert_eq!((failures.len(), results), (2, 2), "the items before the second one are kept");
    assert!(reason.is_some_and(|reason| reason.starts_with("too many of its workers")));
    lua::release_stalled();
}
