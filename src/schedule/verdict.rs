//! The verdict says whether a step succeeded: it is the formula of the language, on counters. It does not know how
//! they came about.

use super::{Policy, Stop, StopReason};
use crate::event::Tally;
use crate::value::Ratio;

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the step succeeded.
    pub succeeded: bool,
    /// Successes that `min_success_ratio` asks for.
    pub needed: u64,
    /// Items that count: the total without those skipped.
    pub eligible: u64,
    /// Why the step failed; nothing when it succeeded.
    pub reason: Option<String>,
}

/// Judges the final counters. `deadline_cut` says that the step's deadline cut items off.
pub(super) fn judge(policy: &Policy, tally: &Tally, stop: Option<Stop>, deadline_cut: bool) -> Verdict {
    // What was cut off because nobody wants its results has not failed anybody.
    let unwanted =
        if stop.is_some_and(|stop| stop.reason == StopReason::Enough) { tally.cancelled } else { 0 };
    let eligible = tally.ended() - tally.skipped - unwanted;
    let needed = policy.min_success_ratio.of(eligible);
    let reason = if deadline_cut {
        Some("deadline".to_owned())
    } else if stop.is_some_and(|stop| stop.reason == StopReason::Program) {
        Some(StopReason::Program.name().to_owned())
    } else if let Some(max) = policy.max_failures.filter(|max| tally.failed > *max) {
        Some(format!("{} failed, `max_failures` is {max}", items(tally.failed)))
    } else if tally.succeeded < needed {
        let text = format!("{} of {} succeeded, {needed} needed", tally.succeeded, items(eligible));
        Some(match stop.filter(|_| tally.cancelled > 0) {
            Some(stop) => format!("{text} (stopped: {})", stop.reason.name()),
            None => text,
        })
    } else {
        None
    };
    Verdict { succeeded: reason.is_none(), needed, eligible, reason }
}

/// Whether no ending of the items that have not ended yet can satisfy the ratio. `total` is `None` while any number of items
/// may come. A bound from above does as well: what is out of reach with more items is so with fewer.
///
/// The best ending is that all of them succeed: to skip one takes a success away and lowers the need by one at most.
pub(super) fn out_of_reach(ratio: Ratio, tally: &Tally, total: Option<u64>) -> bool {
    let lost = tally.failed + tally.cancelled;
    match total {
        Some(total) => {
            let eligible = total - tally.skipped;
            eligible - lost < ratio.of(eligible)
        }
        // Enough further successes make up for any loss, unless every item must succeed.
        None => lost > 0 && ratio == Ratio::ONE,
    }
}

/// How many more losses put the ratio out of reach, the last of them included; 0: it is so already. An item that is skipped
/// takes the place of one loss at most. `None`: with any number of items to come, no number of losses does.
pub(super) fn losses_left(ratio: Ratio, tally: &Tally, total: Option<u64>) -> Option<u64> {
    let lost = tally.failed + tally.cancelled;
    match total {
        Some(total) => {
            let eligible = total - tally.skipped;
            Some((eligible - ratio.of(eligible) + 1).saturating_sub(lost))
        }
        None => (ratio == Ratio::ONE).then_some(u64::from(lost == 0)),
    }
}

