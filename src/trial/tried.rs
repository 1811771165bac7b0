//! These types say what came of the items that a step was tried on.

use std::time::Duration;

use crate::event::{FailureKind, Place};
use crate::lua::Change;
use crate::store::StoredLog;

/// What an item came to.
#[derive(Debug, Clone, PartialEq)]
pub struct TriedItem {
    /// How it ended.
    pub ending: TriedEnding,
    /// What it said.
    pub logs: Vec<StoredLog>,
}

/// How an item ended.
#[derive(Debug, Clone, PartialEq)]
pub enum TriedEnding {
    /// With these results, JSON texts: one of a `map`, any number of a `flat_map`, one or none of a `filter`.
    Results(Vec<String>),
    /// By `flow.skip`.
    Skipped(Option<String>),
    /// It failed.
    Failed {
        /// Why, by kind.
        kind: FailureKind,
        /// Why, in words.
        message: String,
        /// Where.
        place: Option<Place>,
        /// The call stack.
        traceback: String,
    },
    /// It never ran, because the step could not.
    NotRun(String),
}

/// What a step's function came to.
#[derive(Debug)]
pub struct TriedStep {
    /// Item by item.
    pub items: Vec<TriedItem>,
    /// How long the step took, the worker and its `setup` included.
    pub time: Duration,
    /// What it would have changed.
    pub changes: Vec<Change>,
}

/// What a step made of a whole collection.
#[derive(Debug)]
pub struct TriedCollection {
    /// The items that it gave, JSON texts, or why it failed.
    pub results: Result<Vec<String>, String>,
    /// What its Lua said.
    pub logs: Vec<StoredLog>,
    /// How long the step took.
    pub time: Duration,
    /// What it would have changed.
    pub changes: Vec<Change>,
}
