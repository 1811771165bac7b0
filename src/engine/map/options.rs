//! These functions make the options that the workers of a map-like step are given.

use std::sync::Arc;
use std::time::Instant;

use crate::data::DataError;
use crate::engine::context::Context;
use crate::engine::item_content::ItemContent;
use crate::engine::pool::{CostRule, PoolOptions, Starts};
use crate::engine::step_results;
use crate::lua::{GateWaits, Memory, Script, WorkerOptions};
use crate::plan::{MapLike, Step};
use crate::schedule::{FailFast, Policy, RateUse};

fn worker_options(
    context: &Context<'_>,
    step: &Step,
    each: &MapLike,
    gate_waits: &Arc<GateWaits>,
) -> Result<WorkerOptions, DataError> {
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
        limits: each.limits.clone(),
        gates: context.gates.of_step(gate_waits),
        ..WorkerOptions::new(Arc::clone(&step.name), scope, memory)
    })
}

/// What the workers of the step are made from.
pub(super) fn pool_options(
    context: &Context<'_>,
    step: &Step,
    each: &MapLike,
    begun: Instant,
    gate_waits: &Arc<GateWaits>,
) -> Result<PoolOptions, DataError> {
    let policy = &each.policy;
    let is_careful = context.options.work.as_ref().is_some_and(|work| work.is_careful);
    Ok(PoolOptions {
        begun,
        script: each
            .function
            .script()
            .map_or_else(|| Arc::new(Script::nothing(context.plan.lua_path.clone())), Arc::clone),
        program: each.function.program().cloned(),
        lanes: policy.lanes,
        key: each.key.clone(),
        costs: cost_rules(each),
        worker: worker_options(context, step, each, gate_waits)?,
        cancel: Arc::default(),
        content: ItemContent::of(context.plan, step.id, each),
        step: step.id,
        slow_after: policy.slow_after,
        concurrency: if is_careful { 1 } else { policy.concurrency },
        cores: context.options.cores,
        coroutines: each.function.script().is_some_and(|script| script.waits()),
        starts: match () {
            () if !policy.rate_limits.is_empty() => Starts::Told,
            () if policy.breaker.is_some() => Starts::Alone,
            () => Starts::Chunked,
        },
        stops_at_failure: stops_at_failure(policy),
    })
}

/// What attempts take of the rate limits, where that is to be found out.
fn cost_rules(each: &MapLike) -> Vec<CostRule> {
    if each.costs.iter().all(Option::is_none) {
        return Vec::new();
    }
    let rules = each.policy.rate_limits.iter().zip(&each.costs);
    let rule = |(limit, script): (&RateUse, &Option<_>)| CostRule {
        limit: limit.label(),
        rate: limit.rate,
        script: script.clone(),
    };
    rules.map(rule).collect()
}

/// Whether an item's failure may be the last thing that happens in a step.
fn stops_at_failure(policy: &Policy) -> bool {
    policy.fail_fast != FailFast::Off || policy.max_failures.is_some() || policy.stop_early
}
