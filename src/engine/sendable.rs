//! A step may be sent to worker processes unless something of it counts over all of its items, or has to be here.

use std::sync::Arc;

use super::context::Context;
use super::roles::Role;
use super::sent::SentOptions;
use crate::plan::{MapLike, Step};

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
    // What counts over all items is counted in one process, and what somebody wants of the first ones comes in order.
    let policy = &each.policy;
    let is_bound =
        !policy.rate_limits.is_empty() || !each.limits.is_empty() || policy.retries.budget.is_some();
    let is_known = each.key.is_some() && context.run_store.is_some_and(|keep| keep.resume().is_some());
    // What is remembered across runs is remembered by whoever runs it.
    let stays = each.cache || is_bound || is_known || context.roles.wanted[step.id.at()].is_some();
    let is_source = context.roles.roles[step.id.at()] != Role::Work;
    (keeps && is_whole && !stays && !is_source && !step.local).then_some(sent)
}
