//! A refusal says why shards cannot be put together, and what to do about it.

use crate::store::StoreError;

/// What to do about shards of another plan.
pub(super) const ONE_PLAN: &str =
    "the pipeline with its files, parameters, environment, `--set` and `--limit` must be the same everywhere";
/// What to do about files that are other ones.
pub(super) const BY_CONTENT: &str =
    "files of `glob` are told apart by size and time of change; `by: content` compares what is in them";
/// What to do about items that are other ones.
pub(super) const SAME_ITEMS: &str =
    "all machines must see the same items: bring the input that the shards have read, or run them again";
/// What to do about a shard that is damaged.
pub(super) const AGAIN: &str = "run that shard again, or bring its folder from where it was made";

/// Why shards cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Lower case, names in backticks, no period.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Refusal {
    pub(super) fn new(message: String) -> Self {
        Self { message, help: None }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::new(error.to_string())
    }
}
