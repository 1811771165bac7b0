//! These errors are what can go wrong between a run and its folder. The caller decides what is done about them (stop
//! the run, redo items).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::holder::Holder;

/// Why a run cannot be kept, or not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {intent} `{}`: {source}", path.display())]
    Io {
        /// `create`, `write`, `sync`, …
        intent: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: Arc<io::Error>,
    },
    /// SQLite refused.
    #[error("cannot {intent} `{}`: {}", path.display(), explain(source))]
    Sql {
        /// `create`, `write`, `read`, …
        intent: &'static str,
        /// Which database.
        path: PathBuf,
        /// Why.
        source: Arc<rusqlite::Error>,
    },
    /// A file is there and is not what flowrun has written.
    #[error("`{}` is damaged: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// What is there was kept in a format that this flowrun does not know.
    #[error("{what} was kept by a newer flowrun (format {format}); this one reads up to {known}")]
    Newer {
        /// The run, or the cache.
        what: String,
        /// Its format.
        format: u32,
        /// The newest one that can be read.
        known: u32,
    },
    /// No run has such an id.
    #[error("there is no run `{wanted}` in `{}`", folder.display())]
    NoRun {
        /// What was asked for.
        wanted: String,
        /// Where runs were looked for.
        folder: PathBuf,
    },
    /// More than one run has an id that begins so.
    #[error("`{wanted}` may be any of {}", runs.join(", "))]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// The ids that begin with it, a few of them.
        runs: Vec<String>,
    },
    /// Another process is at work on the run.
    #[error("run `{run}` is still going on ({holder})")]
    Live {
        /// Which run.
        run: String,
        /// Who is at work on it.
        holder: Holder,
    },
    /// The run has no such step.
    #[error("run `{run}` has no step `{step}`")]
    NoStep {
        /// Which run.
        run: String,
        /// What was asked for.
        step: String,
    },
}

impl StoreError {
    /// An error of the operating system about `path`.
    pub(super) fn io(intent: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { intent, path: path.to_path_buf(), source: Arc::new(source) }
    }

    /// An error of SQLite about the database at `path`.
    pub(super) fn sql(intent: &'static str, path: &Path, source: rusqlite::Error) -> Self {
        Self::Sql { intent, path: path.to_path_buf(), source: Arc::new(source) }
    }

    /// Whether SQLite says that the file is none of its own any more.
    pub(super) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match self {
            Self::Sql { source, .. } => {
                matches!(source.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
            }
            _ => false,
        }
    }

    /// A file that is not what flowrun has written.
    pub fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_path_buf(), what: what.into() }
    }
}

/// What SQLite says, with what it knows beyond that: a full disk hides behind some of its input and output errors.
fn explain(error: &rusqlite::Error) -> String {
    use rusqlite::ffi::{SQLITE_IOERR, SQLITE_IOERR_SHMSIZE};
    match error {
        rusqlite::Error::SqliteFailure(failure, _) if failure.extended_code == SQLITE_IOERR_SHMSIZE => {
            "no space left for the file that it shares with readers".to_owned()
        }
        rusqlite::Error::SqliteFailure(failure, _) if failure.extended_code & 0xff == SQLITE_IOERR => {
            format!("{error} (SQLite code {})", failure.extended_code)
        }
        _ => error.to_string(),
    }
}
