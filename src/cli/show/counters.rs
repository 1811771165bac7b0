//! This module turns a kept step into a result: under the names of `--output json` for machines, as a line for
//! people.

use std::sync::Arc;
use std::time::Duration;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};

use crate::cli::timestamp;
use crate::engine::{self, FleetJobs, SaidOfStep};
use crate::event::{StepInfo, StepResult, StepStatus, Tally, Verb};
use crate::report::{OutputSummary, ReuseSummary, duration};
use crate::store::{LastError, RemotePlace, StepRecord, StoreError, StoredRun};
use crate::value::{Choice as _, Ratio};

/// Failures that are read at once.
pub(super) const PAGE: u64 = 1000;

/// The counters of a step, and the messages of its failures.
#[derive(Serialize)]
pub(super) struct Counters<'a> {
    pub(super) id: &'a str,
    pub(super) verb: &'a str,
    pub(super) status: &'a str,
    pub(super) reason: Option<&'a str>,
    pub(super) total: Option<u64>,
    pub(super) successes: u64,
    pub(super) failures: u64,
    pub(super) skipped: u64,
    pub(super) cancelled: u64,
    pub(super) retried: u64,
    pub(super) success_ratio: Option<f64>,
    pub(super) duration: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reuse: Option<ReuseSummary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<Vec<OutputSummary<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spilled: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<ShownLastError<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workers: Option<ShownWorkers>,
    errors: ShownErrors<'a>,
}

/// The workers of a step that is running, and what they say of items that they have not handed over.
#[derive(Serialize)]
struct ShownWorkers {
    running: u64,
    queued: u64,
    why: Option<Arc<str>>,
    died: u64,
    successes: u64,
    failures: u64,
    skipped: u64,
    retried: u64,
}

impl ShownWorkers {
    fn of(SaidOfStep { jobs, tally, .. }: &SaidOfStep) -> Option<Self> {
        let FleetJobs { running, queued, why, died } = jobs.clone()?;
        let Tally { succeeded: successes, failed: failures, skipped, retried, .. } = *tally;
        Some(Self { running, queued, why, died, successes, failures, skipped, retried })
    }
}

/// What the workers of a step say that is running.
pub(super) fn said(run: &StoredRun, step: &StepRecord) -> Result<SaidOfStep, StoreError> {
    if status(run, step) != "running" {
        return Ok(SaidOfStep::default());
    }
    let known = run.shards(&step.step)?.into_iter().map(|row| row.shard).collect();
    engine::said_of(&RemotePlace::of_step(run.path(), &step.step), &known)
}

/// What went wrong last in a step that is running.
#[derive(Serialize)]
struct ShownLastError<'a> {
    index: u64,
    attempt: u32,
    kind: &'a str,
    message: &'a str,
    #[serde(rename = "final")]
    is_final: bool,
    at: String,
}

/// What went wrong last, while the step is running: by the books, or by what workers say.
fn last_error<'a>(run: &StoredRun, step: &'a StepRecord, said: &'a SaidOfStep) -> Option<&'a LastError> {
    let errors = step.last_error.iter().chain(&said.last_error);
    errors.filter(|_| status(run, step) == "running").max_by(|one, other| one.at.total_cmp(&other.at))
}

/// What went wrong last, in words: of a step that is running, `last error 4s ago, tried again: item 7, attempt 2: timeout:
/// timeout after 1s`; of one that failed without a failed item, what its log says of it.
pub(super) fn last_words(
    run: &StoredRun,
    step: &StepRecord,
    said: &SaidOfStep,
) -> Result<Option<String>, StoreError> {
    if let Some(error) = last_error(run, step, said) {
        let ago = duration(timestamp::since(error.at));
        let again = if error.is_final { "" } else { ", tried again" };
        let LastError { index, attempt, kind, message, .. } = error;
        let first = message.lines().next().unwrap_or_default();
        return Ok(Some(format!(
            "last error {ago} ago{again}: item {index}, attempt {attempt}: {kind}: {first}"
        )));
    }
    if status(run, step) != "failed" || step.failures > 0 {
        return Ok(None);
    }
    let log = run.logs(&step.step, Some(0), u64::MAX)?;
    Ok(log.last().map(|line| format!("last error: {}", line.message)))
}

impl<'a> Counters<'a> {
    pub(super) fn new(run: &'a StoredRun, step: &'a StepRecord, said: &'a SaidOfStep) -> Self {
        Self {
            id: &step.step,
            verb: &step.verb,
            status: status(run, step),
            reason: step.reason.as_deref(),
            total: step.total,
            successes: step.successes,
            failures: step.failures,
            skipped: step.skipped,
            cancelled: step.cancelled,
            retried: step.retried,
            success_ratio: step.success_ratio,
            duration: lasted(run, step).map(|duration| duration.as_micros() as f64 / 1e6),
            reuse: step.reuse.as_ref().map(ReuseSummary::from),
            outputs: OutputSummary::of(Verb::parse(&step.verb), &step.outputs),
            spilled: Verb::parse(&step.verb).filter(|verb| verb.may_spill()).map(|_| step.spilled),
            last_error: last_error(run, step, said).map(|error| ShownLastError {
                index: error.index,
                attempt: error.attempt,
                kind: &error.kind,
                message: &error.message,
                is_final: error.is_final,
                at: timestamp::rfc3339(error.at),
            }),
            workers: ShownWorkers::of(said),
            errors: ShownErrors { run, step: &step.step },
        }
    }
}

/// `index → message`, read while it is written.
struct ShownErrors<'a> {
    run: &'a StoredRun,
    step: &'a str,
}

impl Serialize for ShownErrors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        let mut after = 0;
        loop {
            let page = self.run.failures(self.step, after, PAGE).map_err(S::Error::custom)?;
            let Some(last) = page.last() else { break };
            after = last.index;
            for failure in &page {
                map.serialize_entry(&failure.index, &*failure.item.message)?;
            }
        }
        map.end()
    }
}

/// The status of a step. What was running when its process was killed is so no more.
pub(super) fn status<'a>(run: &StoredRun, step: &'a StepRecord) -> &'a str {
    let is_gone = run.record().status != "running";
    if is_gone && step.status == "running" { "interrupted" } else { &step.status }
}

/// How long it took, or has been running.
pub(super) fn lasted(run: &StoredRun, step: &StepRecord) -> Option<Duration> {
    let is_running = status(run, step) == "running";
    step.duration.or_else(|| step.started.filter(|_| is_running).map(timestamp::since))
}

/// What reporters know of a step beforehand.
pub(super) fn info(step: &StepRecord) -> StepInfo {
    StepInfo { name: Arc::from(step.step.as_str()), verb: Verb::parse(&step.verb) }
}

/// The result of a step that has ended.
pub(super) fn result(step: &StepRecord) -> Option<StepResult> {
    let all = [StepStatus::Succeeded, StepStatus::Failed, StepStatus::Skipped, StepStatus::Cancelled];
    let status = all.into_iter().find(|status| status.name() == step.status)?;
    let ratio = step.min_success_ratio.as_deref().and_then(Ratio::parse);
    Some(StepResult {
        status,
        reason: step.reason.clone(),
        total: step.total.unwrap_or_else(|| step.tally().ended()),
        tally: step.tally(),
        emitted: step.emitted,
        needed: ratio.zip(step.needed),
        duration: step.duration.unwrap_or_default(),
        target: step.target.as_deref().map(Arc::from),
        outputs: step.outputs.clone(),
        spilled: step.spilled,
        reuse: step.reuse.clone(),
        timing: None,
        age: None,
        holds: step.holds.clone(),
    })
}
