//! `flowrun worker` is what engines start: it works on one shard of a step that another process coordinates.

use std::sync::Arc;

use super::args::WorkerArguments;
use super::console::Console;
use super::exit::{Complaint, Exit, Fault};
use super::worker_inputs::WorkerInputs;
use super::{interrupt, load};
use crate::engine::{self, Interrupt, WorkError, Worked, WorkerJob};

/// Works on the shard.
pub(super) fn command(console: &Console, arguments: &WorkerArguments) -> Result<Exit, Fault> {
    let interrupt = interrupt::listen()?;
    let worked = work(console, arguments, &interrupt);
    WorkerJob::leave(arguments.remote.clone(), (arguments.wave, arguments.task));
    match worked {
        Ok(Worked::Committed) => Ok(Exit::Success),
        Ok(Worked::GaveBack) => Ok(Exit::GaveBack),
        Err(Unworked::Fault(fault)) => Err(fault),
        Err(Unworked::Error(error)) => {
            let exit = match &error {
                WorkError::OtherProgram(_) => Exit::OtherProgram,
                WorkError::Input(_) | WorkError::Unkept(_) => Exit::Unkept,
                WorkError::Broken(_) => Exit::Broken,
            };
            console.complain(&[Complaint::new(error.to_string())], super::args::ColorChoice::Never);
            Ok(exit)
        }
    }
}

/// Variables in which engines tell a job what they call it: Slurm, PBS, LSF, `HyperQueue` and Grid Engine. Parts of one name are joined
/// with `_`.
const JOB_IDS: [&[&str]; 6] = [
    &["SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID"],
    &["SLURM_JOB_ID"],
    &["PBS_JOBID"],
    &["LSB_JOBID"],
    &["HQ_JOB_ID", "HQ_TASK_ID"],
    &["JOB_ID"],
];

/// What the engine calls the job that this process is; `None`: it does not say so.
fn job_id(console: &Console) -> Option<String> {
    let value = |name: &&str| console.env.get(*name).filter(|value| !value.is_empty()).cloned();
    JOB_IDS.iter().find_map(|names| Some(names.iter().map(value).collect::<Option<Vec<_>>>()?.join("_")))
}

/// Why nothing was worked on.
enum Unworked {
    Fault(Fault),
    Error(WorkError),
}

impl From<WorkError> for Unworked {
    fn from(error: WorkError) -> Self {
        Self::Error(error)
    }
}

fn work(
    console: &Console,
    arguments: &WorkerArguments,
    interrupt: &Arc<Interrupt>,
) -> Result<Worked, Unworked> {
    let WorkerArguments { remote, wave, task } = arguments;
    let job = WorkerJob::open(remote.clone(), (*wave, *task), job_id(console))?;
    if job.is_done() {
        return Ok(Worked::Committed);
    }
    let damaged =
        || WorkError::Input("what the coordinator has written for its workers is damaged".to_owned());
    let inputs = WorkerInputs::parse(&job.secrets()?).ok_or_else(damaged)?;
    let (name, text, inputs) = inputs.into_inputs(job.job().cores);
    let checked = load::of_text((&name, &job.job().file), text.as_bytes(), &inputs);
    let (plan, _) = checked.into_plan().map_err(Unworked::Fault)?;
    let digest = engine::plan_digest(&plan, &inputs.set);
    Ok(job.carry_out(&plan, &digest, &std::env::temp_dir(), interrupt)?)
}
