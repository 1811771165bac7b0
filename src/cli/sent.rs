//! A run may send steps of many items to worker processes. This module says which executor, and makes of it what the engine
//! needs.

use std::ffi::OsString;
use std::time::Duration;

use super::args::OnArguments;
use super::exit::{Complaint, Fault};
use super::load;
use super::worker_inputs::{WorkerInputs, absolute};
use crate::engine::{self, SentOptions};
use crate::fleet::EngineOptions;
use crate::plan::{Inputs, Plan};

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
    arguments: &OnArguments,
    (plan, inputs): (&Plan, &Inputs),
    grace: Duration,
) -> Result<Option<SentOptions>, Fault> {
    let name = match arguments.on.as_deref() {
        None | Some("local") => return Ok(None),
        Some(name) => name,
    };
    if name != "processes" {
        return Err(Complaint::new(format!("there is no executor `{name}`")).into());
    }
    if inputs.state.is_none() {
        return Err(Complaint::new("a run whose steps are sent must be kept")
            .help("without `--no-state`: its workers write to the folder of the run")
            .into());
    }
    let program = std::env::current_exe().map_err(|error| Fault::lacking("find this program", &error))?;
    let env = PASSED_ON.iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
    let engine = EngineOptions::Processes { program, env: env.collect() };
    let cores = arguments.number("cores")?.unwrap_or(1).max(1);
    let machine = load::cores() as u64;
    let workers = arguments.number("workers")?.unwrap_or((machine / cores).max(1));
    let file = absolute(plan.file.path());
    let digest = engine::plan_digest(plan, &inputs.set);
    let secrets = WorkerInputs::of(plan, inputs).to_bytes();
    let cores = usize::try_from(cores).unwrap_or(usize::MAX);
    let workers = u32::try_from(workers).unwrap_or(u32::MAX);
    let mut options = SentOptions::of_processes(engine, (workers, cores), (file, digest), secrets);
    options.grace = grace;
    if let Some(commit) = arguments.duration("commit")? {
        options.commit = commit;
    }
    if let Some(attempts) = arguments.number("attempts")? {
        options.attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
    }
    if let Some(send_from) = arguments.number("send_from")? {
        options.send_from = send_from;
    }
    options.time = arguments.duration("time")?;
    Ok(Some(options))
}
