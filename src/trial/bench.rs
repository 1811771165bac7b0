//! A bench runs a step's function on a few items, as a run of its own in a folder that is gone afterwards: the
//! engine's own way, so that setup, limits and permissions are those of a real run.
//!
//! Nothing is retried, nothing written, no verdict given; what the function itself would change, it changes in a copy,
//! unless it may change the real thing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::error::TrialError;
use super::kept;
use super::lenient::lenient;
use super::probe::add_probe;
use super::tried::{TriedCollection, TriedStep};
use crate::engine::{self, Interrupt, Outcome, RunOptions, StateOptions};
use crate::event::{self, StepId, StepStatus};
use crate::lua;
use crate::plan::{Body, Input, Items, Plan, Step, Verb};
use crate::store::{Catalogue, StoredRun};

/// Whether Lua code may change anything but its own copies of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effects {
    /// It may.
    Allowed,
    /// It changes copies.
    Refused,
}

impl Effects {
    /// What `--allow-effects` says.
    pub fn of(allow: bool) -> Self {
        if allow { Self::Allowed } else { Self::Refused }
    }
}

/// What a bench is made for.
#[derive(Debug)]
pub struct BenchOptions {
    /// Draws the numbers of all its runs.
    pub seed: u64,
    /// Whether functions may change anything.
    pub effects: Effects,
    /// The first one ends what runs.
    pub interrupt: Arc<Interrupt>,
    /// Cores that the process may use.
    pub cores: usize,
}

/// A folder for runs that are not kept.
#[derive(Debug)]
pub struct Bench {
    folder: tempfile::TempDir,
    /// What functions have changed, unless they may change the real thing.
    trial: Option<Arc<lua::Trial>>,
    options: BenchOptions,
    /// Runs so far, which number the next one.
    runs: AtomicU64,
}

impl Bench {
    /// Makes the folder.
    ///
    /// # Errors
    /// Fails when the system gives no folder.
    pub fn new(options: BenchOptions) -> Result<Self, TrialError> {
        let intent = "make a temporary folder";
        let refused = |error: std::io::Error| TrialError::System { intent, reason: error.to_string() };
        let folder = tempfile::tempdir().map_err(refused)?;
        let trial = (options.effects == Effects::Refused).then(Arc::default);
        Ok(Self { folder, trial, options, runs: AtomicU64::new(0) })
    }

    /// Whether somebody wants an end.
    pub fn is_interrupted(&self) -> bool {
        self.options.interrupt.count() > 0
    }

    /// Draws the numbers of this session.
    pub fn seed(&self) -> u64 {
        self.options.seed
    }

    /// Runs a plan as it is, and gives what came of it, and where it can be read.
    ///
    /// # Errors
    /// Fails when the run cannot be carried through, or what it kept cannot be read.
    pub fn run(&self, plan: &Plan, selected: Vec<bool>) -> Result<(Outcome, StoredRun), TrialError> {
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
    pub fn forget_changes(&mut self) {
        self.trial = self.trial.as_ref().map(|_| Arc::default());
    }

    fn carry_out(&self, plan: &Plan, selected: Vec<bool>) -> Result<(Outcome, StoredRun), TrialError> {
        let id: Arc<str> = format!("trial{}", self.runs.fetch_add(1, Ordering::Relaxed)).into();
        let options = RunOptions {
            seed: self.options.seed,
            grace: Duration::from_secs(1),
            logs: true,
            state: Some(StateOptions {
                dir: self.folder.path().join("state"),
                resume: None,
                attach: false,
                gather: None,
                version: env!("CARGO_PKG_VERSION"),
            }),
            ..RunOptions::new(Arc::clone(&id), selected, self.options.cores, self.folder.path().to_owned())
        };
        let outcome = engine::run(plan, &options, &self.options.interrupt, &mut |_| {})?;
        let run = Catalogue::new(&self.folder.path().join("state")).open(&id)?;
        Ok((outcome, run))
    }

    /// Runs the function of a map-like step on items.
    ///
    /// # Errors
    /// Fails as [`Bench::run`] does, and when what the function wrote cannot be read.
    pub fn items(&self, plan: &Plan, step: &Step, items: &[Arc<str>]) -> Result<TriedStep, TrialError> {
        let plan = self.harmless(&alone(plan, step, items));
        let before = changes(&plan)?;
        let (outcome, run) = self.carry_out(&plan, vec![true; 2])?;
        let result = outcome.steps.iter().find(|(id, _)| *id == StepId(1)).map(|(_, result)| result);
        let reason = result.and_then(|result| result.reason.clone());
        let items = kept::items(
            &run,
            &step.name,
            items.len(),
            &reason.unwrap_or_else(|| "it was cut off".to_owned()),
        )?;
        let changes = changes(&plan)?.into_iter().filter(|change| !before.contains(change)).collect();
        Ok(TriedStep { items, time: result.map_or(Duration::ZERO, |result| result.duration), changes })
    }

    /// Runs a step over a collection on these items.
    ///
    /// # Errors
    /// Fails as [`Bench::items`] does.
    pub fn collection(
        &self,
        plan: &Plan,
        step: &Step,
        items: &[Arc<str>],
    ) -> Result<TriedCollection, TrialError> {
        let mut plan = alone(plan, step, items);
        let given = Input { step: StepId(1), failed: false };
        let probe = add_probe(&mut plan, vec![given]);
        let plan = self.harmless(&plan);
        let before = changes(&plan)?;
        let (outcome, run) = self.carry_out(&plan, vec![true; 3])?;
        let result = outcome.steps.iter().find(|(id, _)| *id == given.step).map(|(_, result)| result);
        let ended_well = result.is_some_and(|result| result.status == StepStatus::Succeeded);
        let results = if ended_well {
            let kept = kept::results(&run, &plan.steps[probe.at()].name, u64::MAX)?;
            Ok(kept.into_iter().flat_map(|(_, results)| results).collect())
        } else {
            let reason = result.and_then(|result| result.reason.clone());
            Err(reason.unwrap_or_else(|| "it was cut off".to_owned()))
        };
        let changes = changes(&plan)?.into_iter().filter(|change| !before.contains(change)).collect();
        let time = result.map_or(Duration::ZERO, |result| result.duration);
        Ok(TriedCollection { results, logs: run.logs(&step.name, None, kept::LOGS_MAX)?, time, changes })
    }
}

/// What the functions of a plan have written to copies.
fn changes(plan: &Plan) -> Result<Vec<lua::Change>, TrialError> {
    let unread = |error| TrialError::Internal(format!("cannot read what the function wrote: {error}"));
    plan.permissions.changes().map_err(unread)
}

/// A plan of two steps: the items, and the step that takes them.
fn alone(plan: &Plan, step: &Step, items: &[Arc<str>]) -> Plan {
    let name = if &*step.name == "_items" { "_items_" } else { "_items" };
    let items = Verb::Items(Items::List(items.into()));
    let source = Step { span: step.span, ..Step::new(name, event::Verb::Items, Vec::new(), items) };
    let body = match &step.body {
        Body::Ready(Verb::MapLike(each)) => Body::Ready(Verb::MapLike(Box::new(lenient(each, 1)))),
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
