//! The inputs of a plan are what comes from outside the pipeline file: parameters, environment, overrides. The
//! command line reads its own arguments and the process environment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::lua::Allowed;
use crate::source::OpenTexts;

/// The values that a run brings to a pipeline file.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// `-p NAME=VALUE`, in order; values are text and are turned into the parameter's type.
    pub params: Vec<(String, String)>,
    /// `--params-file`: a map.
    pub params_file: serde_json::Map<String, serde_json::Value>,
    /// Parameters that a resumed run was given, as they came out then: whatever is given anew wins, and paths are
    /// relative to the pipeline's folder already.
    pub params_kept: serde_json::Map<String, serde_json::Value>,
    /// Folder of the params file: `path` parameters in it are relative to it.
    pub params_dir: PathBuf,
    /// Folder in which flowrun was started: `path` parameters given by `-p` are relative to it.
    pub current_dir: PathBuf,
    /// The process environment; the pipeline sees only what its `env` names.
    pub env: BTreeMap<String, String>,
    /// Values of `secrets` that are known already, by name: where they come from is not asked.
    pub known_secrets: BTreeMap<String, String>,
    /// Whether the run cannot do without the values of `secrets`; otherwise those that are there are only hidden.
    pub needs_secrets: bool,
    /// `--set PATH=VALUE`, in order; the value is YAML.
    pub set: Vec<(String, String)>,
    /// `--allow-net`, `--allow-read`, …: what this run adds to the file's `permissions`; paths are absolute.
    pub allow: Allowed,
    /// The folder of runs, when it is not beside the pipeline: Lua code does not write there.
    pub state: Option<PathBuf>,
    /// `--limit N`: first N items of every source.
    pub limit: Option<u64>,
    /// Cores of the machine, for `concurrency: auto`; 0 counts as 1.
    pub cores: usize,
    /// Id of the run, for `run.id` in expressions.
    pub run: Arc<str>,
    /// Names that nothing looks at which will run.
    pub unseen: Unseen,
    /// Whether this is only a check: required params and variables may then be missing.
    pub check_only: bool,
    /// The executor by which steps are judged that would be sent there.
    pub sent_to: Option<SentTo>,
    /// Files that an editor has open, whose texts go before those on the disk.
    pub open: OpenTexts,
}

/// Names that nothing looks at which will run: those that are required may be missing, and something stands in for them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// Parameters.
    pub params: BTreeSet<String>,
    /// Environment variables.
    pub env: BTreeSet<String>,
}

/// An executor, as far as a pipeline is judged by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentTo {
    /// Its name.
    pub name: String,
    /// Where all workers see what is here too; `None`: nobody knows.
    pub volume: Option<PathBuf>,
    /// Whether jobs wait until there is room for them.
    pub has_queue: bool,
}

/// A run that was asked for wrongly: the pipeline file may be as good as it likes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    /// Lower case, present tense, names in backticks, no period.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl UsageError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
