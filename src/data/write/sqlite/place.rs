//! A place says which table of which database gets the rows, and how.

use std::path::PathBuf;
use std::sync::Arc;

use crate::data::database::message;
use crate::data::{DataError, RunMarks, TableTarget, WriteMode};

/// Where rows go.
pub(super) struct TablePlace {
    /// The file.
    pub(super) path: PathBuf,
    /// What the user calls it.
    pub(super) name: Arc<str>,
    pub(super) table: TableTarget,
    pub(super) mode: WriteMode,
    pub(super) marks: RunMarks,
}

impl TablePlace {
    /// The error about the place.
    pub(super) fn fault(&self, why: &str) -> DataError {
        DataError::Usage(format!("cannot write to table `{}` of `{}`: {why}", self.table.name, self.name))
    }

    /// The error of the database.
    pub(super) fn failed(&self, error: &rusqlite::Error) -> DataError {
        self.fault(&message(error))
    }

    /// The error about an item.
    pub(super) fn refuse(&self, item: u64, message: String) -> DataError {
        DataError::Item { file: self.name.to_string(), item, message }
    }
}
