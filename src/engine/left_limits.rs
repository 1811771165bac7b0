//! Workers that an earlier process has left go on starting items. So what they may take of the limits that steps share is held for
//! them before any other step of this process begins.

use super::context::{Context, HeldLimits};
use super::handover;
use super::rate_parts::{rate_holds, workers_at_once};
use crate::plan::{Body, Verb};
use crate::runtime::clock;
use crate::schedule::Policy;

/// Holds what the workers have that are left. Of a step whose policy is an expression nobody knows yet what that is.
pub(super) fn hold(context: &Context<'_>) {
    let Some(sent) = &context.options.sent else { return };
    for step in context.plan.steps.iter().filter(|step| handover::has_workers(context, step)) {
        let Body::Ready(Verb::MapLike(each)) = &step.body else { continue };
        let begun = clock::now();
        // Nothing of it starts here.
        let policy = Policy { concurrency: 1, ..each.policy.clone() };
        let mut scheduler = context.scheduler(&policy, begun);
        let sent = sent.for_step(each, workers_at_once(context.plan, step, each, sent.workers));
        let holds = rate_holds(context.plan, step, &each.policy, &sent);
        // Nobody has taken anything before.
        if scheduler.hold_limits(clock::since(begun), &holds) {
            *context.held(step.id) = Some(HeldLimits { scheduler, begun });
        }
    }
}
