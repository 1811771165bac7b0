//! This module finds the run that went on with another one last, and what became there of the items that had failed.

use std::collections::HashMap;

use crate::report::FAILURES_MAX;
use crate::store::{Catalogue, StoreError, StoredRun};

/// The last run that went on with a run, directly or through others.
#[derive(Debug)]
pub(super) struct Later {
    pub(super) run: String,
    pub(super) status: String,
    /// Of each step that ran, the messages by the keys of items.
    failed: HashMap<String, HashMap<String, String>>,
}

impl Later {
    /// Looks for it among all runs that are kept.
    pub(super) fn of(catalogue: &Catalogue, run: &str) -> Result<Option<Self>, StoreError> {
        let (records, _) = catalogue.list_all()?;
        let mut last = None;
        let mut id = run;
        // The newest stands first. There are no more steps than runs, whatever a damaged record says.
        for _ in &records {
            let Some(next) = records.iter().find(|record| record.parent.as_deref() == Some(id)) else {
                break;
            };
            id = &next.id;
            last = Some(next);
        }
        let Some(last) = last else { return Ok(None) };
        let failed = failed(&catalogue.open(&last.id)?)?;
        Ok(Some(Self { run: last.id.clone(), status: last.status.clone(), failed }))
    }

    /// What became of an item that had failed, as far as it is known.
    pub(super) fn became(&self, step: &str, key: &str) -> Option<String> {
        Some(match self.failed.get(step)?.get(key) {
            Some(message) => format!("failed again in run {}: {message}", self.run),
            None => format!("not among the failed items of run {}", self.run),
        })
    }
}

/// Steps of which all failures can be looked at.
fn failed(run: &StoredRun) -> Result<HashMap<String, HashMap<String, String>>, StoreError> {
    let mut steps = HashMap::new();
    for step in run.steps()? {
        let is_over = ["succeeded", "failed"].contains(&step.status.as_str());
        if !is_over || step.total.unwrap_or(0) == 0 || step.failures > FAILURES_MAX as u64 {
            continue;
        }
        let failures = run.failures(&step.step, 0, FAILURES_MAX as u64)?.into_iter();
        let by_key = failures.map(|failure| (failure.key, failure.item.message.to_string())).collect();
        steps.insert(step.step, by_key);
    }
    Ok(steps)
}
