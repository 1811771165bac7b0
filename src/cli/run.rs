//! `flowrun FILE` starts a new run as its arguments ask for, or several.

use std::path::Path;

use super::args::RunArguments;
use super::console::Console;
use super::exit::{Complaint, Exit, Fault};
use super::job::{self, Job};
use super::shard::JobKind;
use super::turn::Turn;
use super::{each, interrupt, load, state, typo};
use crate::plan::Inputs;

/// Runs the pipeline file.
pub(super) fn command(console: &Console, arguments: &RunArguments) -> Result<Exit, Fault> {
    let file = file(arguments)?;
    let kind = arguments.shard.shard.map_or(JobKind::Whole, JobKind::Shard);
    kind.demand_here(&arguments.engine.on)?;
    let inputs = load::inputs(&arguments.inputs, console, &job::id())?;
    if arguments.engine.lock.is_some() && arguments.each.each.is_empty() {
        // What cannot run need not wait.
        load::pipeline(file, &inputs)?.into_plan()?;
    }
    let interrupt = interrupt::listen()?;
    let state = state::of_run(file, &arguments.state);
    let turn = Turn::take(arguments.engine.lock, file, state.as_deref(), &interrupt)?;
    if let Turn::Over(exit) = turn {
        return Ok(exit);
    }
    if !arguments.each.each.is_empty() {
        return each::command(console, arguments, (file, inputs), state.as_deref(), &interrupt);
    }
    let job = Job {
        file,
        // Ids are sorted by when runs began, and this one may have waited.
        inputs: Inputs { run: job::id(), ..inputs },
        params_file: arguments.inputs.params_file.as_deref(),
        select: &arguments.select,
        engine: &arguments.engine,
        seed: arguments.engine.seed,
        output: &arguments.output,
        state,
        kind,
        resume: None,
        attached: None,
        among: None,
    };
    job.carry_out(console, &interrupt)
}

/// The pipeline file, if it is all that was named.
fn file(arguments: &RunArguments) -> Result<&Path, Complaint> {
    let file = arguments.file.as_deref().ok_or_else(|| Complaint::new("no pipeline file is given"))?;
    match arguments.extra.first() {
        Some(extra) => Err(typo::behind_file(file, extra)),
        None => load::refuse_standard_input(file).map(|()| file),
    }
}
