//! A shard that has ended well, and that would be the same once more, need not be gone on with.

use std::path::Path;

use crate::cli::args::SelectArguments;
use crate::cli::shard::JobKind;
use crate::cli::{load, select};
use crate::engine::{self, Gathering, Interrupt, Shard};
use crate::plan::Inputs;
use crate::store::StoredRun;

/// What the shard would be resumed with.
pub(super) struct Again<'a> {
    pub(super) file: &'a Path,
    pub(super) inputs: &'a Inputs,
    pub(super) select: &'a SelectArguments,
    pub(super) seed: u64,
}

/// Whether the run of a shard in a state folder is whole as it is: no item failed, nothing is damaged, and plan and items are
/// those that it was made of.
pub(super) fn is_done(
    (folder, old): (&Path, &StoredRun),
    shard: Shard,
    again: &Again<'_>,
    interrupt: &Interrupt,
) -> bool {
    let record = old.record();
    let has_failed = || {
        old.steps().map_or(true, |steps| steps.iter().any(|step| step.failures > 0 && step.shape.is_some()))
    };
    if record.status != "succeeded" || record.seed != again.seed || has_failed() {
        return false;
    }
    let Some(one) = Gathering::of_one(folder, &record.id) else { return false };
    let inputs = Inputs { needs_secrets: true, state: Some(folder.to_owned()), ..again.inputs.clone() };
    // What is wrong with the file is for the run to tell.
    let Ok(Ok((plan, _))) = load::pipeline(again.file, &inputs).map(load::CheckedFile::into_plan) else {
        return false;
    };
    let kind = JobKind::Shard(shard);
    let selected =
        select::steps(&plan, again.select).ok().and_then(|selected| kind.steps(&plan, selected).ok());
    let Some(selected) = selected else { return false };
    let sharded = engine::sharded(&plan, &selected);
    let steps: Vec<&str> =
        plan.steps.iter().filter(|step| sharded[step.id.at()]).map(|step| &*step.name).collect();
    one.is_of(shard, &steps)
        && one.check(&plan, &kind.digest(&plan, &inputs), interrupt).is_ok()
        && interrupt.count() == 0
}
