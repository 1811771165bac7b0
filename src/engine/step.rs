//! A step's thread opens the input, carries the verb out, and closes the books of the sources it read.

use std::collections::BTreeSet;
use std::time::Duration;

use super::feed::Feed;
use super::graph::Role;
use super::shared::{Done, Shared};
use super::{collect, each, keep, scope, source, write};
use crate::event::{StepId, StepResult, StepStatus};
use crate::lua::{self, clock};
use crate::plan::{Body, Step, Verb};

/// Limit of `when`, as of every expression.
const EXPRESSION_LIMIT: Duration = Duration::from_secs(1);

/// Whether a step may run as far as its `when` is concerned; otherwise how it ends.
pub(super) fn gate(shared: &Shared<'_>, step: &Step) -> Result<(), Box<StepResult>> {
    let Some(when) = &step.when else { return Ok(()) };
    let begun = clock::now();
    let scope = shared.scope(Some(scope::steps(shared)));
    match lua::evaluate(&when.script, &scope, EXPRESSION_LIMIT).as_deref() {
        Ok("false" | "null") => Err(Box::new(StepResult::without_items(
            StepStatus::Skipped,
            "`when` is false",
            clock::since(begun),
        ))),
        Ok(_) => Ok(()),
        Err(error) => Err(Box::new(StepResult::broken(scope::reason("when", error), clock::since(begun)))),
    }
}

/// Runs a step to its end.
pub(super) fn run<'a>(shared: &'a Shared<'a>, id: StepId) -> Done {
    let step = &shared.plan.steps[id.at()];
    // The gate of a lazy source was passed before anybody could read it.
    let gated = if shared.graph.roles[id.at()] == Role::LazySource { Ok(()) } else { gate(shared, step) };
    let verb = gated.and_then(|()| verb(shared, step));
    match verb {
        Ok(verb) => carry_out(shared, step, &verb),
        Err(result) => Done { step: id, result: *result, sources: Vec::new(), internal_error: false },
    }
}

/// What the step does, with the answers that only a run can give.
fn verb(shared: &Shared<'_>, step: &Step) -> Result<Verb, Box<StepResult>> {
    match &step.body {
        Body::Ready(verb) => Ok(verb.clone()),
        Body::Late(_) => {
            let broken = |reason: String| Box::new(StepResult::broken(reason, Duration::ZERO));
            let bound = shared.plan.bind(step.id, &scope::steps(shared)).map_err(|diagnostics| {
                let messages: Vec<&str> =
                    diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
                broken(messages.join("; "))
            })?;
            if let Some(keep) = shared.keep {
                keep.late(&shared.options.run, &bound).map_err(|error| broken(keep::stopped(&error)))?;
            }
            Ok(bound)
        }
    }
}

fn carry_out<'a>(shared: &'a Shared<'a>, step: &'a Step, verb: &Verb) -> Done {
    let role = shared.graph.roles[step.id.at()];
    match (role, verb) {
        (Role::LazySource | Role::StoredSource, verb) => Done {
            step: step.id,
            result: source::run(shared, step, verb),
            sources: Vec::new(),
            internal_error: false,
        },
        (Role::FusedWrite, Verb::Write(options)) => Done {
            step: step.id,
            result: write::commit_fed(shared, step, options),
            sources: Vec::new(),
            internal_error: false,
        },
        (_, Verb::Each(each)) => with_input(shared, step, false, |feed| each::run(shared, step, each, feed)),
        (_, Verb::Collect(collect)) => {
            with_input(shared, step, true, |feed| collect::run(shared, step, collect, feed))
        }
        (_, Verb::Write(options)) => {
            with_input(shared, step, true, |feed| write::run(shared, step, options, feed))
        }
        (_, Verb::Read(_) | Verb::Glob(_) | Verb::Items(_)) => {
            unreachable!("sources have the role of sources")
        }
    }
}

/// Opens the step's input, lets `body` use it up, and closes the sources that nobody reads any more.
fn with_input<'a>(
    shared: &'a Shared<'a>,
    step: &Step,
    prove: bool,
    body: impl FnOnce(Feed<'a>) -> StepResult,
) -> Done {
    let result = match Feed::open(shared, step, prove) {
        Ok(feed) => body(feed),
        Err(reason) => StepResult::without_items(StepStatus::Skipped, reason, Duration::ZERO),
    };
    let inputs = step.from.iter().filter(|input| !input.failed).map(|input| input.step);
    let lazy = |id: &StepId| shared.graph.roles[id.at()] == Role::LazySource;
    let mut sources = Vec::new();
    let mut seen = BTreeSet::new();
    for source in inputs.filter(lazy) {
        if shared.ledger(source).close() && seen.insert(source) {
            sources.push((source, source::close(shared, source)));
        }
    }
    Done { step: step.id, result, sources, internal_error: false }
}
