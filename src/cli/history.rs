//! The history of a pipeline is its runs in one state folder, the newest first, and what has become of each.
//!
//! A pipeline is known by the name of its file, because project and runs may have been moved together.

use std::path::Path;

use super::exit::Fault;
use crate::store::{Catalogue, RunRecord};

/// The runs of a pipeline file, or of all, the newest first.
pub(super) struct History {
    records: Vec<RunRecord>,
}

impl History {
    /// Reads it; without a file, it is that of all runs in the folder.
    pub(super) fn read(catalogue: &Catalogue, file: Option<&Path>) -> Result<Self, Fault> {
        let (mut records, newer) = catalogue.list_all()?;
        if let Some(error) = newer.into_iter().next() {
            // It may be the one that is meant, or one that has brought the others to success.
            return Err(error.into());
        }
        let name = file.and_then(Path::file_name);
        records.retain(|record| name.is_none_or(|name| Path::new(&record.file).file_name() == Some(name)));
        Ok(Self { records })
    }

    /// The newest run that did not end well, is over, and was not resumed by one that did.
    pub(super) fn unfinished(&self) -> Option<&RunRecord> {
        let mut done: Vec<&str> = Vec::new();
        for record in self.over() {
            if !ended_well(record) && !done.contains(&record.id.as_str()) {
                return Some(record);
            }
            // What a good run has resumed, directly or not, is done with; that is older and comes later in the list.
            done.extend(record.parent.as_deref());
        }
        None
    }

    /// The newest run that ended well although items failed, and that no run has gone on with.
    pub(super) fn tolerant(&self) -> Option<&RunRecord> {
        let has_gone_on = |id: &str| self.records.iter().any(|record| record.parent.as_deref() == Some(id));
        self.over().find(|record| ended_well(record) && record.failures > 0 && !has_gone_on(&record.id))
    }

    /// The runs that are over.
    pub(super) fn over(&self) -> impl Iterator<Item = &RunRecord> {
        self.records.iter().filter(|record| record.status != "running")
    }

    /// The newest run.
    pub(super) fn latest(&self) -> Option<&RunRecord> {
        self.records.first()
    }
}

/// Whether a run came to its end and no step failed.
fn ended_well(record: &RunRecord) -> bool {
    record.status == "succeeded"
}
