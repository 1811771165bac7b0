//! `flowrun FILE`: from arguments through plan and engine to an exit code.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::args::RunArguments;
use super::console::Console;
use super::exit::{Complaint, Exit, Fault};
use super::reporters::Reporters;
use super::{interrupt, load, run_id, select, slip, stdout};
use crate::engine::{self, Interrupt, Outcome, RunOptions};
use crate::event::RunStatus;

/// Runs the pipeline file.
pub(super) fn command(console: &Console, arguments: &RunArguments) -> Result<Exit, Fault> {
    let file = file(arguments)?;
    let run: Arc<str> = Arc::from(run_id::new(SystemTime::now(), run_id::random()));
    let inputs = load::inputs(&arguments.inputs, console, &run)?;
    let (plan, warnings) = load::pipeline(file, &inputs)?.into_plan()?;
    let output = &arguments.output;
    if !output.quiet {
        console.show(&warnings, output.console.color);
    }
    let selected = select::steps(&plan, &arguments.select).map_err(Fault::Usage)?;
    let data_on_stdout = stdout::claim(&plan, &selected, output)?;
    // A random seed is said to people, who type it again: short beats large.
    let seed = arguments.engine.seed.unwrap_or_else(|| run_id::random() >> 32);
    let options = RunOptions {
        run,
        seed,
        grace: arguments.engine.grace,
        selected,
        cores: load::cores(),
        temp_dir: std::env::temp_dir(),
        logs: !output.quiet || output.events.is_some(),
    };
    let mut reporters = Reporters::open(output, console, seed, data_on_stdout)?;
    let interrupt = Arc::new(Interrupt::default());
    interrupt::listen(&interrupt)?;
    let outcome = engine::run(&plan, &options, &interrupt, &mut |event| reporters.event(event));
    let complaints = reporters.finish();
    console.complain(&complaints, output.console.color);
    let outcome = outcome.map_err(|error| Fault::Internal(error.to_string()))?;
    Ok(match exit(&outcome, arguments.engine.strict) {
        // What was asked for is not there, so this cannot pass for a success.
        Exit::Success if !complaints.is_empty() => Exit::Usage,
        exit => exit,
    })
}

/// The exit code of a run that the engine carried through.
fn exit(outcome: &Outcome, strict: bool) -> Exit {
    match outcome.status {
        RunStatus::Failed if outcome.internal_error => Exit::Internal,
        RunStatus::Failed => Exit::StepFailed,
        RunStatus::Interrupted => Exit::Interrupted,
        RunStatus::Succeeded if strict && outcome.steps.iter().any(|(_, result)| result.tally.failed > 0) => {
            Exit::ItemFailed
        }
        RunStatus::Succeeded => Exit::Success,
    }
}

/// The pipeline file, if it is all that was named.
fn file(arguments: &RunArguments) -> Result<&Path, Complaint> {
    let file = arguments.file.as_deref().ok_or_else(|| Complaint::new("no pipeline file is given"))?;
    match arguments.extra.first() {
        Some(extra) => Err(slip::behind_file(file, extra)),
        None => load::refuse_standard_input(file).map(|()| file),
    }
}
