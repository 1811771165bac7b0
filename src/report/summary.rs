//! A step's result as the object that machines read, the same in `--output json` and in the events.

use serde::Serialize;

use crate::event::{StepInfo, StepResult};

/// The counters of a step under the names of the specification.
#[derive(Serialize)]
pub(super) struct StepSummary<'a> {
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
}

impl<'a> StepSummary<'a> {
    pub(super) fn new(info: &'a StepInfo, result: &'a StepResult) -> Self {
        Self {
            verb: info.verb,
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
        }
    }
}

/// Seconds to the microsecond: more digits would be noise.
pub(super) fn seconds(duration: std::time::Duration) -> f64 {
    duration.as_micros() as f64 / 1e6
}
