//! This module tells what a run has taken of its machine.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the process of a run has taken, with the programs and worker processes that it has started and that have ended.
/// Several runs in one process count for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time of all threads and of these processes.
    pub processor: Duration,
    /// The most bytes of memory that the process itself has held at once.
    pub memory: u64,
}
