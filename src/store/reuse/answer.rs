//! An old run is asked about items, and answers what became of them.

use crate::store::{Digest, FailedItem};

/// New items with consecutive indices. The more of them at once, the better repeats can be told apart where the old
/// run had not come to all of them.
#[derive(Debug, Clone, Copy)]
pub struct NewItems<'a> {
    /// Index of the first, from 1.
    pub first: u64,
    /// By what each is known: its content, or the digest of its key.
    pub identities: &'a [Digest],
    /// Content of each; the same list for steps without `key:`.
    pub contents: &'a [Digest],
}

/// What became of an item in an old run.
#[derive(Debug, Clone, PartialEq)]
pub enum Reused {
    /// It succeeded; its result lines were appended.
    Result {
        /// How many.
        lines: u32,
    },
    /// It was left out, for this reason.
    Skipped(Option<String>),
    /// It failed, not for good.
    Failed,
    /// It failed by `flow.fail`.
    FailedForGood(Box<FailedItem>),
    /// There is one with its key and another content.
    Changed,
    /// It succeeded, and its result cannot be read.
    Damaged,
    /// It had not ended, or was not there.
    New,
}

/// What is known of an item's ending in an old run without looking at its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It succeeded or was left out.
    Well,
    /// It failed, not for good.
    Failed,
    /// It failed by `flow.fail`.
    FailedForGood,
    /// There is one with its key and another content.
    Changed,
    /// It had not ended, or was not there.
    Open,
}
