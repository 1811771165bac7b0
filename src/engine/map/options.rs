//! These functions make the options that the workers and the journal of a map-like step are given.

use std::sync::Arc;

use crate::engine::context::Context;
use crate::engine::fingerprint::{self, StepFingerprint};
use crate::engine::step_results;
use crate::lua::{Memory, WorkerOptions};
use crate::plan::{MapLike, Step};
use crate::store::StepSpec;

pub(super) fn worker_options(context: &Context<'_>, step: &Step, each: &MapLike) -> WorkerOptions {
    let scope = context.step_scope(context.roles.wants.scope.then(|| step_results::steps(context)));
    let memory = Memory::of_step(each.policy.memory);
    WorkerOptions {
        shape: each.kind,
        max_attempts: each.policy.retries.max.saturating_add(1),
        timeout: each.policy.timeout,
        item_deadline: each.policy.item_deadline,
        retry_when: each.retry_when.as_deref().cloned(),
        seed: context.options.seed,
        // A log is kept with its item whether or not anybody watches.
        logs: context.options.logs || context.run_store.is_some(),
        ..WorkerOptions::new(Arc::clone(&step.name), scope, memory)
    }
}

/// What the journal is told of a step.
pub(super) fn spec(step: &Step, each: &MapLike, fingerprint: &StepFingerprint) -> StepSpec {
    StepSpec {
        name: Arc::clone(&step.name),
        verb: step.verb.name(),
        shape: fingerprint::shape(each.kind),
        keyed: each.key.is_some(),
        fingerprint: fingerprint.parts.clone(),
        cache: each.cache.then_some(fingerprint.function),
    }
}
