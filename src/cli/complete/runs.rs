//! Kept runs are offered by their ids, and steps as a run names them.

use std::path::PathBuf;

use clap_complete::engine::CompletionCandidate;

use super::command_line::CommandLine;
use super::offer::{is_plain, offer};
use crate::cli::args::FolderArguments;
use crate::cli::{state, timestamp};
use crate::config::is_id;
use crate::store::{Catalogue, StoredRun};

/// Runs that are offered, the newest ones: each is opened, while somebody waits.
const RUNS_MAX: usize = 50;

/// `latest`, and the ids of the newest runs.
pub(super) fn ids(line: &CommandLine) -> Vec<CompletionCandidate> {
    let Some(catalogue) = catalogue(line) else { return Vec::new() };
    let ids = catalogue.ids().unwrap_or_default();
    let newest = ids.iter().rev().filter(|id| is_plain(id)).take(RUNS_MAX);
    let offers = newest.map(|id| offer(id, &about(&catalogue, id)));
    let latest = (!ids.is_empty()).then(|| offer("latest", "the newest run"));
    latest.into_iter().chain(offers).collect()
}

fn about(catalogue: &Catalogue, id: &str) -> String {
    catalogue.open(id).map_or_else(
        |_| String::new(),
        |run| {
            let record = run.record();
            format!("{}, {}, {}", record.status, record.pipeline, timestamp::local(record.started))
        },
    )
}

/// The steps of the run on the line, or of the newest one.
pub(super) fn steps(line: &CommandLine) -> Vec<CompletionCandidate> {
    let steps = run(line).and_then(|run| run.steps().ok()).unwrap_or_default();
    steps.iter().filter(|step| is_id(&step.step)).map(|step| offer(&step.step, &step.verb)).collect()
}

/// The pipeline file of the run on the line, which may be the file itself. A line without a place for a run has none.
pub(super) fn file(line: &CommandLine) -> Option<PathBuf> {
    let given = line.path(&["run"])?;
    if given.is_file() {
        return Some(given);
    }
    Some(PathBuf::from(&run(line)?.record().file))
}

fn run(line: &CommandLine) -> Option<StoredRun> {
    let wanted = line.path(&["run", "files"]);
    let wanted = wanted.as_ref().map_or(Some("latest"), |wanted| wanted.to_str())?;
    let catalogue = catalogue(line)?;
    catalogue.open(&catalogue.find(wanted).ok()?).ok()
}

fn catalogue(line: &CommandLine) -> Option<Catalogue> {
    let folder = state::find(&FolderArguments { state_dir: line.path(&["state_dir"]) }).ok()?;
    Some(Catalogue::new(&folder))
}
