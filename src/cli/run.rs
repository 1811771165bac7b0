//! `flowrun FILE` starts a new run as its arguments ask for.

use std::path::Path;

use super::args::RunArguments;
use super::console::Console;
use super::exit::{Complaint, Exit, Fault};
use super::job::{self, Job};
use super::{load, state, typo};

/// Runs the pipeline file.
pub(super) fn command(console: &Console, arguments: &RunArguments) -> Result<Exit, Fault> {
    let file = file(arguments)?;
    let job = Job {
        file,
        inputs: load::inputs(&arguments.inputs, console, &job::id())?,
        params_file: arguments.inputs.params_file.as_deref(),
        select: &arguments.select,
        engine: &arguments.engine,
        seed: arguments.engine.seed.unwrap_or_else(job::seed),
        output: &arguments.output,
        state: state::of_run(file, &arguments.state),
        resume: None,
    };
    job.carry_out(console)
}

/// The pipeline file, if it is all that was named.
fn file(arguments: &RunArguments) -> Result<&Path, Complaint> {
    let file = arguments.file.as_deref().ok_or_else(|| Complaint::new("no pipeline file is given"))?;
    match arguments.extra.first() {
        Some(extra) => Err(typo::behind_file(file, extra)),
        None => load::refuse_standard_input(file).map(|()| file),
    }
}
