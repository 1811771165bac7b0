//! Events say what happens in a run, as plain data: they are the contract between the engine and the reporters.

mod failure_kind;
mod hold;
mod masked;
mod output;
mod result;
mod timing;
mod usage;
mod verb;
mod why;

pub use failure_kind::FailureKind;
pub use hold::Hold;
pub use output::Output;
pub use result::{Place, ReuseCounts, RunStatus, StepResult, StepStatus, Tally};
pub use timing::{Beside, SPANS_MAX, Slow, Span, Timing};
pub use usage::Usage;
pub use verb::Verb;
pub use why::Why;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::value::Extent;

/// Position of a step in the pipeline file, from 0: the index of every list of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub u32);

impl StepId {
    /// As an index into a list of steps.
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

/// What a reporter needs to know of a step before anything runs.
#[derive(Debug, Clone)]
pub struct StepInfo {
    /// Name in the pipeline file.
    pub name: Arc<str>,
    /// What it does; `None` for a step of a kept run whose verb this flowrun does not know.
    pub verb: Option<Verb>,
}

impl StepInfo {
    /// What it does, in a word.
    pub fn verb_name(&self) -> &'static str {
        self.verb.map_or("step", Verb::name)
    }
}

/// Level of a line in an item's log; `print` is [`LogLevel::Info`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// `log.debug`
    Debug,
    /// `log.info` and `print`
    Info,
    /// `log.warn`
    Warn,
    /// `log.error`
    Error,
}

impl LogLevel {
    /// `debug`, `info`, `warn` or `error`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The level of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Debug, Self::Info, Self::Warn, Self::Error].into_iter().find(|level| level.name() == name)
    }
}

/// Something that happened. One for a chunk of items and one for each failure, never one for each good item.
#[derive(Debug, Clone)]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// Id of the run.
        run: Arc<str>,
        /// Name of the pipeline.
        pipeline: Arc<str>,
        /// Its parameters as a JSON object.
        params: Arc<str>,
        /// All steps, indexed by [`StepId`].
        steps: Vec<StepInfo>,
    },
    /// A step begins.
    StepStarted {
        /// Which.
        step: StepId,
        /// Items to come, where known.
        total: Option<u64>,
    },
    /// New counters of a running step, at most every 50 ms or so.
    Progress {
        /// Which.
        step: StepId,
        /// Items so far.
        tally: Tally,
        /// Items in all, where known by now.
        total: Option<u64>,
        /// How much of its input is read, where that has a size: bytes of files (packed ones), files of a `glob`.
        read: Option<Extent>,
    },
    /// An attempt failed and the item will be tried again.
    ItemRetried {
        /// Which step.
        step: StepId,
        /// Which item, from 1.
        index: u64,
        /// Its key, where it has one of its own.
        key: Option<Arc<str>>,
        /// Number of the attempt that failed, from 1.
        attempt: u32,
        /// What failed.
        kind: FailureKind,
        /// Why.
        message: Arc<str>,
        /// The fields of the error as a JSON object, when it has any.
        fields: Option<Arc<str>>,
        /// How long until the next attempt may start.
        delay: Duration,
    },
    /// An item failed for good.
    ItemFailed {
        /// Which step.
        step: StepId,
        /// Which item, from 1.
        index: u64,
        /// Its key, where it has one of its own.
        key: Option<Arc<str>>,
        /// What failed.
        kind: FailureKind,
        /// Why.
        message: Arc<str>,
        /// Where in the pipeline file (or a Lua or data file), when known.
        place: Option<Place>,
        /// The fields of the error as a JSON object, when it has any.
        fields: Option<Arc<str>>,
        /// Attempts in all.
        attempts: u32,
    },
    /// An attempt is running longer than `slow_after`, or than a multiple of it.
    ItemSlow {
        /// Which step.
        step: StepId,
        /// Which item, from 1.
        index: u64,
        /// Running time so far.
        elapsed: Duration,
    },
    /// The breaker of a step lets nothing start for a while, or does again.
    Breaker {
        /// Which step.
        step: StepId,
        /// Whether attempts fail in a row, so that nothing starts but the one that tries.
        open: bool,
        /// When one may try, since the run began; `None`: attempts start again.
        until: Option<Duration>,
    },
    /// A step waits for a rate limit for more than a second, or a request of its function does.
    Waiting {
        /// Which step.
        step: StepId,
        /// Name of the limit, or the rate that stands in the step.
        limit: Arc<str>,
        /// For how long, as far as that is known.
        seconds: Duration,
    },
    /// How many worker processes of a step there are, where it has any and whenever that changes.
    Fleet {
        /// Which step.
        step: StepId,
        /// Those that run.
        running: u64,
        /// Parts of the step that wait for one.
        queued: u64,
        /// Why the first that has waited for long waits, as the engine says it.
        why: Option<Arc<str>>,
        /// Those that have died so far.
        died: u64,
    },
    /// A line of an item's log.
    Log {
        /// Which step.
        step: StepId,
        /// Which item, from 1; 0: none, it is about the step, as when its program was started again.
        index: u64,
        /// How loud.
        level: LogLevel,
        /// The text.
        message: String,
        /// The fields, as a JSON object, when given.
        fields: Option<String>,
    },
    /// Something that somebody should know and that changes nothing (a pattern that matches no file, say).
    Notice {
        /// The step it is about, if any.
        step: Option<StepId>,
        /// Lower case, no period.
        message: String,
    },
    /// A line of the run's own log: what is said when it has ended.
    RunLog {
        /// How loud.
        level: LogLevel,
        /// The text.
        message: String,
        /// The fields, as a JSON object, when given.
        fields: Option<String>,
    },
    /// A step has ended, whatever way.
    StepFinished {
        /// Which.
        step: StepId,
        /// With what.
        result: Arc<StepResult>,
    },
    /// The first interrupt arrived: no new attempts, running ones get the grace period.
    Interrupted {
        /// The grace period.
        grace: Duration,
    },
    /// The run has ended.
    RunFinished {
        /// How.
        status: RunStatus,
        /// Wall-clock time of the whole run.
        duration: Duration,
        /// What it has taken of its machine; `None`: nobody knows.
        usage: Option<Usage>,
    },
}
