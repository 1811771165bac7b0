//! `flowrun cancel` ends the workers of a run whose coordinator is gone, and keeps what they have finished.

use std::path::Path;
use std::time::Duration;

use super::args::{CancelArguments, ExecutorArguments};
use super::console::{Console, say};
use super::exit::{Complaint, Exit, Fault};
use super::request::Request;
use super::{named, sent, state};
use crate::engine;
use crate::store::Catalogue;

/// How long running items get, and then as long again before workers are killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Cancels the run.
pub(super) fn command(console: &Console, arguments: &CancelArguments) -> Result<Exit, Fault> {
    let (folder, id) = named::kept(Some(&arguments.run), &arguments.folder)?;
    let catalogue = Catalogue::new(&folder);
    let run = catalogue.open(&id)?;
    let (record, request) = (run.record().clone(), run.request());
    drop(run);
    if let Some(holder) = &record.holder {
        return Err(Complaint::new(format!("run `{id}` is still going on ({holder})"))
            .help("interrupt its process: it ends its workers itself")
            .into());
    }
    let is_over = !matches!(record.status.as_str(), "running" | "interrupted");
    if is_over && engine::living_workers(&folder, &id)?.is_empty() {
        return Err(Complaint::new(format!("run `{id}` has ended: it {}", record.status)).into());
    }
    let request = Request::kept(request.as_deref(), &record.params);
    end_jobs(console, &folder, &id, &request.executor(&ExecutorArguments::default()));
    let left = engine::end_workers(&folder, &id, PATIENCE)?;
    if let Some(worker) = left.first() {
        let message = format!("process {} on `{}` did not end", worker.pid, worker.node);
        return Err(Complaint::new(message).help("end it there, or wait 30 s after its end").into());
    }
    if is_over {
        say(&format!("  the workers of run {id}, which {}, have ended", record.status));
        return Ok(Exit::Success);
    }
    let (_, said) = catalogue.open_to_resume(&id)?;
    for line in said {
        say(&format!("  {line}"));
    }
    say(&format!("  run {id} is interrupted; `{}` goes on with it", state::commands(&folder, &id).resume()));
    Ok(Exit::Success)
}

/// Ends the jobs of engines that have a queue. What their workers have finished is kept whether they answer or not.
fn end_jobs(console: &Console, folder: &Path, id: &str, executor: &ExecutorArguments) {
    let told = match sent::queue(console, executor, folder, id) {
        Ok(None) => Ok(true),
        Ok(Some(engine)) => engine::cancel_jobs(folder, id, &engine).map_err(Fault::from),
        Err(fault) => Err(fault),
    };
    let why = match told {
        Ok(true) => return,
        Ok(false) => "its engine does not answer".to_owned(),
        Err(fault) => fault.in_words(),
    };
    say(&format!("  warning: jobs of run {id} may wait in a queue ({why}); they end as soon as they start"));
}
