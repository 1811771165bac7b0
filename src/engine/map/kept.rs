//! A run that is kept begins each step with what its results depend on.

use super::step_fault::Unready;
use crate::engine::context::Context;
use crate::engine::fingerprint::{self, StepFingerprint};
use crate::engine::run_store::RunStore;
use crate::engine::step_spec::step_spec;
use crate::plan::{MapLike, Step};
use crate::store::{StepJournal, StoreError};

/// What the results of a step depend on, where they are kept.
pub(super) fn fingerprint_of(
    context: &Context<'_>,
    each: &MapLike,
) -> Result<Option<StepFingerprint>, Unready> {
    // An earlier step may have written them, so they are looked at now; for a run that is not kept, to see whether those are
    // there that must be.
    let is_asked = context.run_store.is_some() || !each.uses.is_empty();
    let files = if is_asked { fingerprint::file_contents(context.plan, each)? } else { Vec::new() };
    let of_step = |keep: &RunStore| keep.fingerprint(context.plan, each, &files);
    Ok(context.run_store.map(of_step).transpose()?)
}

/// Begins to keep the items of a step, where the run is kept.
pub(super) fn journal_of(
    context: &Context<'_>,
    (step, each): (&Step, &MapLike),
    fingerprint: Option<&StepFingerprint>,
) -> Result<Option<StepJournal>, StoreError> {
    let (Some(keep), Some(fingerprint)) = (context.run_store, fingerprint) else { return Ok(None) };
    keep.step(step_spec(context.plan, step, each, fingerprint)).map(Some)
}