fn items(count: u64) -> String {
    format!("{count} item{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy(ratio: &str) -> Policy {
        Policy { min_success_ratio: Ratio::parse(ratio).expect("a ratio"), ..Policy::default() }
    }

    fn verdict(total: u64, failed: u64, ratio: &str) -> Verdict {
        let tally = Tally { succeeded: total - failed, failed, ..Tally::default() };
        judge(&policy(ratio), &tally, None, false)
    }

    #[test]
    fn thresholds_hold_to_the_item() {
        for (total, failed, ratio) in [
            (10, 9, "0.1"),
            (10, 7, "0.3"),
            (10, 2, "0.8"),
            (100, 45, "0.55"),
            (100, 44, "0.56"),
            (100, 93, "0.07"),
        ] {
            assert!(verdict(total, failed, ratio).succeeded, "{failed} of {total} failing at {ratio}");
            assert!(
                !verdict(total, failed + 1, ratio).succeeded,
                "{} of {total} failing at {ratio}",
                failed + 1
            );
        }
    }

    #[test]
    fn nothing_at_all_succeeds() {
        let empty = Verdict { succeeded: true, needed: 0, eligible: 0, reason: None };
        assert_eq!(verdict(0, 0, "1"), empty);
        let skipped = Tally { skipped: 3, ..Tally::default() };
        assert_eq!(judge(&policy("1"), &skipped, None, false), empty);
    }

    #[test]
    fn what_nobody_wants_does_not_count() {
        let enough = Some(Stop { reason: StopReason::Enough, interrupt: false });
        let tally = Tally { succeeded: 3, cancelled: 4, ..Tally::default() };
        assert_eq!(judge(&policy("1"), &tally, enough, false).eligible, 3);
        assert!(judge(&policy("1"), &tally, enough, false).succeeded);
        let failed = judge(&policy("1"), &Tally { failed: 1, ..tally }, enough, false);
        assert_eq!(
            failed.reason.as_deref(),
            Some("3 of 4 items succeeded, 4 needed (stopped: enough results)")
        );
    }

    #[test]
    fn the_reason_says_what_was_missing() {
        let reason = |tally: Tally, max_failures, stop, cut| {
            let policy = Policy { max_failures, ..policy("0.9") };
            judge(&policy, &tally, stop, cut).reason.unwrap_or_default()
        };
        let stop = |reason| Some(Stop { reason, interrupt: true });
        let tally = Tally { succeeded: 7, failed: 3, skipped: 5, ..Tally::default() };
        assert_eq!(reason(tally, None, None, false), "7 of 10 items succeeded, 9 needed");
        assert_eq!(reason(tally, Some(2), None, false), "3 items failed, `max_failures` is 2");
        assert_eq!(reason(tally, Some(3), None, true), "deadline");
        let tally = Tally { failed: 1, cancelled: 9, ..Tally::default() };
        assert_eq!(
            reason(tally, None, stop(super::super::StopReason::FailFast), false),
            "0 of 10 items succeeded, 9 needed (stopped: fail_fast)"
        );
        assert_eq!(
            reason(Tally { failed: 1, ..Tally::default() }, None, None, false),
            "0 of 1 item succeeded, 1 needed"
        );
    }

    proptest! {
        #[test]
        fn out_of_reach_means_that_no_ending_succeeds(
            digits in 0u64..=100, succeeded in 0u64..8, failed in 0u64..8, skipped in 0u64..8, cancelled in 0u64..4,
            open in 0u64..8, more in 0u64..9,
        ) {
            let ratio = format!("{}.{:02}", digits / 100, digits % 100);
            let tally = Tally { succeeded, failed, skipped, cancelled, retried: 0 };
            let total = tally.ended() + open;
            let reachable = (0..=open).any(|good| (0..=open - good).any(|left_out| {
                let end = Tally {
                    succeeded: succeeded + good,
                    skipped: skipped + left_out,
                    failed: failed + (open - good - left_out),
                    ..tally
                };
                judge(&policy(&ratio), &end, None, false).succeeded
            }));
            let ratio = policy(&ratio).min_success_ratio;
            prop_assert_eq!(out_of_reach(ratio, &tally, Some(total)), !reachable);
            prop_assert!(!reachable || !out_of_reach(ratio, &tally, Some(total + more)), "a bound stops nothing too early");
            if reachable {
                prop_assert!(!out_of_reach(ratio, &tally, None), "more items can only widen the ways to succeed");
            }
            // The losses that are left are right to the item, and skipped items use up one each at most.
            let left = losses_left(ratio, &tally, Some(total)).expect("the total is known");
            prop_assert_eq!(left == 0, !reachable);
            for bad in 0..=open {
                let lost = Tally { failed: failed + bad, ..tally };
                prop_assert_eq!(out_of_reach(ratio, &lost, Some(total)), bad >= left);
                let left_out = Tally { skipped: skipped + bad, ..tally };
                prop_assert!(bad >= left || !out_of_reach(ratio, &left_out, Some(total)));
            }
        }
    }
}
