//! A simulated run is told in a few words: how its steps ended, what was written, and what the workers began.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::simulated::{Began, Simulated};
use super::world::World;
use crate::engine::interrupt::Interrupt;
use crate::engine::options::{RunOptions, StateOptions};
use crate::engine::run::run_on;
use crate::event::{Event, Hold, RunStatus, StepResult, StepStatus};
use crate::plan::testing::plan_of;

/// A run of a pipeline in a world.
pub(super) struct Told {
    folder: tempfile::TempDir,
    pub(super) status: RunStatus,
    steps: BTreeMap<String, StepResult>,
    pub(super) events: Vec<Event>,
    pub(super) began: Vec<Began>,
    /// Tasks that were handed in to workers.
    pub(super) tasks: u64,
}

/// `src` gives the numbers from 1 to `items`, `work` is the step that is looked at, `save` writes its results and `dead`
/// its failed items.
pub(super) fn pipeline(verb: &str, items: u64, policy: &str) -> String {
    let list: Vec<String> = (1..=items).map(|item| item.to_string()).collect();
    let policy: Vec<String> = policy.lines().map(|line| format!("      {}\n", line.trim())).collect();
    let policy = policy.concat();
    format!(
        "steps:\n  src: {{ items: [{}] }}\n  work:\n    from: src\n    {verb}:\n      lua: return item\n{policy}  \
         save: {{ from: work, write: out.jsonl }}\n  dead: {{ from: work.failed, write: dead.jsonl }}\n",
        list.join(", ")
    )
}

/// Runs a map step over so many items under a policy.
pub(super) fn map(items: u64, policy: &str, world: World) -> Told {
    simulate(&pipeline("map", items, policy), world)
}

/// Runs a pipeline. `src` and `work` must be among its steps.
pub(super) fn simulate(text: &str, world: World) -> Told {
    run(text, world, false)
}

/// The same, kept in a state folder.
pub(super) fn simulate_kept(text: &str, world: World) -> Told {
    run(text, world, true)
}

fn run(text: &str, world: World, kept: bool) -> Told {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = plan_of(text, folder.path());
    let interrupt = Arc::new(Interrupt::default());
    let simulated: &'static Simulated = Box::leak(Box::new(Simulated {
        world,
        interrupt: Arc::clone(&interrupt),
        began: Mutex::default(),
        tasks: Mutex::default(),
    }));
    let selected = vec![true; plan.steps.len()];
    let mut options = RunOptions::new("sim".into(), selected, 2, folder.path().join("tmp"));
    options.state = kept.then(|| StateOptions {
        attach: false,
        dir: folder.path().join("state"),
        resume: None,
        gather: None,
        version: env!("CARGO_PKG_VERSION"),
    });
    let mut events = Vec::new();
    let mut hear = |event: &Event| events.push(event.clone());
    let outcome = run_on(Some(&simulated), &plan, &options, &interrupt, &mut hear).expect("it runs");
    let name = |id: crate::event::StepId| plan.steps[id.at()].name.to_string();
    let steps = outcome.steps.iter().map(|(id, result)| (name(*id), (**result).clone())).collect();
    let began = simulated.began.lock().expect("no panic").clone();
    let tasks = *simulated.tasks.lock().expect("no panic");
    let told = Told { folder, status: outcome.status, steps, events, began, tasks };
    told.check();
    told
}

impl Told {
    /// What must hold of every run.
    fn check(&self) {
        for (name, step) in &self.steps {
            assert_eq!(step.tally.ended(), step.total, "`{name}`: every item is accounted for: {step:?}");
        }
        let failed = self.events.iter().filter(|event| matches!(event, Event::ItemFailed { .. })).count();
        let tally: u64 = self.steps.values().map(|step| step.tally.failed).sum();
        assert_eq!(failed as u64, tally, "each failed item is told once");
        let work = self.step("work");
        if self.step("save").status == StepStatus::Succeeded {
            let last = self.steps.get("take0").unwrap_or(work);
            assert_eq!(self.out().len() as u64, last.emitted, "what is given on is written");
        }
        assert!(self.out().is_sorted(), "results come in the order of their items: {:?}", self.out());
        if self.step("dead").status == StepStatus::Succeeded {
            assert_eq!(self.dead().len() as u64, work.tally.failed, "failed items are data");
        }
    }

    /// The result of a step.
    pub(super) fn step(&self, name: &str) -> &StepResult {
        self.steps.get(name).unwrap_or_else(|| panic!("`{name}` is a step"))
    }

    /// Status, and succeeded, failed, skipped, cancelled and retried items of `work`.
    pub(super) fn work(&self) -> (&'static str, [u64; 5]) {
        let work = self.step("work");
        let tally = work.tally;
        let counts = [tally.succeeded, tally.failed, tally.skipped, tally.cancelled, tally.retried];
        (work.status.name(), counts)
    }

    /// Why `work` ended so.
    pub(super) fn reason(&self) -> &str {
        self.step("work").reason.as_deref().unwrap_or_default()
    }

    /// When `work` was held back.
    pub(super) fn holds(&self) -> &[Hold] {
        &self.step("work").holds
    }

    /// The results that were written, as numbers.
    pub(super) fn out(&self) -> Vec<u64> {
        self.lines("out.jsonl").iter().map(|line| line.parse().expect("items are numbers")).collect()
    }

    /// The failed items that were written: index and kind.
    pub(super) fn dead(&self) -> Vec<(u64, String)> {
        let parse = |line: &String| serde_json::from_str::<serde_json::Value>(line).expect("it is JSON");
        let record = |value: serde_json::Value| {
            let kind = value["error"]["kind"].as_str().unwrap_or_default().to_owned();
            (value["index"].as_u64().unwrap_or_default(), kind)
        };
        self.lines("dead.jsonl").iter().map(parse).map(record).collect()
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// How often an item was begun.
    pub(super) fn tries(&self, index: u64) -> usize {
        self.attempts(index).count()
    }

    /// When the attempts of an item began, in milliseconds of the step.
    pub(super) fn starts(&self, index: u64) -> Vec<u128> {
        self.attempts(index).map(|began| began.at.as_millis()).collect()
    }

    fn attempts(&self, index: u64) -> impl Iterator<Item = &Began> {
        self.began.iter().filter(move |began| began.index == index && began.attempt > 0)
    }

    /// The folder of the run's state.
    pub(super) fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state")
    }
}
