//! The results, failures and log lines of a trial are read from the folder of its run.

use super::error::TrialError;
use super::tried::{TriedEnding, TriedItem};
use crate::event::StepStatus;
use crate::store::{LinesPerItem, StoredRun};

/// Log lines of an item, or of a step over a collection, that are read back.
pub(super) const LOGS_MAX: u64 = 1_000;

/// What the items of a step came to; `reason`: why those that never ran did not.
pub(super) fn items(
    run: &StoredRun,
    step: &str,
    count: usize,
    reason: &str,
) -> Result<Vec<TriedItem>, TrialError> {
    let not_run = || TriedItem { ending: TriedEnding::NotRun(reason.to_owned()), logs: Vec::new() };
    let mut tried: Vec<TriedItem> = std::iter::repeat_with(not_run).take(count).collect();
    let mut end = |index: u64, ended: TriedEnding| {
        if let Some(place) = usize::try_from(index).ok().and_then(|at| tried.get_mut(at.checked_sub(1)?)) {
            place.ending = ended;
        }
    };
    for (index, results) in results(run, step, u64::MAX)? {
        end(index, TriedEnding::Results(results));
    }
    for failure in run.failures(step, 0, u64::MAX)? {
        let item = failure.item;
        let ended = TriedEnding::Failed {
            kind: item.kind,
            message: item.message.to_string(),
            place: item.place,
            traceback: item.traceback,
        };
        end(failure.index, ended);
    }
    for skip in run.skips(step, 0, u64::MAX)? {
        end(skip.index, TriedEnding::Skipped(skip.reason));
    }
    for (index, tried) in (1..).zip(&mut tried) {
        tried.logs = run.logs(step, Some(index), LOGS_MAX)?;
    }
    Ok(tried)
}

/// What the first failed item of a step failed by, in one line.
pub(super) fn first_failure(run: &StoredRun, step: &str) -> Result<Option<String>, TrialError> {
    let first = run.failure_reasons(step, 0, 1)?;
    Ok(first.first().and_then(|failure| failure.message.lines().next().map(str::to_owned)))
}

/// The results of each item of a step that succeeded, with its index, up to `last`. No results of steps that were never
/// begun.
///
/// # Errors
/// Fails when the run has no such step, and when it cannot be read.
pub fn results(run: &StoredRun, step: &str, last: u64) -> Result<Vec<(u64, Vec<String>)>, TrialError> {
    let record = run.step(step)?;
    if record.shape.is_none() || record.status == StepStatus::Skipped.name() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    let mut results = run.results(step)?;
    let shape = results.shape();
    while let Some(line) = results.next() {
        if line.index > last {
            break;
        }
        let mut values = Vec::new();
        if let Some(value) = line.value {
            let text = String::from_utf8_lossy(value).into_owned();
            if shape == LinesPerItem::Many {
                let parts: Vec<&serde_json::value::RawValue> =
                    serde_json::from_str(&text).unwrap_or_default();
                values.extend(parts.into_iter().map(|value| value.get().to_owned()));
            } else {
                values.push(text);
            }
        }
        all.push((line.index, values));
    }
    Ok(all)
}
