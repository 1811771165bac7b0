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

    /// The newest run.
    pub(super) fn latest(&self) -> Option<&RunRecord> {
        self.records.first()
    }
}
