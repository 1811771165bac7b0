//! The failures of a step of a kept run are read here and put in groups, for `show` and the report.

use crate::report::FailureGroups;
use crate::store::{StoreError, StoredRun};

/// Failures that are read at a time.
const PAGE: u64 = 1000;

/// All of them.
pub(super) fn of_step(run: &StoredRun, step: &str) -> Result<FailureGroups, StoreError> {
    let mut groups = FailureGroups::default();
    let mut after = 0;
    loop {
        let page = run.failure_reasons(step, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(groups) };
        after = last.index;
        for reason in &page {
            groups.add(reason.index, reason.kind, &reason.message, reason.place.as_ref());
        }
    }
}
