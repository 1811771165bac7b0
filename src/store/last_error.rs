//! The last error of a step is what went wrong last in it, whether or not the item is tried again.

use serde::{Deserialize, Serialize};

use super::clock;
use super::notes::Notes;
use crate::event::FailureKind;

/// An attempt that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LastError {
    /// Which item, from 1.
    pub index: u64,
    /// Which of its attempts, from 1.
    pub attempt: u32,
    /// `error`, `timeout`, …
    pub kind: String,
    /// Why.
    pub message: String,
    /// Whether the item has failed for good; else it is tried again.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// When it was kept, in seconds since 1970.
    pub at: f64,
}

impl LastError {
    /// What went wrong last by the notes of a commit that was made at `at`, the newest first and `most` at most. Items that have failed
    /// for good come before those that are tried again.
    pub(super) fn newest(notes: &Notes, at: u64, most: usize) -> Vec<Self> {
        let made = |index: u64, attempt: u32, (kind, message): (FailureKind, &str), is_final| Self {
            index,
            attempt,
            kind: kind.name().to_owned(),
            message: message.to_owned(),
            is_final,
            at: clock::from_micros(at),
        };
        let failed = notes.failed.iter().rev();
        let failed =
            failed.map(|(index, _, item)| made(*index, item.attempts, (item.kind, &*item.message), true));
        let retried = notes.retried.iter().rev();
        let retried = retried.map(|item| made(item.index, item.attempt, (item.kind, &*item.message), false));
        failed.chain(retried).take(most).collect()
    }
}
