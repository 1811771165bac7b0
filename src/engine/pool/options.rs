//! These options are what the workers of a step are made from.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::costs::CostRule;
use super::limits::{CHUNK_TIME, Limits};
use crate::engine::item_content::ItemContent;
use crate::event::StepId;
use crate::lua::{Cancel, Script, WorkerOptions};
use crate::program::ItemProgram;

/// Who decides when an attempt starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Starts {
    /// Its worker, once it has the chunk.
    Chunked,
    /// The coordinator, which may decide at any time that nothing starts for a while: each item travels alone, and none
    /// waits at a worker.
    Alone,
    /// The same, and it wants to know when the attempt really started.
    Told,
}

/// What all workers of a step are made from.
pub(in crate::engine) struct PoolOptions {
    /// When the step began, by the clock of its limits.
    pub(in crate::engine) begun: Instant,
    /// The function; of a step whose function is a program, Lua that is never called.
    pub(in crate::engine) script: Arc<Script>,
    /// The program that is the function.
    pub(in crate::engine) program: Option<Arc<ItemProgram>>,
    /// Items at most that are in flight in one of its processes.
    pub(in crate::engine) lanes: usize,
    /// `key:`, where the step has one.
    pub(in crate::engine) key: Option<Arc<Script>>,
    /// What attempts take of the rate limits, where any has an expression for it.
    pub(in crate::engine) costs: Vec<CostRule>,
    pub(in crate::engine) worker: WorkerOptions,
    pub(in crate::engine) cancel: Arc<Cancel>,
    /// What of an item its digest is of.
    pub(in crate::engine) content: ItemContent,
    /// The step, for notices of slow items.
    pub(in crate::engine) step: StepId,
    /// When an attempt is slow.
    pub(in crate::engine) slow_after: Option<Duration>,
    /// Attempts that may run at once, and cores that they may use.
    pub(in crate::engine) concurrency: usize,
    pub(in crate::engine) cores: usize,
    /// Whether items run as coroutines, so that a worker may hold several of them.
    pub(in crate::engine) coroutines: bool,
    /// Who decides when an attempt starts.
    pub(in crate::engine) starts: Starts,
    /// Whether items that fail may stop the step, so that the coordinator is to decide before much else starts.
    pub(in crate::engine) stops_at_failure: bool,
}

impl PoolOptions {
    /// Threads that the step gets.
    pub(in crate::engine) fn threads(&self) -> usize {
        self.concurrency.min(self.cores).max(1)
    }

    /// Processes of its program at most.
    pub(in crate::engine) fn processes(&self) -> usize {
        self.concurrency.div_ceil(self.lanes.max(1)).max(1)
    }

    /// How much the workers take at once.
    pub(in crate::engine) fn limits(&self) -> Limits {
        let tasks = match () {
            // Chunks that wait for a worker would stand before what a failure left of its own chunk.
            () if (self.stops_at_failure || self.is_alone()) && !self.coroutines => self.threads(),
            () if self.is_exact() => self.concurrency,
            () => self.threads() * 2,
        };
        let single = self.coroutines || self.is_alone();
        Limits { tasks, chunk_time: (!single).then_some(CHUNK_TIME) }
    }

    /// Whether no more tasks may be out than attempts may run. Workers that never wait may find the next chunk ready when
    /// they are done with one; that is no item more being worked on, because there are no more workers than
    /// `concurrency`.
    fn is_exact(&self) -> bool {
        self.is_alone() || self.concurrency == 1 || self.coroutines
    }

    fn is_alone(&self) -> bool {
        self.starts != Starts::Chunked
    }

    /// Whether attempts have a limit, so that a worker can be told to be stuck.
    pub(super) fn has_limit(&self) -> bool {
        self.worker.timeout.is_some() || self.worker.item_deadline.is_some() || self.expressions() > 0
    }

    /// How many expressions a worker may have to evaluate beside the function.
    pub(super) fn expressions(&self) -> usize {
        usize::from(self.key.is_some()) + self.costs.iter().filter(|rule| rule.script.is_some()).count()
    }
}
