//! This type is what each job of a step is given by an engine that has nodes to choose from.

use std::time::Duration;

/// What one worker needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobNeeds {
    /// Cores.
    pub cores: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// GPUs: a number, or a type and a number.
    pub gpus: Option<String>,
    /// How long it may run; `None`: as long as it takes.
    pub time: Option<Duration>,
}
