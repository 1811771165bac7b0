//! This module says what a `write` step has written, and whether that is a part only of what it would otherwise be.

use std::sync::Arc;

use super::context::Context;
use crate::data::Written;
use crate::event::{Output, StepId};
use crate::plan::Step;

/// The outputs of a step that took `count` items. `partial`: why they hold a part only, if the caller knows.
pub(super) fn of(
    context: &Context<'_>,
    step: &Step,
    written: Vec<Written>,
    count: u64,
    partial: Option<&str>,
) -> Vec<Output> {
    let partial = partial.map(Arc::from).or_else(|| limited(context, step));
    let output = |written: Written| Output {
        path: written.name,
        rows: written.rows.unwrap_or(count),
        bytes: written.bytes,
        partial: partial.clone(),
    };
    written.into_iter().map(output).collect()
}

/// `--limit 10`, where a source of the step's items was read no further because of it.
fn limited(context: &Context<'_>, step: &Step) -> Option<Arc<str>> {
    let mut seen = vec![false; context.plan.steps.len()];
    let mut open: Vec<StepId> = step.inputs().map(|input| input.step).collect();
    while let Some(id) = open.pop() {
        if std::mem::replace(&mut seen[id.at()], true) {
            continue;
        }
        let above = &context.plan.steps[id.at()];
        if let Some(limit) = above.limit
            && context.source_status(id).rows() >= limit
        {
            return Some(format!("--limit {limit}").into());
        }
        open.extend(above.inputs().map(|input| input.step));
    }
    None
}
