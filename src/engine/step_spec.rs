//! The specification of a step is what its journal is told before the first item.

use std::sync::Arc;

use super::fingerprint::{self, StepFingerprint};
use super::item_content::ItemContent;
use crate::plan::{MapLike, Plan, Step};
use crate::store::StepSpec;

/// What the journal is told of a step.
pub(super) fn step_spec(plan: &Plan, step: &Step, each: &MapLike, fingerprint: &StepFingerprint) -> StepSpec {
    StepSpec {
        name: Arc::clone(&step.name),
        verb: step.verb.name(),
        shape: fingerprint::shape(each.kind),
        keyed: ItemContent::of(plan, step.id, each).has_keys(each),
        fingerprint: fingerprint.parts.clone(),
        cache: each.cache.then_some(fingerprint.function),
    }
}
