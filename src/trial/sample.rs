//! This module finds the first items that a step gets, by running the steps before it on as few items as needed. It
//! writes nothing: the runs lie in a folder that is gone afterwards, and no `write` step is among them.

use std::fmt;
use std::sync::Arc;

use super::bench::Bench;
use super::error::TrialError;
use super::kept;
use super::lenient::lenient;
use super::probe::add_probe;
use crate::event::{self, StepId, StepStatus};
use crate::plan::{Body, Input, Plan, SourcePolicy, Step, Verb};

/// How many times more items the sources give when those of the last time were too few.
const GROWTH: u64 = 4;

/// Where items come from. `E` is why there is no plan.
pub struct Sample<'a, E> {
    /// The plan whose sources give so many items at most.
    pub plan: &'a dyn Fn(Option<u64>) -> Result<Plan, E>,
    /// How many they give in any case.
    pub limit: Option<u64>,
    /// Where it runs.
    pub bench: &'a Bench,
}

impl<E> fmt::Debug for Sample<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample")
            .field("limit", &self.limit)
            .field("bench", &self.bench)
            .finish_non_exhaustive()
    }
}

/// Items of a step.
#[derive(Debug, Default)]
pub struct Sampled {
    /// As JSON texts, in order.
    pub items: Vec<Arc<str>>,
    /// What went wrong on the way.
    pub notes: Vec<String>,
}

impl<E: From<TrialError>> Sample<'_, E> {
    /// The first `count` items that the step gets; of a source, those that it gives.
    ///
    /// # Errors
    /// Fails when there is no plan, and as [`Bench::run`] does.
    pub fn first(&self, step: &str, count: u64) -> Result<Sampled, E> {
        let most = self.limit.unwrap_or(u64::MAX);
        let mut limit = count.clamp(1, most.max(1));
        loop {
            let (mut sampled, is_all) = self.under_limit(step, Some(limit))?;
            if is_all || limit >= most || sampled.items.len() as u64 >= count || self.bench.is_interrupted() {
                sampled.items.truncate(usize::try_from(count).unwrap_or(usize::MAX));
                return Ok(sampled);
            }
            limit = limit.saturating_mul(GROWTH).min(most);
        }
    }

    /// All items that the step gets.
    ///
    /// # Errors
    /// Fails as [`Sample::first`] does.
    pub fn all(&self, step: &str) -> Result<Sampled, E> {
        Ok(self.under_limit(step, self.limit)?.0)
    }

    /// The items of the step when each source gives so many at most, and whether no source had more.
    fn under_limit(&self, step: &str, limit: Option<u64>) -> Result<(Sampled, bool), E> {
        let plan = (self.plan)(limit)?;
        let gone = || TrialError::Internal(format!("step `{step}` is gone"));
        let target = plan.steps.iter().find(|one| *one.name == *step).ok_or_else(gone)?;
        let taken = if target.from.is_empty() || !takes_items(target) {
            vec![Input { step: target.id, failed: false }]
        } else {
            target.from.clone()
        };
        let (plan, selected) = probed(&plan, taken);
        let sources: Vec<StepId> = plan
            .steps
            .iter()
            .filter(|step| step.limit.is_some() && selected[step.id.at()])
            .map(|step| step.id)
            .collect();
        let gathering = plan
            .steps
            .iter()
            .find(|step| selected[step.id.at()] && gathers(step))
            .map(|step| Arc::clone(&step.name));
        let (outcome, run) = self.bench.run(&plan, selected)?;
        let probe = plan.steps.last().map(|step| Arc::clone(&step.name)).unwrap_or_default();
        let mut sampled = Sampled::default();
        for (id, result) in &outcome.steps {
            let name = &plan.steps[id.at()].name;
            let reason = result.reason.as_deref().unwrap_or("no reason is known");
            if *name != probe && result.status != StepStatus::Succeeded {
                sampled.notes.push(format!("step `{name}` {}: {reason}", result.status.name()));
            } else if *name != probe && result.tally.failed > 0 {
                let failed = result.tally.failed;
                let items = if failed == 1 { "item" } else { "items" };
                let first = kept::first_failure(&run, name)?.map(|message| format!(": {message}"));
                let first = first.unwrap_or_default();
                sampled.notes.push(format!("{failed} {items} failed in step `{name}` before{first}"));
            }
        }
        let results = kept::results(&run, &probe, u64::MAX)?;
        sampled.items.extend(results.into_iter().flat_map(|(_, results)| results).map(Arc::from));
        let gave = |id: &StepId| {
            outcome.steps.iter().find(|(step, _)| step == id).map(|(_, result)| result.tally.ended())
        };
        let is_all =
            limit.is_none_or(|limit| sources.iter().all(|id| gave(id).is_none_or(|gave| gave < limit)));
        if let (Some(name), Some(limit), false) = (gathering, limit, is_all || sampled.items.is_empty()) {
            let items = if limit == 1 { "item" } else { "items" };
            sampled.notes.push(format!("step `{name}` has seen no more than {limit} {items} of each source"));
        }
        Ok((sampled, is_all))
    }
}

/// Whether the items that a step gets are of interest, not those that it gives: it has a function, or only writes.
fn takes_items(step: &Step) -> bool {
    step.verb.is_map_like() || step.verb == event::Verb::Write
}

/// Whether what a step gives depends on items that come much later.
fn gathers(step: &Step) -> bool {
    matches!(
        step.verb,
        event::Verb::Sort
            | event::Verb::GroupBy
            | event::Verb::Reduce
            | event::Verb::Aggregate
            | event::Verb::Sample
    )
}

/// The plan with one more step behind these inputs that lets every item through, and which of its steps run.
fn probed(plan: &Plan, taken: Vec<Input>) -> (Plan, Vec<bool>) {
    let mut plan = plan.clone();
    for step in &mut plan.steps {
        // Few items say little about a share of them.
        match &mut step.body {
            Body::Ready(Verb::MapLike(each)) => **each = lenient(each, usize::MAX),
            Body::Ready(Verb::Read(read)) => read.policy = SourcePolicy::LENIENT,
            Body::Ready(Verb::Glob(glob)) => glob.policy = SourcePolicy::LENIENT,
            _ => {}
        }
    }
    let id = add_probe(&mut plan, taken);
    let selected = upstream(&plan, id);
    (plan, selected)
}

/// The step and all that it takes items from. What writes is no part of that.
fn upstream(plan: &Plan, id: StepId) -> Vec<bool> {
    let mut selected = vec![false; plan.steps.len()];
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        if !std::mem::replace(&mut selected[id.at()], true) {
            open.extend(plan.steps[id.at()].inputs().map(|input| input.step));
        }
    }
    selected
}
