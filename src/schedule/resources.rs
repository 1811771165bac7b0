//! This type is what one worker of a step needs. Nothing here acts on it: engines are asked for it.

use std::time::Duration;

/// What one worker of a step needs; what is open is the executor's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources {
    /// Cores, in the place of the executor's.
    pub cores: Option<u32>,
    /// Bytes of memory, in the place of the executor's.
    pub memory: Option<u64>,
    /// GPUs as Slurm reads them: a number, or a type and a number.
    pub gpus: Option<String>,
    /// Wall time that a job needs at least.
    pub time: Option<Duration>,
}
