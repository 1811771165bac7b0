//! A step may be sent to worker processes unless something of it counts over all of its items, or has to be here.

use std::sync::Arc;

use super::context::Context;
use super::rate_parts::rate_parts;
use super::roles::{Role, StepRoles};
use super::sent::SentOptions;
use crate::plan::{MapLike, Plan, Step};
use crate::schedule::fleet::first_shards;
use crate::value::Indices;

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
    let stays = kept_here(context.plan, context.roles, (step, each), sent.send_from).is_some();
    let is_source = context.roles.roles[step.id.at()] != Role::Work;
    (keeps && is_whole && !stays && !is_source).then_some(sent)
}

/// Why the items of a step are run here, however many they are, in words that follow "here: "; `None`: they may be sent.
/// `send_from`: where fewer are worked on they are not sent.
pub fn stays_here(plan: &Plan, step: &Step, each: &MapLike, send_from: u64) -> Option<String> {
    kept_here(plan, &roles_of_all(plan), (step, each), send_from)
}

/// How many shards a step with these items is cut into. `bytes`: how large they are.
pub fn shards_of(plan: &Plan, step: &Step, (items, bytes): (u64, u64), workers: u32) -> u64 {
    let wanted = roles_of_all(plan).wanted[step.id.at()];
    first_shards((&Indices::run(1, items), bytes), workers, wanted).len() as u64
}

fn roles_of_all(plan: &Plan) -> StepRoles {
    StepRoles::new(plan, &vec![true; plan.steps.len()], false)
}

/// Whether requests of its function may wait for a limit of the file.
fn asks_under_limit(plan: &Plan, each: &MapLike) -> bool {
    !plan.rate_limits.is_empty() && each.function.script().is_some_and(|script| script.limit_names().is_any())
}

/// What counts over all items is counted in one process. Where few results are wanted, few items are worked on, however many the
/// input has, and it is read no further than that.
fn kept_here(
    plan: &Plan,
    roles: &StepRoles,
    (step, each): (&Step, &MapLike),
    send_from: u64,
) -> Option<String> {
    let policy = &each.policy;
    let few = roles.wanted[step.id.at()].filter(|wanted| *wanted < send_from);
    if let Some(few) = few {
        return Some(format!("only its first {few} results are wanted, and {send_from} are sent"));
    }
    let reasons = [
        (step.local, "`local: true`"),
        (rate_parts(plan, step, policy).is_none(), "its rate limit cannot be shared out"),
        (asks_under_limit(plan, each), "its requests take from a limit, which counts in one process"),
    ];
    reasons.into_iter().find_map(|(holds, reason)| holds.then(|| reason.to_owned()))
}
