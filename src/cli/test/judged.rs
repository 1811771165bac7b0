//! Tests that have run are kept file by file, with what was found.

use std::sync::Arc;
use std::time::Duration;

use super::judge::Mismatch;
use crate::lua::Change;
use crate::store::StoredLog;

/// A test that has run.
pub(super) struct Judged {
    pub(super) name: Arc<str>,
    pub(super) step: Arc<str>,
    pub(super) line: usize,
    pub(super) time: Duration,
    pub(super) logs: Vec<StoredLog>,
    /// What its function would have changed.
    pub(super) changes: Vec<Change>,
    /// Why it fails, if it does.
    pub(super) mismatch: Option<Mismatch>,
}

/// The tests of one file.
pub(super) struct FileTests {
    pub(super) file: String,
    pub(super) tests: Vec<Judged>,
}
