//! The pool is the boundary between a coordinator and those who run its items. In a run threads with Lua VMs stand
//! behind it, in tests workers that are made up, in virtual time.
//!
//! What travels through it is plain data: times are counted from the beginning of the step, and what a coordinator
//! knows of a task stays with the coordinator, under the task's number.

mod coroutines;
mod costs;
mod expression;
mod in_hand;
mod keys;
mod limits;
mod options;
mod programs;
mod task;
mod thread_pool;
mod worker_thread;

pub(super) use costs::CostRule;
pub(super) use limits::{CHUNK_TIME, Limits, WORKERS_END};
pub(super) use options::{PoolOptions, Starts};
pub(super) use task::{
    Allowance, CostReport, EndedItem, KeyReport, Reply, Report, Task, TaskAttempt, TaskKind,
};
pub(super) use thread_pool::Threads;

use std::time::Duration;

use crossbeam_channel::Select;

use super::outcome::EngineError;
use crate::lua::CancelLevel;

/// The workers of one map-like step.
pub(super) trait Pool {
    /// How much it takes at once.
    fn limits(&self) -> Limits;

    /// Hands in a task; a worker will take it. It comes back as one reply of its number.
    fn send(&mut self, task: Task);

    /// The next reply that comes within `patience`, unless `wake` has something before that.
    fn reply(&mut self, patience: Duration, wake: Option<&dyn Wake>) -> Option<Reply>;

    /// Tells the workers to stop, with what they have or at once.
    fn cancel(&mut self, level: CancelLevel);

    /// No more tasks will come: workers end when what they have is done.
    fn close(&mut self);

    /// How long they may take to do so once they have nothing.
    fn farewell(&self) -> Duration {
        WORKERS_END
    }
}

/// Something else that ends a wait for replies.
pub(super) trait Wake {
    /// Takes part in the wait.
    fn register<'a>(&'a self, select: &mut Select<'a>);
}

/// The time since the step began, by the clock of its limits.
pub(super) type StepClock = Box<dyn Fn() -> Duration>;

/// Starts pools. One for all steps of a run.
pub(super) trait StartPool: Sync {
    /// The workers of a step that begins now.
    fn start(&self, options: PoolOptions) -> Result<(Box<dyn Pool>, StepClock), EngineError>;
}
