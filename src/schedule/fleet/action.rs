//! Actions are what the machine asks its coordinator to do, in this order. The coordinator tells how they went, where
//! anything depends on that.

use crate::value::Indices;
use crate::value::ShardId;

/// A job is the task of a wave that a shard was submitted as. It may work on a whole chain of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobId {
    /// Number of the wave.
    pub wave: u32,
    /// Its place in the wave, from 0.
    pub task: u32,
}

/// What one job of a wave works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The shard.
    pub shard: ShardId,
    /// Its items.
    pub items: Indices,
    /// Items that are suspected of having killed a worker: they run after all others, one by one, alone.
    pub careful: Indices,
    /// Items that killed their worker alone, twice: they are booked as failed, `worker_died`, and not run again.
    pub condemned: Indices,
}

/// How a step stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Halt {
    /// Running items finish.
    Drain,
    /// Running items are interrupted, and after the grace all jobs are cancelled.
    Interrupt,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Write down the children of what this shard left, before anything that comes after this action. Told by nothing.
    Split {
        /// The shard whose record has the rest.
        parent: ShardId,
        /// Items of each child, in order.
        children: Vec<Indices>,
    },
    /// Write down the wave, then submit it. Told by [`super::Fleet::submitted`].
    Submit {
        /// Its number.
        wave: u32,
        /// Task `k` is its `k`-th job.
        tasks: Vec<Task>,
        /// Jobs of it that may run at once.
        throttle: u32,
    },
    /// So many jobs of the wave may run at once from now on. Told by [`super::Fleet::throttled`].
    Throttle {
        /// Number of the wave.
        wave: u32,
        /// So many.
        throttle: u32,
    },
    /// End these jobs, the running ones by a signal first. What became of them is seen by looking.
    Cancel {
        /// The jobs.
        jobs: Vec<JobId>,
    },
    /// Workers read this instead of what they read before.
    Control {
        /// Whether they stop, and how.
        halt: Option<Halt>,
        /// Shards, or chains that begin with them, whose workers give their rest back.
        yields: Vec<ShardId>,
    },
    /// Ask the engine for all jobs of these waves, by their names. Told by [`super::Fleet::looked`] or [`super::Fleet::silent`].
    Look {
        /// Numbers of the waves.
        waves: Vec<u32>,
    },
    /// List the records, claims and beats. Told by [`super::Fleet::record`] and its like, and then [`super::Fleet::listed`].
    List,
    /// Read what the dead attempts of a shard left. Told by [`super::Fleet::inspected`].
    Inspect {
        /// The shard.
        shard: ShardId,
    },
}
