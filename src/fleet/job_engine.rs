//! This trait is what a coordinator needs of an engine, whichever it is.

use std::path::PathBuf;

use crate::schedule::fleet::{JobId, Seen, Submission};

/// The extension of a file beside a worker's log, which says that it has ended, however: jobs that nobody can ask for.
pub const LEFT: &str = "left";

/// Jobs that are submitted together: job `k` is the worker on task `k` of the wave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaveJobs {
    /// Number of the wave.
    pub wave: u32,
    /// What the engine knows it by, before it gives a number of its own.
    pub name: String,
    /// How many jobs there are.
    pub jobs: u32,
    /// How many of them may run at once.
    pub throttle: u32,
    /// Where each of them writes what it prints.
    pub logs: Vec<PathBuf>,
}

/// What an engine takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineLimits {
    /// Jobs in one wave.
    pub wave_max: u32,
    /// Jobs in its queue.
    pub queue_max: u32,
}

/// An engine. None of its calls waits longer than some seconds.
pub trait JobEngine: Send {
    /// How many jobs it takes.
    fn limits(&self) -> EngineLimits;

    /// Takes a wave into its queue.
    fn submit(&mut self, wave: &WaveJobs) -> Submission;

    /// Hears of a wave that an earlier coordinator of this run has submitted. An engine that finds jobs by their names looks for
    /// those of this one from now on, and may not know whether they ever came; others can say nothing of them, and they
    /// are known to live by what they write. `begun`: which of them have ever claimed an attempt, in the order of their tasks.
    fn adopt(&mut self, _wave: &WaveJobs, _begun: &[bool]) {}

    /// Lets so many jobs of a wave run at once; `false`: it did not take that.
    fn throttle(&mut self, wave: u32, throttle: u32) -> bool;

    /// What it says of all jobs of these waves; `None`: it did not answer.
    fn look(&mut self, waves: &[u32]) -> Option<Vec<Seen>>;

    /// Ends jobs: those that wait never start, those that run are asked to end, and ended when they were asked before.
    fn cancel(&mut self, jobs: &[JobId]);

    /// Whether a look is worth while before it is time for one. Asked often, so it must cost next to nothing.
    fn has_news(&mut self) -> bool {
        false
    }
}
