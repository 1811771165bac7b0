//! These options say where steps are sent: they are the executor's, as the engine of the run understands them.

use std::path::PathBuf;
use std::time::Duration;

use crate::fleet::EngineOptions;

/// How long a worker goes on after it was told to end: what its items get, and then it is gone.
const GRACE: Duration = Duration::from_secs(5);

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
    /// The pipeline file.
    pub file: PathBuf,
    /// Digest of the plan.
    pub plan: String,
    /// Values that nobody but the workers may see, as these understand them.
    pub secrets: Vec<u8>,
}

impl SentOptions {
    /// Worker processes of this machine, of a plan with this digest.
    pub fn of_processes(
        engine: EngineOptions,
        (workers, cores): (u32, usize),
        (file, plan): (PathBuf, String),
        secrets: Vec<u8>,
    ) -> Self {
        Self {
            executor: "processes".to_owned(),
            engine,
            workers,
            cores,
            commit: Duration::from_secs(120),
            attempts: 3,
            send_from: 1000,
            time: None,
            grace: GRACE,
            wave_every: Duration::from_millis(200),
            file,
            plan,
            secrets,
        }
    }
}
