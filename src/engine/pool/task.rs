//! Tasks go to the workers, and replies come back.

use std::sync::Arc;
use std::time::Duration;

use crate::lua::{AttemptEnding, Failure, LogLine, ScriptError, Spent};
use crate::store::Digest;
use crate::value::Chunk;

/// What is to be done with a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum TaskKind {
    /// Its items are run.
    Run,
    /// Its items get their keys.
    Keys,
    /// It is found out what attempts of its items take of the rate limits.
    Costs,
}

/// A chunk for one worker.
#[derive(Debug)]
pub(in crate::engine) struct Task {
    /// The coordinator's number for it. Each is used once.
    pub(in crate::engine) number: u64,
    pub(in crate::engine) kind: TaskKind,
    pub(in crate::engine) chunk: Arc<Chunk>,
    pub(in crate::engine) attempt: TaskAttempt,
    pub(in crate::engine) allowance: Allowance,
    /// A buffer for the results.
    pub(in crate::engine) out: Vec<u8>,
    /// A buffer for the digests of the items, where those are wanted.
    pub(in crate::engine) digests: Option<Vec<Digest>>,
    /// A buffer for the number of results of each item, where digests are wanted.
    pub(in crate::engine) lines: Vec<u32>,
}

/// Items of a task that may fail or be skipped before its worker hands the rest back; by default any number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::engine) struct Allowance(Option<u64>);

impl Allowance {
    /// A share of the `left` items, the last of them included, of which other tasks were `given` some already: of `tasks` that
    /// may be out at once none takes so many that nothing is there for the others.
    pub(in crate::engine) fn share(
        left: Option<u64>,
        given: impl Iterator<Item = Self>,
        tasks: usize,
    ) -> Self {
        Self(left.map(|left| {
            let given: u64 = given.filter_map(|allowance| allowance.0).sum();
            (left.saturating_sub(given) / tasks.max(1) as u64).max(1)
        }))
    }

    /// One item more failed or was skipped. `true`: it was the last that may.
    pub(in crate::engine) fn use_up(&mut self) -> bool {
        let Some(left) = &mut self.0 else { return false };
        *left = left.saturating_sub(1);
        *left == 0
    }
}

/// Which try of its items a task is.
#[derive(Debug, Clone)]
pub(in crate::engine) struct TaskAttempt {
    /// From 1.
    pub(in crate::engine) number: u32,
    /// When the item's own deadline passes, counted from the beginning of the step; set by the first attempt.
    pub(in crate::engine) deadline: Option<Duration>,
    /// How the attempt before failed, as functions see it.
    pub(in crate::engine) last: Option<Arc<str>>,
}

/// The ending of an item that did not simply succeed.
#[derive(Debug, Clone)]
pub(in crate::engine) struct EndedItem {
    /// Place in the chunk, from 0.
    pub(in crate::engine) at: usize,
    /// Length of the results when it ended.
    pub(in crate::engine) out_len: usize,
    pub(in crate::engine) how: AttemptEnding,
    pub(in crate::engine) duration: Duration,
}

/// What came of a task whose items were run.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Report {
    /// The number of the task.
    pub(in crate::engine) task: u64,
    /// Items that were begun, and have ended; the others were not begun.
    pub(in crate::engine) done: usize,
    /// The results, a line each.
    pub(in crate::engine) out: Vec<u8>,
    /// How many there are.
    pub(in crate::engine) emitted: u64,
    /// Items that did not simply succeed, by their place, ascending.
    pub(in crate::engine) ends: Vec<EndedItem>,
    /// Digests of the items that were begun, where they were wanted.
    pub(in crate::engine) digests: Vec<Digest>,
    /// Results of each item that succeeded, where digests were wanted and an item may have none or several.
    pub(in crate::engine) lines: Vec<u32>,
    /// When the first item began, counted from the beginning of the step.
    pub(in crate::engine) began: Duration,
    /// How long all of them took.
    pub(in crate::engine) elapsed: Duration,
}

/// The keys of a task's items.
#[derive(Debug)]
pub(in crate::engine) struct KeyReport {
    /// The number of the task.
    pub(in crate::engine) task: u64,
    /// One for each item that was come to, from the first; empty where there is none.
    pub(in crate::engine) keys: Vec<Box<str>>,
    /// Items without a key, by their place, ascending.
    pub(in crate::engine) failed: Vec<(usize, Failure)>,
    /// How long it took.
    pub(in crate::engine) elapsed: Duration,
}

/// What the next attempt of an item takes of each limit, or why it cannot start.
pub(in crate::engine) type ItemCosts = Result<Vec<u64>, Box<Failure>>;

/// What attempts of a task's items take of the rate limits.
#[derive(Debug)]
pub(in crate::engine) struct CostReport {
    /// The number of the task.
    pub(in crate::engine) task: u64,
    /// For each item that was come to, from the first.
    pub(in crate::engine) costs: Vec<ItemCosts>,
    /// How long it took.
    pub(in crate::engine) elapsed: Duration,
}

/// What workers say. Every task that is handed in comes back as exactly one `Report`, `Keys`, `Costs`, `Broken` or `Lost`.
#[derive(Debug)]
pub(in crate::engine) enum Reply {
    Report(Box<Report>),
    Keys(Box<KeyReport>),
    Costs(Box<CostReport>),
    /// A rate-limited attempt of this task is about to begin.
    Starting(u64, Duration),
    /// What running attempts took of rate limits, as they say.
    Spent(Vec<Spent>),
    Logs(Vec<LogLine>),
    /// A fault of flowrun itself while this task was running.
    Broken(u64, String),
    /// The worker of this task does not come back; `stuck`: at its only item.
    Lost {
        task: u64,
        stuck: bool,
    },
    /// A script or its setup cannot be loaded; `key`: where that of an expression stands.
    Unusable {
        key: Option<&'static str>,
        error: Box<ScriptError>,
    },
    /// The program that is the step's function is of no use, for this reason: nothing more is started.
    ProgramLost(String),
    /// The pool cannot go on, for this reason.
    Failed(String),
    /// All workers are through.
    Gone,
}
