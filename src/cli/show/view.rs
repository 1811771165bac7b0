//! A view says what is shown of which run; it may break off before its end.

use std::io;
use std::path::Path;

use crate::cli::args::ShowFormat;
use crate::cli::exit::Complaint;
use crate::report::Commands;
use crate::store::{StepRecord, StoreError, StoredRun};

/// Why a page could not be shown to its end.
pub(super) enum Broken {
    /// It cannot be read.
    Store(StoreError),
    /// It cannot be written.
    Output(io::Error),
    /// It was asked for wrongly.
    Usage(Complaint),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<serde_json::Error> for Broken {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}

/// What is shown of which run.
pub(super) struct View<'a> {
    pub(super) run: &'a StoredRun,
    /// The folder that keeps it.
    pub(super) state: &'a Path,
    /// Its parameters in words.
    pub(super) params: &'a str,
    /// How the run is called for in commands.
    pub(super) commands: &'a Commands,
    /// The steps that are meant.
    pub(super) steps: &'a [StepRecord],
    /// Whether a step was named.
    pub(super) is_one: bool,
    pub(super) format: ShowFormat,
    pub(super) color: bool,
}
