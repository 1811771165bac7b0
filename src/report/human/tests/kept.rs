//! These tests look at what people are told of runs that are kept: how to go on, and what a resumed step took over.

use super::told;
use crate::event::ReuseCounts;
use crate::report::human::*;
use crate::report::tests::fixture::{self, documents, finished, good, run_finished, run_started};

/// The last line of a run that is kept.
fn way_on(events: &[(u64, Event)], folder: Option<&str>) -> String {
    let commands = Some(Commands { run: "7f3a".to_owned(), folder: folder.map(str::to_owned) });
    let options = HumanOptions {
        verbosity: Verbosity::Quiet,
        live: Live::None,
        width: None,
        color: false,
        seed: 42,
        clock: None,
        commands,
    };
    let mut out = Vec::new();
    fixture::replay(&mut Human::new(&mut out, options), events);
    String::from_utf8(out).expect("UTF-8").lines().last().unwrap_or("").to_owned()
}

#[test]
fn a_kept_run_ends_with_the_commands_that_go_on() {
    let see = "  see them: flowrun show 7f3a clean --failed      run them again: flowrun resume 7f3a";
    assert_eq!(way_on(&documents(), None), see);
    let elsewhere = "  see them: flowrun show 7f3a clean --failed --state-dir x      \
                     run them again: flowrun resume 7f3a --state-dir x";
    assert_eq!(way_on(&documents(), Some("x")), elsewhere);
    let ended = |status| [(0, run_started(&[("a", "map")])), (1, run_finished(status, 1))];
    assert_eq!(way_on(&ended(RunStatus::Succeeded), None), "");
    assert_eq!(way_on(&ended(RunStatus::Failed), None), "  run it again: flowrun resume 7f3a");
    assert_eq!(way_on(&ended(RunStatus::Interrupted), None), "  go on with it: flowrun resume 7f3a");
}

#[test]
fn a_resumed_step_says_what_it_reused_and_why_not_the_rest() {
    let reused = |counts: ReuseCounts| {
        let result = StepResult { reuse: Some(counts), ..good(10, 40) };
        let events = [(0, run_started(&[("clean", "map")])), (40, finished(0, result))];
        let text = told(Verbosity::Normal, Live::None, false, &events);
        text.lines().last().unwrap_or("").trim().to_owned()
    };
    let reasons = |reasons: &[(&str, u64)]| -> Vec<(String, u64)> {
        reasons.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    };
    let counts = ReuseCounts { reused: 10, ..ReuseCounts::default() };
    assert_eq!(reused(counts.clone()), "reused 10, redone 0");
    assert_eq!(reused(ReuseCounts { shards: 1, ..counts.clone() }), "reused 10 from 1 shard, redone 0");
    assert_eq!(reused(ReuseCounts { shards: 3, ..counts }), "reused 10 from 3 shards, redone 0");
    let all =
        ReuseCounts { redone: 10, reasons: reasons(&[("function changed", 10)]), ..ReuseCounts::default() };
    assert_eq!(reused(all), "reused 0, redone 10 (function changed)");
    let some = reasons(&[("failed before", 2), ("new", 1)]);
    assert_eq!(
        reused(ReuseCounts { reused: 7, redone: 3, reasons: some, dropped: 1, shards: 0 }),
        "reused 7, redone 3 (2 failed before, 1 new), 1 dropped (no longer in the source)"
    );
}
