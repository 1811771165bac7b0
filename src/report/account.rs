//! An account is everything that a report tells of a run, as plain data: made from its events
//! ([`Gathered`](super::Gathered)) or, by the caller, from what was kept of it. The pages lay it out.

use std::time::Duration;

use crate::event::{Hold, Output, ReuseCounts, Tally, Timing, Usage};

/// Failed items of a step that are listed; the groups count all of them.
pub const FAILURES_MAX: usize = 2_000;
/// Groups of failures of a step that are listed.
pub const GROUPS_MAX: usize = 200;
/// Items tried again that are listed.
pub const RETRIES_MAX: usize = 100;
/// Lines of an item's log that are listed.
pub const LOGS_MAX: usize = 20;
/// Failed attempts of an item that was tried again.
pub(super) const ATTEMPTS_MAX: usize = 100;

/// All that a report tells of one run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Account {
    /// Id of the run.
    pub run: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// `running succeeded failed interrupted`
    pub status: String,
    /// When it began, as people write it.
    pub started: String,
    /// Wall-clock time, so far or in all.
    pub duration: Duration,
    /// What it has taken of its machine, where that is known.
    pub usage: Option<Usage>,
    /// The command that goes on with it, where there is something to go on with.
    pub resume: Option<String>,
    /// The run that it resumed.
    pub parent: Option<String>,
    /// The last run that went on with it, and its status.
    pub later: Option<(String, String)>,
    /// The steps in file order.
    pub steps: Vec<StepAccount>,
    /// The picture of the steps: SVG without a style of its own.
    pub graph: Option<String>,
    /// The pipeline file, then Lua files: name and text.
    pub sources: Vec<(String, String)>,
    /// Parameters: name and JSON text.
    pub params: Vec<(String, String)>,
    /// What it ran on, and how it was called: name and text.
    pub environment: Vec<(String, String)>,
    /// What somebody should know.
    pub notices: Vec<String>,
}

/// A step of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepAccount {
    /// Name in the pipeline file.
    pub name: String,
    /// `map`, `read`, …
    pub verb: String,
    /// `pending running succeeded failed skipped cancelled`
    pub status: String,
    /// Why it ended so.
    pub reason: Option<String>,
    /// Items in all, once known.
    pub total: Option<u64>,
    /// Their endings.
    pub tally: Tally,
    /// Items it gave on.
    pub emitted: u64,
    /// The share that its verdict asked for, as a percentage, and the successes that makes.
    pub needed: Option<(String, u64)>,
    /// When it began, since the run did; `None`: it did not.
    pub started: Option<Duration>,
    /// Wall-clock time, so far or in all.
    pub duration: Duration,
    /// Where it wrote.
    pub target: Option<String>,
    /// What it has written.
    pub outputs: Vec<Output>,
    /// Bytes that it wrote to temporary files.
    pub spilled: u64,
    /// When it was held back, since it began.
    pub holds: Vec<Hold>,
    /// What was taken over from an old run.
    pub reuse: Option<ReuseCounts>,
    /// How long its items took.
    pub timing: Option<Timing>,
    /// Failures by message, the most frequent first.
    pub groups: Vec<Group>,
    /// Failed items, [`FAILURES_MAX`] at most.
    pub failures: Vec<FailureAccount>,
    /// Items that were tried again, [`RETRIES_MAX`] at most.
    pub retries: Vec<RetryAccount>,
    /// The machines whose workers have handed over parts of it.
    pub nodes: Vec<NodeAccount>,
}

/// A machine that has worked on a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeAccount {
    /// Its name, when known.
    pub node: Option<String>,
    /// Parts that it has handed over.
    pub shards: u64,
    /// Items in them.
    pub items: u64,
    /// Attempts at them, wherever the earlier ones were.
    pub attempts: u64,
    /// From the beginnings of the parts to their ends, added up.
    pub time: Duration,
    /// What was lost with attempts that have died: from what they had on the disk last to their last signs of life.
    pub lost: Duration,
}

/// Failures with one kind and place, whose messages are alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// `error`, `timeout`, …
    pub kind: String,
    /// Why, with `…` where their messages differ.
    pub message: String,
    /// A piece of the message that stands in all of them.
    pub search: String,
    /// `file:line:column`, when known; of rows that could not be read the file, when it is one.
    pub place: Option<String>,
    /// The number and the text of that line, when known.
    pub source: Option<(u64, String)>,
    /// How many.
    pub count: u64,
    /// The first items, from 1.
    pub items: Vec<u64>,
    /// Where the first rows that could not be read stand: their lines, with the file where there are several.
    pub rows: Vec<String>,
}

/// An item that failed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FailureAccount {
    /// Which item, from 1.
    pub index: u64,
    /// Its key, where it has one of its own.
    pub key: Option<String>,
    /// `error`, `timeout`, …
    pub kind: String,
    /// Why.
    pub message: String,
    /// `file:line:column`, when known.
    pub place: Option<String>,
    /// The line of that place.
    pub source: Option<String>,
    /// Attempts in all.
    pub attempts: u32,
    /// All attempts and waits together, when known.
    pub duration: Option<Duration>,
    /// The item's JSON text, when known.
    pub item: Option<String>,
    /// The fields of the error as a JSON object, when it has any.
    pub fields: Option<String>,
    /// The attempts, one a line, where there were several.
    pub history: Vec<String>,
    /// The call stack.
    pub traceback: String,
    /// Lines of its log: how loud, and the text.
    pub log: Vec<(String, String)>,
    /// What became of it in a later run, where one went on with this one.
    pub later: Option<String>,
}

/// An item that was tried again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetryAccount {
    /// Which item, from 1.
    pub index: u64,
    /// Its key, where it has one of its own.
    pub key: Option<String>,
    /// Whether it failed in the end.
    pub has_failed: bool,
    /// Attempts in all.
    pub attempts: u32,
    /// Those that failed before it was tried again, in order; of very many the last hundred.
    pub failed: Vec<FailedAttempt>,
}

/// An attempt that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Which, from 1.
    pub number: u32,
    /// By kind.
    pub kind: String,
    /// Why.
    pub message: String,
}
