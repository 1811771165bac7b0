//! These options say where steps are sent: they are the executor's, as the engine of the run understands them.

use std::path::PathBuf;
use std::time::Duration;

use crate::fleet::{EngineOptions, JobNeeds};
use crate::plan::MapLike;
use crate::schedule::Resources;

/// Where and how steps are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentOptions {
    /// Name of the executor.
    pub executor: String,
    /// The engine.
    pub engine: EngineOptions,
    /// Worker processes at once, at least 1.
    pub workers: u32,
    /// Cores of each.
    pub cores: usize,
    /// Bytes of memory of each.
    pub memory: u64,
    /// GPUs of each: a number, or a type and a number.
    pub gpus: Option<String>,
    /// Each worker commits what it has at least this often.
    pub commit: Duration,
    /// Attempts of a shard whose workers die.
    pub attempts: u32,
    /// Steps with fewer items run here.
    pub send_from: u64,
    /// How long a job may run; `None`: as long as it takes.
    pub time: Option<Duration>,
    /// How long running attempts of a worker that is to end get.
    pub grace: Duration,
    /// Time between two waves of one step.
    pub wave_every: Duration,
    /// How many times as fast as the clock the coordinator waits: 1, but in tests.
    pub haste: u32,
    /// The pipeline file.
    pub file: PathBuf,
    /// Digest of the plan.
    pub plan: String,
    /// Values that nobody but the workers may see, as these understand them.
    pub secrets: Vec<u8>,
}

impl SentOptions {
    /// Those of one step, by what it needs and how many workers it may have at once.
    #[must_use]
    pub(in crate::engine) fn for_step(&self, each: &MapLike, workers: u32) -> Self {
        let Resources { cores, memory, gpus, time } = &each.resources;
        Self {
            cores: cores.map_or(self.cores, |cores| usize::try_from(cores).unwrap_or(usize::MAX)),
            memory: memory.unwrap_or(self.memory),
            gpus: gpus.clone().or_else(|| self.gpus.clone()),
            time: self.time.map(|limit| time.map_or(limit, |needed| needed.max(limit))),
            workers,
            ..self.clone()
        }
    }

    /// What each job is given.
    pub(super) fn needs(&self) -> JobNeeds {
        let cores = u32::try_from(self.cores).unwrap_or(u32::MAX);
        JobNeeds { cores, memory: self.memory, gpus: self.gpus.clone(), time: self.time }
    }
}
