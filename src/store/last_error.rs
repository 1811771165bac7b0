//! The last error of a step is what went wrong last in it, whether or not the item is tried again.

use serde::{Deserialize, Serialize};

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
