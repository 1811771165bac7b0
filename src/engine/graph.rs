//! What the engine derives from a plan before anything runs: who reads whom, and what may be streamed. Runs nothing.

use crate::data::{self, Target};
use crate::event::{self, StepId};
use crate::plan::{Body, Input, Items, Plan, Step, Verb};

/// How a step is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A source that the steps behind it read as they go, each for itself.
    LazySource,
    /// A source that is read once and kept, because it cannot be read again or not the same way.
    StoredSource,
    /// A function on every item, or something done to the collection as a whole.
    Each,
    /// A writer that takes a step of its own.
    Write,
    /// A writer that is fed while the step before it is still running; its file appears only after that step's verdict.
    FusedWrite,
}

/// The plan's steps as the engine sees them, indexed by [`StepId`].
#[derive(Debug)]
pub(super) struct Graph {
    /// How each step is carried out.
    pub(super) roles: Vec<Role>,
    /// The writers fed by each step.
    pub(super) fused: Vec<Vec<StepId>>,
    /// Whether anybody reads the results of a step once it has ended.
    pub(super) kept: Vec<bool>,
    /// Whether anybody reads the failed items of a step.
    pub(super) failed_kept: Vec<bool>,
    /// Whether an expression asks for `results` or `successful_results` of steps.
    pub(super) wants_results: bool,
    /// Whether an expression asks for `errors` of steps.
    pub(super) wants_errors: bool,
    /// Whether an item function may ask for `steps` or `run`.
    pub(super) wants_scope: bool,
}

impl Graph {
    /// Looks at the selected steps of a plan; the others do not exist.
    pub(super) fn new(plan: &Plan, selected: &[bool]) -> Self {
        let steps: Vec<&Step> = plan.steps.iter().filter(|step| selected[step.id.at()]).collect();
        let count = plan.steps.len();
        // Over-approximated from the text: at worst results are kept that nobody asks for.
        let mentions = |word: &str| plan.file.text().contains(word);
        let asks = asks_for_steps(plan.file.text());
        let (wants_results, wants_errors) = (asks && mentions("results"), asks && mentions("errors"));
        let wants_scope = asks || mentions("run.");
        let mut roles = vec![Role::Each; count];
        let mut fused = vec![Vec::new(); count];
        let mut kept = vec![wants_results; count];
        let mut failed_kept = vec![false; count];
        for step in &steps {
            roles[step.id.at()] = source_role(step, &steps).unwrap_or(Role::Each);
        }
        for step in &steps {
            if matches!(step.body, Body::Ready(Verb::Write(_))) || step.verb == event::Verb::Write {
                let producer = fusible(step).filter(|producer| roles[producer.at()] == Role::Each);
                roles[step.id.at()] = if producer.is_some() { Role::FusedWrite } else { Role::Write };
                if let Some(producer) = producer {
                    fused[producer.at()].push(step.id);
                }
            }
        }
        for step in &steps {
            for input in &step.from {
                if input.failed {
                    failed_kept[input.step.at()] = true;
                } else if roles[step.id.at()] != Role::FusedWrite {
                    kept[input.step.at()] = true;
                }
            }
        }
        Self { roles, fused, kept, failed_kept, wants_results, wants_errors, wants_scope }
    }
}

/// Whether `steps` stands anywhere in the text where it is no key of the file.
fn asks_for_steps(text: &str) -> bool {
    text.match_indices("steps").any(|(at, word)| !text[at + word.len()..].trim_start().starts_with(':'))
}

/// The role of a source; `None` for other steps.
fn source_role(step: &Step, steps: &[&Step]) -> Option<Role> {
    if !step.verb.is_source() {
        return None;
    }
    let reads = steps.iter().flat_map(|other| &other.from).filter(|input| input.step == step.id);
    let (failed, data): (Vec<&Input>, Vec<&Input>) = reads.partition(|input| input.failed);
    let needed = steps.iter().any(|other| other.needs.contains(&step.id));
    let again = data.len() != 1 || !failed.is_empty() || needed;
    let stored = match &step.body {
        Body::Late(_) | Body::Ready(Verb::Items(Items::Lua { .. })) => true,
        // Standard input and pipes can be read once; a folder may have changed by the second look.
        Body::Ready(Verb::Read(read)) => again && data::is_live(&read.options),
        Body::Ready(Verb::Glob(_)) => again,
        Body::Ready(_) => false,
    };
    Some(if stored { Role::StoredSource } else { Role::LazySource })
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
