//! This module makes the object of a step's result that machines read, the same in `--output json` and in the events.

use serde::{Serialize, Serializer};

use crate::event::{Output, ReuseCounts, StepInfo, StepResult, Verb};

/// The counters of a step under the names that machines read.
#[derive(Debug, Serialize)]
pub struct StepSummary<'a> {
    verb: &'a str,
    status: &'static str,
    reason: Option<&'a str>,
    total: u64,
    successes: u64,
    failures: u64,
    skipped: u64,
    cancelled: u64,
    retried: u64,
    success_ratio: f64,
    duration: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reuse: Option<ReuseSummary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<Vec<OutputSummary<'a>>>,
    /// Only steps that may spill have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    spilled: Option<u64>,
}

/// What a `write` step has written; only such steps have it.
#[derive(Debug, Serialize)]
pub struct OutputSummary<'a> {
    path: &'a str,
    rows: u64,
    bytes: Option<u64>,
    partial: bool,
}

impl<'a> From<&'a Output> for OutputSummary<'a> {
    fn from(output: &'a Output) -> Self {
        let Output { path, rows, bytes, partial } = output;
        Self { path, rows: *rows, bytes: *bytes, partial: partial.is_some() }
    }
}

impl<'a> OutputSummary<'a> {
    /// Those of a step; `None`: it is none that writes.
    pub fn of(verb: Option<Verb>, outputs: &'a [Output]) -> Option<Vec<Self>> {
        (verb == Some(Verb::Write)).then(|| outputs.iter().map(Self::from).collect())
    }
}

/// What a resumed step took over; only resumed runs have it.
#[derive(Debug, Serialize)]
pub struct ReuseSummary<'a> {
    reused: u64,
    redone: u64,
    dropped: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    shards: Option<u64>,
    #[serde(serialize_with = "by_name")]
    reasons: &'a [(String, u64)],
}

impl<'a> From<&'a ReuseCounts> for ReuseSummary<'a> {
    fn from(counts: &'a ReuseCounts) -> Self {
        let ReuseCounts { reused, redone, dropped, shards, reasons } = counts;
        let shards = Some(*shards).filter(|shards| *shards > 0);
        Self { reused: *reused, redone: *redone, dropped: *dropped, shards, reasons }
    }
}

fn by_name<S: Serializer>(reasons: &[(String, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(reasons.iter().map(|(name, count)| (name, count)))
}

impl<'a> StepSummary<'a> {
    /// Of a step that has ended.
    pub fn new(info: &'a StepInfo, result: &'a StepResult) -> Self {
        Self {
            verb: info.verb_name(),
            status: result.status.name(),
            reason: result.reason.as_deref(),
            total: result.total,
            successes: result.tally.succeeded,
            failures: result.tally.failed,
            skipped: result.tally.skipped,
            cancelled: result.tally.cancelled,
            retried: result.tally.retried,
            success_ratio: result.tally.success_ratio(),
            duration: seconds(result.duration),
            reuse: result.reuse.as_ref().map(ReuseSummary::from),
            outputs: OutputSummary::of(info.verb, &result.outputs),
            spilled: info.verb.filter(|verb| verb.may_spill()).map(|_| result.spilled),
        }
    }
}

/// Seconds to the microsecond: more digits would be noise.
pub(super) fn seconds(duration: std::time::Duration) -> f64 {
    duration.as_micros() as f64 / 1e6
}
