//! A step's thread opens the input, carries the verb out, and closes the books of the sources it read.

use std::collections::BTreeSet;
use std::time::Duration;

use super::context::{Context, Done};
use super::input::StepInput;
use super::roles::Role;
use super::sendable::sent_options;
use super::{collect, handover, map, run_store, source, step_results, write};
use crate::data::DataError;
use crate::event::{StepId, StepResult, StepStatus};
use crate::lua;
use crate::plan::{Body, Step, Verb};
use crate::runtime::clock;

/// Whether a step may run as far as its `when` is concerned; otherwise how it ends.
pub(super) fn gate(context: &Context<'_>, step: &Step) -> Result<(), Box<StepResult>> {
    let Some(when) = &step.when else { return Ok(()) };
    let begun = clock::now();
    let broken = |error: DataError| Box::new(StepResult::broken(error.to_string(), clock::since(begun)));
    let scope = context.scope(Some(step_results::steps(context).map_err(broken)?));
    match lua::evaluate(&when.script, &scope, lua::EXPRESSION_LIMIT).as_deref() {
        Ok("false" | "null") => Err(Box::new(StepResult::without_items(
            StepStatus::Skipped,
            "`when` is false",
            clock::since(begun),
        ))),
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Box::new(StepResult::broken(step_results::reason("when", error), clock::since(begun))))
        }
    }
}

/// Runs a step to its end.
pub(super) fn run<'a>(context: &'a Context<'a>, id: StepId) -> Done {
    let step = &context.plan.steps[id.at()];
    if let Some(begun) = handover::ended(context, step) {
        let result = handover::give_on(context, step, begun);
        return Done { step: id, result, sources: Vec::new(), internal_error: false };
    }
    // The gate of a lazy source was passed before anybody could read it, and that of a step with workers before they came.
    let has_passed = context.roles.roles[id.at()] == Role::LazySource || handover::has_workers(context, step);
    let gated = if has_passed { Ok(()) } else { gate(context, step) };
    let verb = gated.and_then(|()| verb(context, step));
    match verb {
        Ok(verb) => carry_out(context, step, &verb),
        Err(result) => Done { step: id, result: *result, sources: Vec::new(), internal_error: false },
    }
}

/// What the step does, with the answers that only a run can give.
fn verb(context: &Context<'_>, step: &Step) -> Result<Verb, Box<StepResult>> {
    match &step.body {
        Body::Ready(verb) => Ok(verb.clone()),
        Body::Deferred(_) => {
            let broken = |reason: String| Box::new(StepResult::broken(reason, Duration::ZERO));
            let steps = step_results::steps(context).map_err(|error| broken(error.to_string()))?;
            let bound = context.plan.bind(step.id, &steps).map_err(|diagnostics| {
                let messages: Vec<&str> =
                    diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
                broken(messages.join("; "))
            })?;
            if let Some(keep) = context.run_store {
                keep.keep_deferred(&context.options.run, &bound)
                    .map_err(|error| broken(run_store::stopped(&error)))?;
            }
            Ok(bound)
        }
    }
}

fn carry_out<'a>(context: &'a Context<'a>, step: &'a Step, verb: &Verb) -> Done {
    let role = context.roles.roles[step.id.at()];
    match (role, verb) {
        (Role::LazySource | Role::StoredSource, verb) => Done {
            step: step.id,
            result: match context.begun(step).filter(|begun| begun.has_ended() && role == Role::LazySource) {
                Some(begun) => handover::give_on_source(context, step, begun),
                None => source::run(context, step, verb),
            },
            sources: Vec::new(),
            internal_error: false,
        },
        (Role::FusedWrite, Verb::Write(options)) => Done {
            step: step.id,
            result: write::commit_fused(context, step, options),
            sources: Vec::new(),
            internal_error: false,
        },
        (_, Verb::MapLike(each)) => {
            let left = context.run_store.and_then(|keep| keep.left_with_workers(&step.name));
            if let Some((place, begun)) = left.zip(context.begun(step)) {
                let result =
                    map::go_on(context, (step, each), StepInput::of_left(context, step), (&place, begun));
                return close_sources(context, step, result);
            }
            // Workers elsewhere book no bad rows.
            let may_be_sent = sent_options(context, step, each).is_some();
            with_input(context, step, may_be_sent, |input| map::run(context, step, each, input))
        }
        (_, Verb::Collect(collect)) => {
            with_input(context, step, true, |input| match StepInput::open_with(context, step) {
                Ok(with) => collect::run(context, step, collect, (input, with)),
                Err(result) => *result,
            })
        }
        (_, Verb::Write(options)) => {
            with_input(context, step, true, |input| write::run(context, step, options, input))
        }
        (_, Verb::Split(split)) => {
            with_input(context, step, true, |input| collect::run_split(context, step, split, input))
        }
        (_, Verb::Read(_) | Verb::Glob(_) | Verb::Items(_)) => {
            unreachable!("sources have the role of sources")
        }
    }
}

/// Opens the step's input, lets `body` use it up, and closes the sources that nobody reads any more.
fn with_input<'a>(
    context: &'a Context<'a>,
    step: &Step,
    prove: bool,
    body: impl FnOnce(StepInput<'a>) -> StepResult,
) -> Done {
    let result = match StepInput::open(context, step, prove) {
        Ok(input) => body(input),
        Err(result) => *result,
    };
    close_sources(context, step, result)
}

/// Closes the sources of a step that has ended which nobody reads any more.
fn close_sources(context: &Context<'_>, step: &Step, result: StepResult) -> Done {
    let inputs = step.inputs().filter(|input| !input.failed).map(|input| input.step);
    let lazy = |id: &StepId| context.roles.roles[id.at()] == Role::LazySource;
    let mut sources = Vec::new();
    let mut seen = BTreeSet::new();
    for source in inputs.filter(lazy) {
        if context.source_status(source).close() && seen.insert(source) {
            sources.push((source, source::close(context, source)));
        }
    }
    Done { step: step.id, result, sources, internal_error: false }
}
