//! `flowrun cancel` ends the workers of a run whose coordinator is gone, and keeps what they have finished.

use std::time::Duration;

use super::args::CancelArguments;
use super::console::say;
use super::exit::{Complaint, Exit, Fault};
use super::{named, state};
use crate::engine;
use crate::store::Catalogue;

/// How long running items get, and then as long again before workers are killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Cancels the run.
pub(super) fn command(arguments: &CancelArguments) -> Result<Exit, Fault> {
    let (folder, id) = named::kept(Some(&arguments.run), &arguments.folder)?;
    let catalogue = Catalogue::new(&folder);
    let record = catalogue.open(&id)?.record().clone();
    if record.holder.is_some() {
        return Err(Complaint::new(format!("run `{id}` is still going on"))
            .help("interrupt its process: it ends its workers itself")
            .into());
    }
    let is_over = !matches!(record.status.as_str(), "running" | "interrupted");
    if is_over && engine::living_workers(&folder, &id)?.is_empty() {
        return Err(Complaint::new(format!("run `{id}` has ended: it {}", record.status)).into());
    }
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
