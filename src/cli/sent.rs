//! A run may send steps of many items to worker processes. This module says which executor, and makes of it what the engine
//! needs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::ExecutorArguments;
use super::console::Console;
use super::exit::{Complaint, Fault};
use super::load;
use super::worker_inputs::WorkerInputs;
use crate::config::{Executor, ExecutorEngine, Slurm};
use crate::engine::{self, SentOptions};
use crate::fleet::{CommandLines, EngineOptions, SlurmOptions};
use crate::plan::{Inputs, Plan};
use crate::schedule::fleet;
use crate::store::keep_program;

/// Time between two waves, where starting a job costs next to nothing.
const WAVE_EVERY: Duration = Duration::from_millis(200);

/// Variables that workers get: where programs and temporary files are, in which language and time zone, and how the network is
/// reached. What the pipeline names travels in a file.
const PASSED_ON: [&str; 15] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// Variables that Slurm's commands and its jobs get: whatever is there is written down by Slurm, for each job.
const OF_SLURM: [&str; 5] = ["PATH", "HOME", "USER", "LANG", "SLURM_CONF"];

/// Where steps are sent; `None`: all of it runs here.
pub(super) fn options(
    console: &Console,
    arguments: &ExecutorArguments,
    (plan, inputs): (&Plan, &Inputs),
    grace: Duration,
) -> Result<Option<SentOptions>, Fault> {
    let Some(chosen) = arguments.resolve(console)? else { return Ok(None) };
    chosen.demand_built()?;
    chosen.demand_answer(console)?;
    if inputs.state.is_none() {
        return Err(Complaint::new("a run whose steps are sent must be kept")
            .help("without `--no-state`: its workers write to the folder of the run")
            .into());
    }
    let executor = &chosen.executor;
    let is_here = matches!(executor.engine, ExecutorEngine::Processes);
    let file = load::place(plan.file.path());
    let digest = engine::plan_digest(plan, &inputs.set);
    Ok(Some(SentOptions {
        executor: chosen.name.clone(),
        engine: engine_options(executor, inputs)?,
        workers: executor.workers(load::cores()),
        cores: usize::try_from(executor.cores).unwrap_or(usize::MAX),
        memory: executor.memory,
        gpus: slurm(executor).and_then(|slurm| slurm.gpus.clone()),
        commit: executor.commit,
        attempts: executor.attempts,
        send_from: executor.send_from,
        time: executor.time,
        grace,
        wave_every: if is_here { WAVE_EVERY } else { fleet::WAVE_EVERY },
        haste: haste(),
        file,
        plan: digest,
        secrets: WorkerInputs::of(plan, inputs).to_bytes()?,
    }))
}

/// How many times as fast as the clock the coordinator waits for engines and workers. Tests of what happens after minutes say
/// so, which no release hears.
fn haste() -> u32 {
    let told = std::env::var("FLOWRUN_TEST_HASTE").ok().filter(|_| cfg!(debug_assertions));
    told.and_then(|told| told.parse().ok()).filter(|haste| *haste > 0).unwrap_or(1)
}

/// The engine of an executor that has a queue, to end jobs of a run in it; `None`: it has none.
pub(super) fn queue(
    console: &Console,
    arguments: &ExecutorArguments,
    state: &Path,
    run: &str,
) -> Result<Option<EngineOptions>, Fault> {
    let Some(chosen) = arguments.resolve(console)? else { return Ok(None) };
    if matches!(chosen.executor.engine, ExecutorEngine::Processes) {
        return Ok(None);
    }
    let inputs = Inputs { state: Some(state.to_owned()), run: run.into(), ..Inputs::default() };
    engine_options(&chosen.executor, &inputs).map(Some)
}

/// The settings that only Slurm has.
fn slurm(executor: &Executor) -> Option<&Slurm> {
    match &executor.engine {
        ExecutorEngine::Slurm(slurm) => Some(slurm),
        _ => None,
    }
}

/// The engine of an executor that was found to be built.
fn engine_options(executor: &Executor, inputs: &Inputs) -> Result<EngineOptions, Fault> {
    let program = std::env::current_exe().map_err(|error| Fault::lacking("find this program", &error))?;
    let setup = executor.setup.clone();
    let kept = || {
        let state = inputs.state.as_deref().map(load::place).unwrap_or_default();
        keep_program(&state, &program)
    };
    Ok(match &executor.engine {
        ExecutorEngine::Slurm(slurm) => EngineOptions::Slurm(Box::new(SlurmOptions {
            program: kept()?,
            setup,
            env: variables(&OF_SLURM, executor),
            options: sbatch_options(slurm),
            extra: slurm.extra.clone(),
        })),
        ExecutorEngine::Command(command) => EngineOptions::Command {
            program: kept()?,
            setup,
            lines: CommandLines {
                submit: command.submit.clone(),
                status: command.status.clone(),
                cancel: command.cancel.clone(),
                run: inputs.run.to_string(),
            },
        },
        ExecutorEngine::Processes | ExecutorEngine::Kubernetes(_) => {
            // What runs is there as long as this process is, whatever is installed in its place meanwhile.
            let own = PathBuf::from(format!("/proc/{}/exe", std::process::id()));
            let program = if own.exists() { own } else { program };
            EngineOptions::Processes { program, setup, env: variables(&PASSED_ON, executor) }
        }
    })
}

/// The variables with these names, and those that the executor names.
fn variables(names: &[&str], executor: &Executor) -> Vec<(OsString, OsString)> {
    let names = names.iter().copied().chain(executor.env.iter().map(String::as_str));
    names.filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?))).collect()
}

/// The options of `sbatch` that are the same for all steps.
fn sbatch_options(slurm: &Slurm) -> Vec<(&'static str, String)> {
    let words = [
        ("partition", &slurm.partition),
        ("account", &slurm.account),
        ("qos", &slurm.qos),
        ("constraint", &slurm.constraint),
        ("reservation", &slurm.reservation),
        ("mail-user", &slurm.mail),
    ];
    let words = words.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
    let nice = slurm.nice.map(|nice| ("nice", nice.to_string()));
    let mail = slurm.mail.as_ref().map(|_| ("mail-type", "END,FAIL".to_owned()));
    words.chain(nice).chain(mail).collect()
}
