//! A step that is sent has a part of each of its rate limits, of which every worker has a share. What is left of a limit that steps
//! share by name is for those of them that run here meanwhile.

use std::sync::Arc;

use super::sent::SentOptions;
use crate::event::StepId;
use crate::plan::{Body, MapLike, Plan, Step, Verb};
use crate::schedule::{Policy, RateUse};

/// The parts of a step's limits, in the order of its policy; `None`: one of them cannot be shared out to several processes.
pub(super) fn rate_parts(plan: &Plan, step: &Step, policy: &Policy) -> Option<Vec<RateUse>> {
    let parts = policy.rate_limits.iter().map(|limit| {
        let users = limit.name.as_ref().map_or(1, |name| users_at_once(plan, step, name));
        limit.part_of(users).filter(RateUse::can_be_shared_out)
    });
    parts.collect()
}

/// Worker processes that a step may have at once of so many, by `concurrency: { total }` and by its limits.
pub fn workers_at_once(plan: &Plan, step: &Step, each: &MapLike, most: u32) -> u32 {
    let total = each.policy.total.map(|total| total / each.policy.concurrency.max(1));
    let fit = total.map_or(u32::MAX, |most| u32::try_from(most.max(1)).unwrap_or(u32::MAX));
    let parts = rate_parts(plan, step, &each.policy).unwrap_or_default();
    parts.iter().fold(most.min(fit), |most, limit| limit.sharers(most))
}

/// What a step that is sent to so many workers takes of its limits as a whole, in the order of its policy: of those that it shares
/// with other steps what its workers may take together, of its own nothing.
pub(super) fn rate_holds(plan: &Plan, step: &Step, policy: &Policy, sent: &SentOptions) -> Vec<u64> {
    let parts = rate_parts(plan, step, policy).unwrap_or_default();
    let hold = |(limit, part): (&RateUse, &RateUse)| {
        let count = u64::from(part.share(sent.workers).rate.count) * u64::from(sent.workers);
        if limit.name.is_some() { count } else { 0 }
    };
    policy.rate_limits.iter().zip(&parts).map(hold).collect()
}

/// Steps that take from the limit of this name and may do so at the same time as `step`, and that one itself.
fn users_at_once(plan: &Plan, step: &Step, name: &Arc<str>) -> u32 {
    let takes = |other: &&Step| match &other.body {
        Body::Ready(Verb::MapLike(each)) => {
            let is_it = |limit: &RateUse| limit.name.as_ref() == Some(name);
            let asks = each.function.script().map(|script| script.limit_names()).unwrap_or_default();
            asks.is_open || asks.names.contains(&**name) || each.policy.rate_limits.iter().any(is_it)
        }
        // What it takes from is known when it starts.
        Body::Deferred(_) => other.verb.is_map_like(),
        Body::Ready(_) => false,
    };
    let is_beside = |other: &&Step| {
        other.id != step.id
            && !comes_before(plan, other.id, step.id)
            && !comes_before(plan, step.id, other.id)
    };
    let others = plan.steps.iter().filter(takes).filter(is_beside).count();
    u32::try_from(others).unwrap_or(u32::MAX).saturating_add(1)
}

/// Whether a step has ended before the other one begins.
fn comes_before(plan: &Plan, first: StepId, second: StepId) -> bool {
    let mut open = vec![second];
    let mut seen = vec![false; plan.steps.len()];
    while let Some(id) = open.pop() {
        let step = &plan.steps[id.at()];
        for before in step.inputs().map(|input| input.step).chain(step.needs.iter().copied()) {
            if before == first {
                return true;
            }
            if !std::mem::replace(&mut seen[before.at()], true) {
                open.push(before);
            }
        }
    }
    false
}
