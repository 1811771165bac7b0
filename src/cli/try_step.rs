//! A trial runs a step's function on a few items, as a run of its own in a folder that is gone afterwards: the
//! engine's own way, so that setup, limits and permissions are those of a real run. Nothing is retried, nothing
//! written, no verdict given; what the function itself would change, it changes in a copy, unless `--allow-effects`
//! lets it.

use std::sync::Arc;
use std::time::Duration;

use super::exit::Fault;
use super::job;
use super::load;
use crate::engine::{self, EngineError, Interrupt, Outcome, RunOptions, StateOptions};
use crate::event::{self, FailureKind, Place, StepId, StepStatus};
use crate::lua::{self, Change};
use crate::plan::{Body, Each, Input, Items, Plan, Step, Verb};
use crate::schedule::{FailFast, Policy, Retries};
use crate::store::{Catalogue, StoredLog, StoredRun};
use crate::value::Ratio;

/// Log lines of an item that are read back.
const LOGS: u64 = 1_000;

/// What an item came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tried {
    /// How it ended.
    pub(super) ended: Ended,
    /// What it said.
    pub(super) logs: Vec<StoredLog>,
}

/// How an item ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ended {
    /// With these results, JSON texts: one of a `map`, any number of a `flat_map`, one or none of a `filter`.
    Results(Vec<String>),
    /// By `flow.skip`.
    Skipped(Option<String>),
    /// It failed.
    Failed {
        /// Why, by kind.
        kind: FailureKind,
        /// Why, in words.
        message: String,
        /// Where.
        place: Option<Place>,
        /// The call stack.
        traceback: String,
    },
    /// It never ran, because the step could not.
    NotRun(String),
}

/// What a step's function came to.
#[derive(Debug)]
pub(super) struct Trial {
    /// Item by item.
    pub(super) tried: Vec<Tried>,
    /// How long the step took, the worker and its `setup` included.
    pub(super) time: Duration,
    /// What it would have changed.
    pub(super) changes: Vec<Change>,
}

/// Whether Lua code may change anything but its own copies of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effects {
    Allowed,
    Refused,
}

impl Effects {
    /// What `--allow-effects` says.
    pub(super) fn of(allow: bool) -> Self {
        if allow { Self::Allowed } else { Self::Refused }
    }
}

/// A folder for runs that are not kept.
#[derive(Debug)]
pub(super) struct Bench {
    folder: tempfile::TempDir,
    /// What functions have changed, unless they may change the real thing.
    trial: Option<Arc<lua::Trial>>,
    interrupt: Arc<Interrupt>,
    seed: u64,
}

impl Bench {
    /// Makes the folder. The first interrupt ends what runs.
    pub(super) fn new(seed: Option<u64>, effects: Effects) -> Result<Self, Fault> {
        let folder =
            tempfile::tempdir().map_err(|error| Fault::lacking("make a temporary folder", &error))?;
        let interrupt = Arc::new(Interrupt::default());
        super::interrupt::listen(&interrupt)?;
        let trial = (effects == Effects::Refused).then(Arc::default);
        Ok(Self { folder, trial, interrupt, seed: seed.unwrap_or_else(job::seed) })
    }

    /// Whether somebody wants an end.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupt.count() > 0
    }

    /// Draws the numbers of this session.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// Runs a plan as it is, and gives what came of it, and where it can be read.
    pub(super) fn run(&self, plan: &Plan, selected: Vec<bool>) -> Result<(Outcome, StoredRun), Fault> {
        self.carry_out(&self.harmless(plan), selected)
    }

    /// The plan whose functions change nothing, unless they may.
    fn harmless(&self, plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        if let Some(trial) = &self.trial {
            plan.permissions = Arc::new(plan.permissions.on_trial(trial));
        }
        plan
    }

    /// Forgets what functions have changed so far.
    pub(super) fn forget_changes(&mut self) {
        self.trial = self.trial.as_ref().map(|_| Arc::default());
    }

    fn carry_out(&self, plan: &Plan, selected: Vec<bool>) -> Result<(Outcome, StoredRun), Fault> {
        let id = job::id();
        let options = RunOptions {
            run: Arc::clone(&id),
            seed: self.seed,
            grace: Duration::from_secs(1),
            selected,
            cores: load::cores(),
            temp_dir: self.folder.path().to_owned(),
            logs: true,
            spans: false,
            state: Some(StateOptions {
                dir: self.folder.path().join("state"),
                resume: None,
                version: env!("CARGO_PKG_VERSION"),
            }),
        };
        let outcome =
            engine::run(plan, &options, &self.interrupt, &mut |_| {}).map_err(|error| match error {
                EngineError::System { intent, reason } => Fault::lacking(intent, &reason),
                EngineError::State(reason) => Fault::Internal(reason),
            })?;
        let run = Catalogue::new(&self.folder.path().join("state")).open(&id)?;
        Ok((outcome, run))
    }

    /// Runs the function of a map-like step on items.
    pub(super) fn items(&self, plan: &Plan, step: &Step, items: &[Arc<str>]) -> Result<Trial, Fault> {
        let plan = self.harmless(&alone(plan, step, items));
        let changes = || {
            let unread = |error| Fault::Internal(format!("cannot read what the function wrote: {error}"));
            plan.permissions.changes().map_err(unread)
        };
        let before = changes()?;
        let (outcome, run) = self.carry_out(&plan, vec![true; 2])?;
        let result = outcome.steps.iter().find(|(id, _)| *id == StepId(1)).map(|(_, result)| result);
        let reason = result.and_then(|result| result.reason.clone());
        let tried =
            read(&run, &step.name, items.len(), &reason.unwrap_or_else(|| "it was cut off".to_owned()))?;
        let changes = changes()?.into_iter().filter(|change| !before.contains(change)).collect();
        Ok(Trial { tried, time: result.map_or(Duration::ZERO, |result| result.duration), changes })
    }
}

