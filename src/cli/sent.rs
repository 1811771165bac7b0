//! A run may send steps of many items to worker processes. This module says which executor, and makes of it what the engine
//! needs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::args::ExecutorArguments;
use super::console::Console;
use super::exit::{Complaint, Fault};
use super::load;
use super::worker_inputs::WorkerInputs;
use crate::config::{Executor, ExecutorEngine};
use crate::engine::{self, SentOptions};
use crate::fleet::{CommandLines, EngineOptions};
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

/// Where steps are sent; `None`: all of it runs here.
pub(super) fn options(
    console: &Console,
    arguments: &ExecutorArguments,
    (plan, inputs): (&Plan, &Inputs),
    grace: Duration,
) -> Result<Option<SentOptions>, Fault> {
    let Some(chosen) = arguments.resolve(console)? else { return Ok(None) };
    chosen.demand_built()?;
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
        commit: executor.commit,
        attempts: executor.attempts,
        send_from: executor.send_from,
        time: executor.time,
        grace,
        wave_every: if is_here { WAVE_EVERY } else { fleet::WAVE_EVERY },
        file,
        plan: digest,
        secrets: WorkerInputs::of(plan, inputs).to_bytes()?,
    }))
}

/// The engine of an executor that was found to be built.
fn engine_options(executor: &Executor, inputs: &Inputs) -> Result<EngineOptions, Fault> {
    let program = std::env::current_exe().map_err(|error| Fault::lacking("find this program", &error))?;
    let setup = executor.setup.clone();
    let ExecutorEngine::Command(command) = &executor.engine else {
        let named = executor.env.iter().map(String::as_str);
        let env = PASSED_ON.into_iter().chain(named);
        let env = env.filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
        // What runs is there as long as this process is, whatever is installed in its place meanwhile.
        let own = PathBuf::from(format!("/proc/{}/exe", std::process::id()));
        let program = if own.exists() { own } else { program };
        return Ok(EngineOptions::Processes { program, setup, env: env.collect() });
    };
    let state = inputs.state.as_deref().map(load::place).unwrap_or_default();
    Ok(EngineOptions::Command {
        program: keep_program(&state, &program)?,
        setup,
        lines: CommandLines {
            submit: command.submit.clone(),
            status: command.status.clone(),
            cancel: command.cancel.clone(),
            run: inputs.run.to_string(),
            cores: executor.cores,
            memory_mb: executor.memory / 1_000_000,
            time: executor.time,
        },
    })
}
