//! This module warns of policies of which one part makes another pointless, or impossible.

use std::time::Duration;

use super::governed::{PolicyStep, WarningContext, setting};
use crate::config::{Concurrency, Setting, TimeLimit};
use crate::lua::{Reached, reaches};
use crate::plan::codes;
use crate::plan::places::{DocumentPart, PlacedDocument};
use crate::schedule::{FailFast, worst_step};
use crate::source::Diagnostic;
use crate::value::Ratio;
use crate::value::duration;

/// `fail_fast` stops at the first failure, which the rest of the policy would have borne.
pub(super) fn contradiction(places: &PlacedDocument, step: &PolicyStep<'_>) -> Option<Diagnostic> {
    let policy = &step.policy;
    let borne = if policy.min_success_ratio != Ratio::ONE {
        "min_success_ratio"
    } else if policy.max_failures.is_some_and(|most| most > 0) {
        "max_failures"
    } else {
        return None;
    };
    if policy.fail_fast == FailFast::Off {
        return None;
    }
    let message =
        format!("step `{}` stops at the first failure that its `{borne}` would bear", step.step.name);
    let label = ("fail_fast", "nothing starts after one failure");
    let warning = step.warning(places, codes::FAIL_FAST_TOLERANCE, message, label);
    let borne = step.pointer(places, borne);
    let warning = places.also(warning, &DocumentPart::Value(&borne), "some may fail");
    Some(warning.help(
        "take one of them away; `stop_early: true` stops as soon as the ratio is out of reach, `max_failures` after so \
         many failures",
    ))
}

/// More items at once than the rate limit ever lets run: within one `timeout`, it starts only so many. Without a limit
/// on the time of an attempt, any number may pile up, so nothing is said.
pub(super) fn idle(places: &PlacedDocument, step: &PolicyStep<'_>) -> Option<Diagnostic> {
    // Concurrency from `policies` and `defaults` is meant for other steps too.
    let written = step.own.concurrency.as_ref().and_then(|own| own.known()?.written())?;
    let longest = [step.policy.timeout, step.policy.item_deadline].into_iter().flatten().min()?;
    // What an attempt of its own price takes is not known here; it may be nothing.
    let counted = step.policy.rate_limits.iter().filter(|limit| !limit.weighted);
    let usable = counted.map(|limit| {
        let windows = longest.as_nanos().div_ceil(limit.rate.period.as_nanos().max(1));
        (windows.saturating_mul(u128::from(limit.rate.count)), limit.rate)
    });
    let (usable, rate) = usable.min_by_key(|(usable, _)| *usable)?;
    if u128::from(written) <= usable {
        return None;
    }
    let limit = duration::format(longest);
    let message = format!(
        "step `{}` can never work on {written} items at once: {rate} lets {usable} start within {limit}",
        step.step.name
    );
    let label = ("concurrency", "more than the rate limit can use");
    let warning = step.warning(places, codes::UNUSED_CONCURRENCY, message, label);
    let rate = step.pointer(places, "rate_limit");
    let warning = places.also(warning, &DocumentPart::Value(&rate), "starts no more than this");
    Some(warning.help(format!("`concurrency: {usable}` does the same; no attempt takes longer than {limit}")))
}

/// Whether as many items run at once as there are cores.
fn has_auto(step: &PolicyStep<'_>) -> bool {
    step.written.concurrency.as_ref().and_then(Setting::known).is_some_and(Concurrency::is_auto)
}

/// More lanes than items that may run at once. `lanes` from `policies` and `defaults` are meant for other steps too.
pub(super) fn empty_lanes(places: &PlacedDocument, step: &PolicyStep<'_>) -> Option<Diagnostic> {
    step.own.lanes.as_ref()?.known()?;
    let (lanes, most) = (step.policy.lanes, step.policy.concurrency);
    // The number of cores is another one on every machine.
    let is_auto = has_auto(step);
    if lanes <= most || is_auto {
        return None;
    }
    let items = if most == 1 { "1 item runs".to_owned() } else { format!("{most} items run") };
    let message =
        format!("step `{}` can never fill its {lanes} lanes: no more than {items} at once", step.step.name);
    let label = ("lanes", "more than its one process is ever sent");
    let mut warning = step.warning(places, codes::UNUSED_LANES, message, label);
    if step.written.concurrency.is_some() {
        let concurrency = step.pointer(places, "concurrency");
        warning = places.also(warning, &DocumentPart::Value(&concurrency), "no more than this in all");
    }
    Some(warning.help(format!(
        "`concurrency: {lanes}` fills the lanes of one process, `concurrency: {}` those of two; `lanes: {most}` changes nothing",
        lanes.saturating_mul(2)
    )))
}

/// A request that is cut off by `timeout` and then given up at once. `retries: 0` says that this is meant.
pub(super) fn hopeless(advice: &WarningContext<'_>, step: &PolicyStep<'_>) -> Option<Diagnostic> {
    let timeout = step.policy.timeout?;
    if step.written.retries.is_some() || !asks(advice, step) {
        return None;
    }
    let message = format!(
        "step `{}` gives up a request that takes longer than {} without another try",
        step.step.name,
        duration::format(timeout)
    );
    let label = ("timeout", "one slow answer fails the item for good");
    let warning = step.warning(advice.places, codes::TIMEOUT_WITHOUT_RETRIES, message, label);
    Some(warning.help("add `retries: 3`, or `retries: 0` if one try is meant"))
}

/// Whether the step's Lua mentions `http`.
fn asks(advice: &WarningContext<'_>, step: &PolicyStep<'_>) -> bool {
    let asks = |text: &str| {
        reaches(text).iter().any(|reach| matches!(reach.what, Reached::AnyHost | Reached::Url(_)))
    };
    let inline = ["", "/lua", "/setup"].map(|key| format!("{}{key}", step.at));
    let file = advice.scripts.get(&format!("{}/file", step.at));
    inline.iter().filter_map(|pointer| advice.places.block(pointer)).any(|block| asks(&block.text))
        || file.is_some_and(|script| asks(&script.block().text))
}

/// A deadline that this many items can miss although each keeps its own limits.
pub(super) fn late(places: &PlacedDocument, step: &PolicyStep<'_>, count: u64) -> Option<Diagnostic> {
    // The number of cores is another one on every machine.
    if has_auto(step) {
        return None;
    }
    let pointer = format!("{}/deadline", step.step.pointer);
    let deadline: Duration = setting::<TimeLimit>(places, &pointer)?.0;
    let worst = worst_step(&step.policy, count, None).filter(|worst| *worst > deadline)?;
    let (worst, policy) = (duration::format(worst), &step.policy);
    let items = if count == 1 { "1 item".to_owned() } else { format!("{count} items") };
    let message = format!(
        "the deadline of step `{}` is {}, and {items} can take {worst}",
        step.step.name,
        duration::format(deadline)
    );
    let warning = places.warning(
        codes::SHORT_DEADLINE,
        message,
        &DocumentPart::Value(&pointer),
        "shorter than the worst case",
    );
    let limit = match (policy.timeout, policy.item_deadline) {
        (_, Some(limit)) => format!("item_deadline {}", duration::format(limit)),
        (timeout, None) => format!("timeout {}", duration::format(timeout.unwrap_or_default())),
    };
    Some(warning.help(format!(
        "{items}, {} at once, {limit}, retries {}: allow `deadline: {worst}`, or less for each item",
        policy.concurrency, policy.retries.max
    )))
}
