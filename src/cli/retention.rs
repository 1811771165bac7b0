//! `keep` of a pipeline file removes older runs of the pipeline when one has ended well.

use std::path::Path;
use std::time::SystemTime;

use super::console::say;
use super::exit::Fault;
use super::history::History;
use crate::plan::Keep;
use crate::report::bytes;
use crate::store::{Catalogue, Pruned, RunRecord};

/// Removes what `keep` lets go of the runs of a pipeline file. That something cannot be removed is a warning.
pub(super) fn prune(state: &Path, file: &Path, keep: Keep, tells: bool) {
    match try_prune(state, file, keep) {
        Ok(pruned) if pruned.is_empty() => {}
        Ok(pruned) if tells => {
            let (count, room) = (pruned.len(), pruned.iter().map(|pruned| pruned.bytes).sum());
            let noun = if count == 1 { "run" } else { "runs" };
            say(&format!("  removed {count} older {noun} by `keep`, {}", bytes(room)));
        }
        Ok(_) => {}
        Err(fault) => say(&format!("  warning: older runs are not removed: {}", fault.in_words())),
    }
}

fn try_prune(state: &Path, file: &Path, keep: Keep) -> Result<Vec<Pruned>, Fault> {
    let catalogue = Catalogue::new(state);
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    // Another pipeline may have a file of this name; one that is not there any more was moved with its runs.
    let is_ours = |record: &RunRecord| {
        let place = Path::new(&record.file);
        place == file || !place.exists()
    };
    let history = History::read(&catalogue, Some(&file))?.only(is_ours);
    let spared = history.spared();
    Ok(catalogue.prune_of(history.into_records(), (keep.runs, keep.age), SystemTime::now(), |record| {
        !spared.contains(&record.id)
    })?)
}
