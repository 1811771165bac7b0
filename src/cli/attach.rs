//! `flowrun attach` goes on as the coordinator of a run whose coordinator is gone. Its workers may be at work meanwhile.

use std::path::Path;
use std::sync::Arc;

use super::args::{AttachArguments, EngineArguments, ExecutorArguments, InputArguments, SelectArguments};
use super::console::{Console, say};
use super::exit::{Complaint, Exit, Fault};
use super::job::{Attached, Job};
use super::request::Request;
use super::resume::pipeline_file;
use super::worker_inputs::WorkerInputs;
use super::{interrupt, load, named, state};
use crate::config::LOCAL;
use crate::engine::{self, LeftJob};
use crate::plan::Inputs;
use crate::store::{Catalogue, RunRecord, StoredRun};

/// Goes on with the run.
pub(super) fn command(console: &Console, arguments: &AttachArguments) -> Result<Exit, Fault> {
    let (folder, file) = named::place(arguments.run.as_deref(), &arguments.folder)?;
    let catalogue = Catalogue::new(&folder);
    let id = choose(&catalogue, arguments.run.as_deref(), file.as_deref())?;
    let old = catalogue.open(&id)?;
    let record = old.record().clone();
    demand_left(&folder, &record)?;
    // From here on somebody else may take over again at any time.
    let interrupt = interrupt::listen()?;
    interrupt::leave_workers();
    let request = Request::kept(old.request().as_deref(), &record.params);
    let on = request.executor(&ExecutorArguments::default());
    if on.on.as_deref().is_none_or(|name| name == LOCAL) {
        let resume = state::commands(&folder, &id).resume();
        return Err(Complaint::new(format!("run `{id}` sends no steps to workers"))
            .help(format!("`{resume}` goes on with it"))
            .into());
    }
    let file = pipeline_file(&record, &folder);
    let (inputs, select) = request.under(&InputArguments::default(), &SelectArguments::default());
    let inputs = load::inputs(&inputs, console, &Arc::from(id.as_str()))?;
    let (kind, resume) = (request.kind(&file), request.resumes(&record));
    let (attached, inputs) = if let Some(left) = engine::left_job(&folder, &id)? {
        of_workers(&id, &left)?
    } else {
        request.demand_withheld(&inputs, &format!("run {id} was"))?;
        let copy = copy_of(&old);
        (Attached { text: None, copy }, Inputs { params_kept: request.into_params(), ..inputs })
    };
    drop(old);
    if !arguments.output.quiet {
        let (name, shown) = (&record.pipeline, file.display());
        say(&format!("  going on with run {id} of {name} ({shown}), whose coordinator is gone"));
    }
    let (grace, strict) = (arguments.grace, arguments.strict);
    let engine = EngineArguments { seed: None, grace, strict, lock: None, on };
    let job = Job {
        file: &file,
        inputs,
        params_file: None,
        select: &select,
        engine: &engine,
        seed: Some(record.seed),
        output: &arguments.output,
        state: Some(folder),
        kind,
        resume,
        attached: Some(attached),
        among: None,
    };
    job.carry_out(console, &interrupt)
}

/// The run that is meant: the one that is named, or the last one whose coordinator is gone, of this file if one is given.
fn choose(catalogue: &Catalogue, wanted: Option<&str>, file: Option<&Path>) -> Result<String, Fault> {
    if let (Some(wanted), None) = (wanted, file) {
        return Ok(state::run(catalogue, wanted)?);
    }
    let name = file.and_then(Path::file_name);
    let is_of_file =
        |record: &RunRecord| name.is_none_or(|name| Path::new(&record.file).file_name() == Some(name));
    let left = catalogue.list()?.into_iter().find(|record| is_of_file(record) && is_left(record));
    left.map(|record| record.id).ok_or_else(|| {
        Complaint::new("there is no run whose coordinator is gone")
            .help("`flowrun runs` lists all of them, and `flowrun resume` goes on with one that has ended")
            .into()
    })
}

/// Whether a run has begun, not ended, and nobody coordinates it.
fn is_left(record: &RunRecord) -> bool {
    record.holder.is_none() && record.ended.is_none()
}

fn demand_left(folder: &Path, record: &RunRecord) -> Result<(), Complaint> {
    let id = &record.id;
    if is_left(record) {
        return Ok(());
    }
    if let Some(holder) = &record.holder {
        return Err(Complaint::new(format!("run `{id}` is still going on ({holder})"))
            .help(format!("`flowrun show {id}` says how far it is")));
    }
    let ended = if record.status == "interrupted" { "was interrupted" } else { &record.status };
    let resume = state::commands(folder, id).resume();
    Err(Complaint::new(format!("run `{id}` has ended: it {ended}"))
        .help(format!("`{resume}` goes on with it")))
}

/// What its workers have planned from is what is planned from again, whatever has become of the files meanwhile.
fn of_workers(id: &str, left: &LeftJob) -> Result<(Attached, Inputs), Complaint> {
    let cancel = format!("`flowrun cancel {id}` ends its workers and keeps what they have finished");
    if let Some(difference) = &left.difference {
        return Err(Complaint::new(difference.clone()).help(cancel));
    }
    let lost = || Complaint::new(format!("what the workers of run `{id}` were given is lost")).help(&*cancel);
    let given = WorkerInputs::parse(&left.secrets).ok_or_else(lost)?;
    let (name, text, inputs) = given.into_inputs(load::cores());
    Ok((Attached { text: Some((name, text)), copy: None }, inputs))
}

/// The pipeline file as the run has kept it, without secrets.
fn copy_of(run: &StoredRun) -> Option<String> {
    run.sources().into_iter().next().map(|(_, text)| text)
}