/// A plan of two steps: the items, and the step that takes them.
fn alone(plan: &Plan, step: &Step, items: &[Arc<str>]) -> Plan {
    let name = if &*step.name == "_items" { "_items_" } else { "_items" };
    let source = Step {
        id: StepId(0),
        name: name.into(),
        verb: event::Verb::Items,
        description: None,
        from: Vec::new(),
        needs: Vec::new(),
        when: None,
        deadline: None,
        body: Body::Ready(Verb::Items(Items::List(items.into()))),
        span: step.span,
    };
    let body = match &step.body {
        Body::Ready(Verb::Each(each)) => Body::Ready(Verb::Each(Box::new(lenient(each, 1)))),
        other => other.clone(),
    };
    let target = Step {
        id: StepId(1),
        from: vec![Input { step: StepId(0), failed: false }],
        needs: Vec::new(),
        when: None,
        body,
        ..step.clone()
    };
    Plan { steps: vec![source, target], order: vec![StepId(0), StepId(1)], tests: Vec::new(), ..plan.clone() }
}

/// The same function without retries and verdict.
pub(super) fn lenient(each: &Each, concurrency: usize) -> Each {
    let policy = Policy {
        concurrency: each.policy.concurrency.min(concurrency),
        retries: Retries::default(),
        min_success_ratio: Ratio::ZERO,
        max_failures: None,
        fail_fast: FailFast::Off,
        stop_early: false,
        rate_limit: None,
        slow_after: None,
        ..each.policy.clone()
    };
    Each { retry_when: None, key: None, cache: false, policy, ..each.clone() }
}

/// What the items of a step came to; `reason`: why those that never ran did not.
fn read(run: &StoredRun, step: &str, count: usize, reason: &str) -> Result<Vec<Tried>, Fault> {
    let not_run = || Tried { ended: Ended::NotRun(reason.to_owned()), logs: Vec::new() };
    let mut tried: Vec<Tried> = std::iter::repeat_with(not_run).take(count).collect();
    let mut end = |index: u64, ended: Ended| {
        if let Some(place) = usize::try_from(index).ok().and_then(|at| tried.get_mut(at.checked_sub(1)?)) {
            place.ended = ended;
        }
    };
    for (index, results) in results(run, step, u64::MAX)? {
        end(index, Ended::Results(results));
    }
    for failure in run.failures(step, 0, u64::MAX)? {
        let item = failure.item;
        let ended = Ended::Failed {
            kind: item.kind,
            message: item.message.to_string(),
            place: item.place,
            traceback: item.traceback,
        };
        end(failure.index, ended);
    }
    for skip in run.skips(step, 0, u64::MAX)? {
        end(skip.index, Ended::Skipped(skip.reason));
    }
    for (index, tried) in (1..).zip(&mut tried) {
        tried.logs = run.logs(step, Some(index), LOGS)?;
    }
    Ok(tried)
}

/// The results of each item of a step that succeeded, with its index, up to `last`. No results of steps that were never
/// begun.
pub(super) fn results(run: &StoredRun, step: &str, last: u64) -> Result<Vec<(u64, Vec<String>)>, Fault> {
    let record = run.step(step)?;
    if record.shape.is_none() || record.status == StepStatus::Skipped.name() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    let mut results = run.results(step)?;
    let shape = results.shape();
    while let Some(line) = results.next() {
        if line.index > last {
            break;
        }
        let mut values = Vec::new();
        if let Some(value) = line.value {
            let text = String::from_utf8_lossy(value).into_owned();
            if shape == crate::store::Shape::Many {
                let parts: Vec<&serde_json::value::RawValue> =
                    serde_json::from_str(&text).unwrap_or_default();
                values.extend(parts.into_iter().map(|value| value.get().to_owned()));
            } else {
                values.push(text);
            }
        }
        all.push((line.index, values));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::FailureKind;

    /// Runs a pipeline over ten items with a function that may stall, and gives the failed items, the results, and why the
    /// step failed.
    fn run(policy: &str, lua: &str) -> (Vec<(u64, FailureKind, String)>, usize, Option<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("p.yaml");
        let items = "{items: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}";
        let text = format!(
            "x-allow: [unused_step]\nsteps:\n  src: {items}\n  m:\n    from: src\n    map:\n      min_success_ratio: 0\n{policy}      lua: |\n        {lua}\n"
        );
        std::fs::write(&file, text).expect("a file of ours");
        let plan = load::pipeline(&file, &crate::plan::Inputs { run: "t".into(), ..Default::default() });
        let (plan, _) = plan.expect("it can be read").into_plan().expect("it is valid");
        let bench = Bench::new(Some(1), Effects::Refused).expect("a folder");
        let (outcome, stored) = bench.run(&plan, vec![true; 2]).expect("it runs");
        let failures = stored.failures("m", 0, 100).expect("it was kept");
        let failures: Vec<_> = failures
            .into_iter()
            .map(|one| (one.index, one.item.kind, one.item.message.to_string()))
            .collect();
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
        let (failures, results, reason) = run(
            "      timeout: 50ms\n      concurrency: 1\n",
            "if item % 3 == 1 then stall() end return item",
        );
        assert_eq!((failures.len(), results), (2, 2), "the items before the second one are kept");
        assert!(reason.is_some_and(|reason| reason.starts_with("too many of its workers")));
        lua::release_stalled();
    }
}
