//! These functions make the options that the workers and the journal of a map-like step are given.

use std::sync::Arc;
use std::time::Instant;

use crate::data::DataError;
use crate::engine::context::Context;
use crate::engine::fingerprint::{self, StepFingerprint};
use crate::engine::item_content::ItemContent;
use crate::engine::pool::PoolOptions;
use crate::engine::step_results;
use crate::lua::{Memory, WorkerOptions};
use crate::plan::{MapLike, Step};
use crate::schedule::{FailFast, Policy};
use crate::store::StepSpec;

fn worker_options(context: &Context<'_>, step: &Step, each: &MapLike) -> Result<WorkerOptions, DataError> {
    let steps = context.roles.wants.scope.then(|| step_results::steps(context)).transpose()?;
    let scope = context.step_scope(steps);
    let memory = Memory::of_step(each.policy.memory);
    Ok(WorkerOptions {
        shape: each.kind,
        max_attempts: each.policy.retries.max.saturating_add(1),
        timeout: each.policy.timeout,
        item_deadline: each.policy.item_deadline,
        retry_when: each.retry_when.as_deref().cloned(),
        seed: context.options.seed,
        // A log is kept with its item whether or not anybody watches.
        logs: context.options.logs || context.run_store.is_some(),
        ..WorkerOptions::new(Arc::clone(&step.name), scope, memory)
    })
}

/// What the journal is told of a step.
pub(super) fn step_spec(
    context: &Context<'_>,
    step: &Step,
    each: &MapLike,
    fingerprint: &StepFingerprint,
) -> StepSpec {
    StepSpec {
        name: Arc::clone(&step.name),
        verb: step.verb.name(),
        shape: fingerprint::shape(each.kind),
        keyed: ItemContent::of(context.plan, step.id, each).has_keys(each),
        fingerprint: fingerprint.parts.clone(),
        cache: each.cache.then_some(fingerprint.function),
    }
}

/// What the workers of the step are made from.
pub(super) fn pool_options(
    context: &Context<'_>,
    step: &Step,
    each: &MapLike,
    begun: Instant,
) -> Result<PoolOptions, DataError> {
    let policy = &each.policy;
    Ok(PoolOptions {
        begun,
        script: Arc::clone(&each.script),
        key: each.key.clone(),
        worker: worker_options(context, step, each)?,
        cancel: Arc::default(),
        content: ItemContent::of(context.plan, step.id, each),
        step: step.id,
        slow_after: policy.slow_after,
        concurrency: policy.concurrency,
        cores: context.options.cores,
        coroutines: each.script.waits(),
        tells_starts: policy.rate_limit.is_some(),
        stops_at_failure: stops_at_failure(policy),
    })
}

/// Whether an item's failure may be the last thing that happens in a step.
fn stops_at_failure(policy: &Policy) -> bool {
    policy.fail_fast != FailFast::Off || policy.max_failures.is_some() || policy.stop_early
}
