//! These types say how items, steps and runs end, with the counters of each.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Hold;
use super::{Output, Timing};
use crate::value::{Mask, Ratio};

/// Counters of a step. In every ending `succeeded + failed + skipped + cancelled` is the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Items whose function returned a value.
    pub succeeded: u64,
    /// Items that failed for good.
    pub failed: u64,
    /// Items left out by `flow.skip`.
    pub skipped: u64,
    /// Items that were never started, or cut off.
    pub cancelled: u64,
    /// Items that needed more than one attempt, however they ended.
    pub retried: u64,
}

impl Tally {
    /// Adds the counters of other items.
    pub fn add(&mut self, more: &Self) {
        self.succeeded += more.succeeded;
        self.failed += more.failed;
        self.skipped += more.skipped;
        self.cancelled += more.cancelled;
        self.retried += more.retried;
    }

    /// The counters of all items but these.
    #[must_use]
    pub fn less(&self, others: &Self) -> Self {
        Self {
            succeeded: self.succeeded.saturating_sub(others.succeeded),
            failed: self.failed.saturating_sub(others.failed),
            skipped: self.skipped.saturating_sub(others.skipped),
            cancelled: self.cancelled.saturating_sub(others.cancelled),
            retried: self.retried.saturating_sub(others.retried),
        }
    }

    /// Items that have ended.
    pub fn ended(&self) -> u64 {
        self.succeeded + self.failed + self.skipped + self.cancelled
    }

    /// `successes / (total − skipped)`, 1 for nothing.
    pub fn success_ratio(&self) -> f64 {
        let eligible = self.ended() - self.skipped;
        if eligible == 0 { 1.0 } else { self.succeeded as f64 / eligible as f64 }
    }
}

/// A line of a file, for messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file as the user would name it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u64,
    /// Character in the line, from 1, when known.
    pub column: Option<u64>,
    /// The text of that line, trimmed, when known.
    pub source: Option<Arc<str>>,
}

impl Place {
    /// The same without secrets.
    #[must_use]
    pub fn masked(self, mask: &Mask) -> Self {
        Self {
            file: mask.shared(&self.file),
            source: self.source.as_ref().map(|source| mask.shared(source)),
            ..self
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        self.column.map_or(Ok(()), |column| write!(f, ":{column}"))
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepStatus {
    /// Its verdict is good.
    Succeeded,
    /// Its verdict is bad, or it could not do its work.
    Failed,
    /// `when` was false, or what it depends on did not succeed.
    Skipped,
    /// It was stopped from outside: an interrupt, or the source it was reading failed.
    Cancelled,
}

impl StepStatus {
    /// The name used in reports and expressions.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// No step failed.
    Succeeded,
    /// A step failed.
    Failed,
    /// SIGINT or SIGTERM.
    Interrupted,
}

impl RunStatus {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What became of the items of a step that goes on where an old run ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReuseCounts {
    /// Items whose old ending was taken over.
    pub reused: u64,
    /// Items that ran again, or for the first time.
    pub redone: u64,
    /// Why: `function changed`, `failed before`, `new`, …, each with the number of its items; they add up to `redone`.
    pub reasons: Vec<(String, u64)>,
    /// Items of the old run that are no longer there.
    pub dropped: u64,
    /// Shards that the old endings were taken over from; 0: an old run, or the cache.
    #[serde(default)]
    pub shards: u64,
}

impl ReuseCounts {
    /// An item that is not reused.
    pub fn redo(&mut self, reason: String) {
        self.redone += 1;
        match self.reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.reasons.push((reason, 1)),
        }
    }

    /// Without those that were to run and did not, because there were enough results: of the items, so many have ended. They are the
    /// last ones, of which the old run knows least, so they are taken from the most frequent reason.
    #[must_use]
    pub fn of_ended(mut self, ended: u64) -> Self {
        let ran = ended.saturating_sub(self.reused).min(self.redone);
        let mut surplus = self.redone - ran;
        self.redone = ran;
        self.sort();
        for (_, count) in &mut self.reasons {
            let less = surplus.min(*count);
            (*count, surplus) = (*count - less, surplus - less);
        }
        self.reasons.retain(|(_, count)| *count > 0);
        self.sort();
        self
    }

    /// Brings the reasons into the order in which they are told: the most frequent first, and one order among equals.
    pub fn sort(&mut self) {
        self.reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    }
}

/// The result of a step. The names are those of `steps.ID` in expressions and of `--output json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StepResult {
    /// How it ended.
    pub status: StepStatus,
    /// Why it ended so, unless it simply succeeded: `deadline`, `7 of 10 items succeeded, 9 needed`, …
    pub reason: Option<String>,
    /// Items in all: what the step was given, or read.
    pub total: u64,
    /// Their endings.
    pub tally: Tally,
    /// Items it gave on; differs from `succeeded` for `filter` and `flat_map`.
    pub emitted: u64,
    /// Successes that the verdict asked for, for steps with a policy.
    pub needed: Option<(Ratio, u64)>,
    /// Wall-clock time of the step.
    pub duration: Duration,
    /// Where a `write` step wrote, as the user named it.
    pub target: Option<Arc<str>>,
    /// What a `write` step has written.
    #[serde(default)]
    pub outputs: Vec<Output>,
    /// Bytes that a step over a collection wrote to temporary files, because they did not fit in memory.
    #[serde(default)]
    pub spilled: u64,
    /// What was taken over from an old run; `None`: nothing was resumed.
    pub reuse: Option<ReuseCounts>,
    /// How long its items took, for map-like steps.
    pub timing: Option<Arc<Timing>>,
    /// How long ago it began, where that is longer than `duration`: a source that others read.
    pub age: Option<Duration>,
    /// When its breaker paused it, and when it waited for long for a rate limit.
    #[serde(default)]
    pub holds: Vec<Hold>,
}

impl StepResult {
    /// A step whose items have ended so, and that gives nothing on.
    pub fn new(status: StepStatus, reason: Option<String>, tally: Tally, duration: Duration) -> Self {
        Self {
            status,
            reason,
            total: tally.ended(),
            tally,
            emitted: 0,
            needed: None,
            duration,
            target: None,
            outputs: Vec::new(),
            spilled: 0,
            reuse: None,
            timing: None,
            age: None,
            holds: Vec::new(),
        }
    }

    /// A step that did nothing.
    pub fn without_items(status: StepStatus, reason: impl Into<String>, duration: Duration) -> Self {
        Self::new(status, Some(reason.into()), Tally::default(), duration)
    }

    /// A step whose items have all succeeded, and that gives nothing on.
    pub fn succeeded(total: u64, duration: Duration) -> Self {
        let tally = Tally { succeeded: total, ..Tally::default() };
        Self::new(StepStatus::Succeeded, None, tally, duration)
    }

    /// A step that came to its end for this reason, with none of its items done.
    pub fn cut_off(status: StepStatus, reason: String, total: u64, duration: Duration) -> Self {
        let tally = Tally { cancelled: total, ..Tally::default() };
        Self::new(status, Some(reason), tally, duration)
    }

    /// The same without secrets.
    #[must_use]
    pub fn masked(self, mask: &Mask) -> Self {
        Self {
            reason: self.reason.map(|reason| mask.owned(reason)),
            target: self.target.as_ref().map(|target| mask.shared(target)),
            outputs: self.outputs.into_iter().map(|output| output.masked(mask)).collect(),
            ..self
        }
    }

    /// A step that failed before it could do anything.
    pub fn broken(reason: impl Into<String>, duration: Duration) -> Self {
        Self::without_items(StepStatus::Failed, reason, duration)
    }
}
