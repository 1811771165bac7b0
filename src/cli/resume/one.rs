//! A resumption is a run that goes on with another one, with what that was asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::done::{self, Again};
use crate::cli::args::{EngineArguments, OutputArguments, ResumeArguments};
use crate::cli::console::{Console, say};
use crate::cli::exit::{Complaint, Exit, Fault};
use crate::cli::job::{Among, Job};
use crate::cli::request::Request;
use crate::cli::shard::JobKind;
use crate::cli::{load, state};
use crate::config::LOCAL;
use crate::engine::{self, Interrupt, ResumeOptions};
use crate::plan::Inputs;
use crate::store::{Catalogue, RunRecord};
use crate::value::shell_word;

/// What runs are gone on with by.
pub(in crate::cli) struct Resumption<'a> {
    pub(in crate::cli) console: &'a Console,
    pub(in crate::cli) arguments: &'a ResumeArguments,
    /// The folder that keeps them.
    pub(in crate::cli) folder: &'a Path,
}

impl Resumption<'_> {
    /// Goes on with one, as a run of this id that writes these files.
    pub(in crate::cli) fn carry_out(
        &self,
        id: &str,
        (run, output): (Arc<str>, &OutputArguments),
        among: Option<Among>,
        interrupt: &Arc<Interrupt>,
    ) -> Result<Exit, Fault> {
        let arguments = self.arguments;
        let old = Catalogue::new(self.folder).open(id)?;
        let record = old.record();
        if let Some(holder) = record.holder.as_ref().filter(|_| record.status == "running") {
            return Err(Complaint::new(format!("run `{id}` is still going on ({holder})"))
                .help(format!("interrupt it or wait for its end; `flowrun show {id}` says how far it is"))
                .into());
        }
        refuse_living(self.folder, id)?;
        let request = Request::kept(old.request().as_deref(), &record.params);
        if record.file.is_empty() {
            let message = format!("run `{id}` is too damaged to know its pipeline file");
            return Err(Complaint::new(message).help("`flowrun FILE` begins anew").into());
        }
        let file = pipeline_file(record, self.folder);
        let (inputs, select) = request.under(&arguments.inputs, &arguments.select);
        let inputs = load::inputs(&inputs, self.console, &run)?;
        request.demand_withheld(&inputs, &format!("run {id} was"))?;
        let kind = request.kind(&file);
        let on = request.executor(&arguments.engine.on);
        let engine = EngineArguments { on, ..arguments.engine.clone() };
        let inputs = Inputs { params_kept: request.into_params(), ..inputs };
        // The same items then draw the same numbers.
        let seed = arguments.engine.seed.unwrap_or(record.seed);
        let again = Again { file: &file, inputs: &inputs, select: &select, seed };
        if let JobKind::Shard(shard) = kind
            && done::is_done((self.folder, &old), shard, &again, interrupt)
        {
            let file = shell_word(&file.to_string_lossy());
            say(&format!(
                "nothing to resume: run {id} succeeded and is shard {shard}; `flowrun gather {file} D…` puts all of them together"
            ));
            return Ok(Exit::Success);
        }
        if !output.quiet {
            let (name, shown) = (&record.pipeline, file.display());
            say(&format!(
                "  resuming run {id} of {name} ({shown}), which {}{}",
                ended(record),
                sent_to(&engine)
            ));
        }
        let job = Job {
            file: &file,
            inputs,
            params_file: arguments.inputs.params_file.as_deref(),
            select: &select,
            engine: &engine,
            seed: Some(seed),
            output,
            state: Some(self.folder.to_owned()),
            kind,
            resume: Some(ResumeOptions {
                run: id.to_owned(),
                keep_permanent: arguments.keep_permanent,
                failed_only: arguments.failed_only,
            }),
            attached: None,
            among,
        };
        drop(old);
        job.carry_out(self.console, interrupt)
    }
}

/// Refuses a run whose coordinator is gone and whose workers are not.
fn refuse_living(folder: &Path, id: &str) -> Result<(), Fault> {
    let living = engine::living_workers(folder, id)?.len();
    if living == 0 {
        return Ok(());
    }
    let commands = state::commands(folder, id);
    let (workers, are) = if living == 1 { ("worker", "is") } else { ("workers", "are") };
    Err(Complaint::new(format!(
        "{living} {workers} of run `{id}` {are} still at work, and their coordinator is gone"
    ))
    .help(format!(
        "`{}` goes on with them; `{}` ends them and keeps what they have finished",
        commands.attach(),
        commands.cancel()
    ))
    .into())
}

/// Where the pipeline file is now: where it was, or beside the folder of the runs when both were moved.
pub(in crate::cli) fn pipeline_file(record: &RunRecord, folder: &Path) -> PathBuf {
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

/// Where its steps are sent, where that is not here.
fn sent_to(engine: &EngineArguments) -> String {
    let name = engine.on.on.as_deref().filter(|name| *name != LOCAL);
    name.map(|name| format!("; on {name}")).unwrap_or_default()
}

/// How a run ended, as a verb.
fn ended(record: &RunRecord) -> &'static str {
    match record.status.as_str() {
        "succeeded" => "succeeded",
        "failed" => "failed",
        _ => "was interrupted",
    }
}
