//! The documents are the files that the editor has open, with what was found in them.

use std::time::Instant;

use super::file::File;
use super::findings::Findings;

/// An open file.
pub(super) struct OpenDocument {
    pub(super) file: File,
    /// What was found in it last.
    pub(super) findings: Findings,
    /// When it is to be checked, if it was changed.
    pub(super) due: Option<Instant>,
}
