//! A step may be sent to worker processes unless something of it counts over all of its items, or has to be here.

use std::sync::Arc;

use super::context::Context;
use super::rate_parts::rate_parts;
use super::roles::{Role, StepRoles};
use super::sent::SentOptions;
use crate::plan::{MapLike, Plan, Step};

/// Whether a step may be sent away, if it has enough items.
pub(super) fn sent_options<'a>(
    context: &Context<'a>,
    step: &Step,
    each: &MapLike,
) -> Option<&'a Arc<SentOptions>> {
    let sent = context.options.sent.as_ref()?;
    // A slice of the items is one machine's already.
    let is_whole = context.options.shard.is_none();
    let keeps = context.run_store.is_some_and(|keep| !keep.is_gathering());
    let is_known = each.key.is_some() && context.run_store.is_some_and(|keep| keep.resume().is_some());
    let stays = is_known || kept_here(context.plan, context.roles, step, each).is_some();
    let is_source = context.roles.roles[step.id.at()] != Role::Work;
    (keeps && is_whole && !stays && !is_source).then_some(sent)
}

/// Why the items of a step are run here, however many they are, in words that follow "here: "; `None`: they may be sent.
pub fn stays_here(plan: &Plan, step: &Step, each: &MapLike) -> Option<&'static str> {
    let all = vec![true; plan.steps.len()];
    kept_here(plan, &StepRoles::new(plan, &all, false), step, each)
}

/// Whether requests of its function may wait for a limit of the file.
fn asks_under_limit(plan: &Plan, each: &MapLike) -> bool {
    !plan.rate_limits.is_empty() && each.function.script().is_some_and(|script| script.limit_names().is_any())
}

/// What counts over all items is counted in one process, and what somebody wants of the first ones comes in order.
fn kept_here(plan: &Plan, roles: &StepRoles, step: &Step, each: &MapLike) -> Option<&'static str> {
    let policy = &each.policy;
    let reasons = [
        (step.local, "`local: true`"),
        (rate_parts(plan, step, policy).is_none(), "its rate limit cannot be shared out"),
        (asks_under_limit(plan, each), "its requests take from a limit, which counts in one process"),
        (roles.wanted[step.id.at()].is_some(), "only its first results are wanted"),
    ];
    reasons.into_iter().find_map(|(holds, reason)| holds.then_some(reason))
}
