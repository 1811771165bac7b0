//! What can go wrong with files of items: with one row, or with the file.

use std::path::PathBuf;

/// A row that cannot be read: a failed item of its source, not the end of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Position among the rows of the source, from 1.
    pub index: u64,
    /// The file as the user would name it.
    pub file: String,
    /// Line in that file, from 1.
    pub line: u64,
    /// What is wrong, lower case, no period.
    pub message: String,
    /// The row's text, shortened.
    pub text: String,
}

/// A file that cannot be read or written any further.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The operating system refused.
    #[error("cannot {intent} `{}`: {source}", path.display())]
    Io {
        /// `open`, `read`, `write`, …
        intent: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file's content is not what its format says, beyond one row.
    #[error("{file}:{line}: {message}")]
    Content {
        /// The file as the user would name it.
        file: String,
        /// Line, from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// The pattern or the format cannot be used.
    #[error("{0}")]
    Usage(String),
}
