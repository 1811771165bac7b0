//! The documents are the files that the editor has open, with what was found in them, and the folders that it shows.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Instant;

use super::file::File;
use super::findings::Findings;
use crate::plan::Inputs;

/// An open file.
pub(super) struct OpenDocument {
    pub(super) file: File,
    /// What was found in it last.
    pub(super) findings: Findings,
    /// When it is to be checked, if it was changed.
    pub(super) due: Option<Instant>,
}

/// What requests are answered from.
#[derive(Clone, Copy)]
pub(super) struct Workspace<'a> {
    /// The open files by what the client calls them.
    pub(super) files: &'a HashMap<String, OpenDocument>,
    /// The folders that the editor shows.
    pub(super) folders: &'a [PathBuf],
    pub(super) inputs: &'a Inputs,
}
