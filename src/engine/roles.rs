//! The engine gives each step of a plan a role before anything runs: who reads whom, and what may be streamed. This code
//! runs nothing.

use crate::data::{self, Target};
use crate::event::{self, StepId};
use crate::lua::Wants;
use crate::plan::{Body, Collect, Input, Items, Plan, Step, Verb};

/// How a step is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A source that the steps behind it read as they go, each for itself.
    LazySource,
    /// A source that is read once and kept, because it cannot be read again or not the same way.
    StoredSource,
    /// A function on every item, or something done to the collection as a whole.
    Work,
    /// A writer that takes a step of its own.
    Write,
    /// A writer that is fed while the step before it is still running; its file appears only after that step's verdict.
    FusedWrite,
}

/// The plan's steps as the engine sees them, indexed by [`StepId`].
#[derive(Debug)]
pub(super) struct StepRoles {
    /// How each step is carried out.
    pub(super) roles: Vec<Role>,
    /// The writers fed by each step.
    pub(super) fused: Vec<Vec<StepId>>,
    /// Whether anybody reads the results of a step once it has ended.
    pub(super) kept: Vec<bool>,
    /// Whether anybody reads the failed items of a step.
    pub(super) failed_kept: Vec<bool>,
    /// The results that are wanted of each step with a function; `None`: all of them.
    pub(super) wanted: Vec<Option<u64>>,
    /// What Lua code may ask for.
    pub(super) wants: Wants,
}

impl StepRoles {
    /// Looks at the selected steps of a plan; the others do not exist. `counts`: sources are counted before they are read.
    pub(super) fn new(plan: &Plan, selected: &[bool], counts: bool) -> Self {
        let steps: Vec<&Step> = plan.steps.iter().filter(|step| selected[step.id.at()]).collect();
        let count = plan.steps.len();
        let wants = plan.wants;
        let mut roles = vec![Role::Work; count];
        let mut fused = vec![Vec::new(); count];
        let mut kept = vec![wants.results; count];
        let mut failed_kept = vec![false; count];
        for step in &steps {
            roles[step.id.at()] = source_role(step, &steps, counts).unwrap_or(Role::Work);
        }
        for step in &steps {
            if matches!(step.body, Body::Ready(Verb::Write(_))) || step.verb == event::Verb::Write {
                let producer = fusible(step).filter(|producer| roles[producer.at()] == Role::Work);
                roles[step.id.at()] = if producer.is_some() { Role::FusedWrite } else { Role::Write };
                if let Some(producer) = producer {
                    fused[producer.at()].push(step.id);
                }
            }
        }
        for step in &steps {
            for input in step.inputs() {
                if input.failed {
                    failed_kept[input.step.at()] = true;
                } else if roles[step.id.at()] != Role::FusedWrite {
                    kept[input.step.at()] = true;
                }
            }
        }
        let wanted = plan.steps.iter().map(|step| wanted(step, &steps, wants)).collect();
        Self { roles, fused, kept, failed_kept, wanted, wants }
    }
}

/// The role of a source; `None` for other steps.
fn source_role(step: &Step, steps: &[&Step], counts: bool) -> Option<Role> {
    if !step.verb.is_source() {
        return None;
    }
    let reads = steps.iter().flat_map(|other| other.inputs()).filter(|input| input.step == step.id);
    let (failed, data): (Vec<&Input>, Vec<&Input>) = reads.partition(|input| input.failed);
    let needed = steps.iter().any(|other| other.needs.contains(&step.id));
    let again = data.len() != 1 || !failed.is_empty() || needed;
    let stored = match &step.body {
        Body::Deferred(_) | Body::Ready(Verb::Items(Items::Lua { .. })) => true,
        // Standard input and pipes can be read once; a folder may have changed by the second look.
        Body::Ready(Verb::Read(read)) => (again || counts) && data::is_live(&read.options),
        Body::Ready(Verb::Glob(_)) => again,
        Body::Ready(_) => false,
    };
    Some(if stored { Role::StoredSource } else { Role::LazySource })
}

/// How many results of a step with a function anybody wants: where only `take` steps read it, as many as the largest of them
/// takes.
fn wanted(step: &Step, steps: &[&Step], wants: Wants) -> Option<u64> {
    if !step.verb.is_map_like() || wants.results || wants.errors {
        return None;
    }
    let mut most = None;
    for reader in steps {
        for _ in reader.inputs().filter(|input| input.step == step.id && !input.failed) {
            let Body::Ready(Verb::Collect(Collect::Take(count))) = &reader.body else { return None };
            most = most.max(Some(*count));
        }
        // Who reads what failed wants all of it.
        if reader.inputs().any(|input| input.step == step.id && input.failed) {
            return None;
        }
    }
    most
}

/// The step whose results a writer may take while they come into being: its only input, with nothing else to wait for.
fn fusible(step: &Step) -> Option<StepId> {
    let Body::Ready(Verb::Write(write)) = &step.body else { return None };
    let [input] = step.from.as_slice() else { return None };
    // What went to standard output cannot be taken back when the verdict is bad.
    let takes_back = write.target != Target::Stdout;
    let free = step.needs.is_empty() && step.when.is_none() && step.deadline.is_none();
    (takes_back && free && !input.failed).then_some(input.step)
}
