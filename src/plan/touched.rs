//! This type holds the files that a pipeline reads and writes, as far as its file names them, for code that is about
//! to write others. That code compares the paths.

use std::path::{Path, PathBuf};

/// A file, or in sources the files of a pattern, and what the run does with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// What it is to the run.
    pub role: FileRole,
    /// The folder that a relative path starts from.
    pub root: PathBuf,
    /// A path, or a pattern as `read` and `glob` take it; `-` is a standard stream.
    pub path: String,
}

/// What a file is to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileRole {
    /// A step of this name reads it.
    Read(String),
    /// A step of this name lists it.
    Listed(String),
    /// A step of this name writes it.
    Written(String),
    /// The secret of this name stands in it.
    Secret(String),
    /// Functions come from it.
    Lua,
    /// The pipeline includes it.
    Included,
}

impl Touched {
    pub(super) fn new(role: FileRole, root: &Path, path: &str) -> Self {
        Self { role, root: root.to_owned(), path: path.to_owned() }
    }
}
