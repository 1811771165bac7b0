//! `flowrun resume` finds the run that is meant and starts the run that goes on with it. The engine decides what is
//! reused.

use std::path::{Path, PathBuf};

use super::args::ResumeArguments;
use super::console::{Console, say};
use super::exit::{Complaint, Exit, Fault};
use super::history::History;
use super::job::{self, Job};
use super::request::Request;
use super::turn::Turn;
use super::{interrupt, load, state};
use crate::engine::{Interrupt, ResumeOptions};
use crate::plan::Inputs;
use crate::store::{Catalogue, RunRecord};

/// Which run is resumed.
pub(super) enum Choice {
    /// This one.
    Run(String),
    /// None, unless this one is named: it ended well, although so many items failed.
    Tolerant { run: String, failures: u64 },
    /// None: nothing went wrong since this one.
    Nothing(String),
}

/// Resumes a run.
pub(super) fn command(console: &Console, arguments: &ResumeArguments) -> Result<Exit, Fault> {
    let (folder, file) = state::place(arguments.run.as_deref(), &arguments.folder)?;
    let catalogue = Catalogue::new(&folder);
    let interrupt = interrupt::listen()?;
    let turn = turn(arguments, &catalogue, &folder, file.as_deref(), &interrupt)?;
    if let Turn::Over(exit) = turn {
        return Ok(exit);
    }
    let id = match choose(&catalogue, arguments.run.as_deref(), file.as_deref())? {
        Choice::Run(id) => id,
        Choice::Tolerant { run, failures } => {
            let (noun, them) = if failures == 1 { ("item", "it") } else { ("items", "them") };
            let resume = state::commands(&folder, &run).resume();
            say(&format!(
                "nothing to resume: run {run} succeeded and tolerated {failures} failed {noun}; `{resume}` runs {them} again"
            ));
            return Ok(Exit::Success);
        }
        Choice::Nothing(last) => {
            let resume = state::commands(&folder, &last).resume();
            say(&format!("nothing to resume: run {last} succeeded, and `{resume}` goes through it again"));
            return Ok(Exit::Success);
        }
    };
    let old = catalogue.open(&id)?;
    let record = old.record();
    if record.status == "running" {
        return Err(Complaint::new(format!("run `{id}` is still going on"))
            .help(format!("interrupt it or wait for its end; `flowrun show {id}` says how far it is"))
            .into());
    }
    let request = Request::kept(old.request().as_deref(), &record.params);
    if record.file.is_empty() {
        let message = format!("run `{id}` is too damaged to know its pipeline file");
        return Err(Complaint::new(message).help("`flowrun FILE` begins anew").into());
    }
    let file = pipeline_file(record, &folder);
    let (inputs, select) = request.under(&arguments.inputs, &arguments.select);
    let inputs = load::inputs(&inputs, console, &job::id())?;
    let missing: Vec<Complaint> = request.missing(&inputs).map(|name| withheld(&id, name)).collect();
    if !missing.is_empty() {
        return Err(Fault::Usage(missing));
    }
    if !arguments.output.quiet {
        say(&format!("  resuming run {id} of {}, which {}", record.pipeline, ended(record)));
    }
    let job = Job {
        file: &file,
        inputs: Inputs { params_kept: request.into_params(), ..inputs },
        params_file: arguments.inputs.params_file.as_deref(),
        select: &select,
        engine: &arguments.engine,
        // The same items then draw the same numbers.
        seed: arguments.engine.seed.unwrap_or(record.seed),
        output: &arguments.output,
        state: Some(folder),
        resume: Some(ResumeOptions {
            run: id,
            keep_permanent: arguments.keep_permanent,
            failed_only: arguments.failed_only,
        }),
    };
    drop(old);
    job.carry_out(console, &interrupt)
}

/// The turn of the pipeline whose run is meant: what that has come to is only known when it is over.
fn turn(
    arguments: &ResumeArguments,
    catalogue: &Catalogue,
    folder: &Path,
    file: Option<&Path>,
    interrupt: &Interrupt,
) -> Result<Turn, Fault> {
    let lock = arguments.engine.lock;
    let wanted = arguments.run.as_deref();
    let file = match file {
        Some(file) => Some(file.to_owned()),
        None if lock.is_none() => None,
        None => match choose(catalogue, wanted, None)? {
            Choice::Run(id) => Some(pipeline_file(catalogue.open(&id)?.record(), folder)),
            Choice::Tolerant { .. } | Choice::Nothing(_) => None,
        },
    };
    match file {
        Some(file) => Turn::take(lock, &file, Some(folder), interrupt),
        None => Ok(Turn::free()),
    }
}

/// A value that was not kept.
fn withheld(run: &str, name: &str) -> Complaint {
    Complaint::new(format!("run {run} was given `{name}` with a secret in it, which is not kept"))
        .help(format!("give it again, as `-p {name}=…` or `--set {name}=…`"))
}

/// The run that is meant: the one that is named, or the last one that did not succeed, of this file if one is given.
pub(super) fn choose(
    catalogue: &Catalogue,
    wanted: Option<&str>,
    file: Option<&Path>,
) -> Result<Choice, Fault> {
    if let (Some(wanted), None) = (wanted, file) {
        return Ok(Choice::Run(state::run(catalogue, wanted)?));
    }
    let history = History::read(catalogue, file)?;
    if let Some(record) = history.unfinished() {
        return Ok(Choice::Run(record.id.clone()));
    }
    if let Some(RunRecord { id, failures, .. }) = history.tolerant() {
        return Ok(Choice::Tolerant { run: id.clone(), failures: *failures });
    }
    match history.over().next() {
        Some(last) => Ok(Choice::Nothing(last.id.clone())),
        None => Err(Complaint::new("no run that is over is kept here")
            .help("`flowrun FILE` runs a pipeline; `flowrun runs` lists the runs")
            .into()),
    }
}

/// Where the pipeline file is now: where it was, or beside the folder of the runs when both were moved.
pub(super) fn pipeline_file(record: &RunRecord, folder: &Path) -> PathBuf {
    let file = PathBuf::from(&record.file);
    if !file.is_file()
        && let Some(name) = file.file_name()
        && let Ok(folder) = std::path::absolute(folder)
        && let Some(moved) = folder.parent().map(|parent| parent.join(name)).filter(|moved| moved.is_file())
    {
        return near(moved);
    }
    near(file)
}

/// Relative to the current folder where it lies below: that is how people would name it.
fn near(file: PathBuf) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    file.strip_prefix(&here).map(Path::to_owned).unwrap_or(file)
}

/// How a run ended, as a verb.
fn ended(record: &RunRecord) -> &'static str {
    match record.status.as_str() {
        "succeeded" => "succeeded",
        "failed" => "failed",
        _ => "was interrupted",
    }
}
