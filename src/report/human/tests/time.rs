//! These tests show when lines come, and what time they tell.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them so")]

use expect_test::expect;

use super::{edged, told};
use crate::event::{LogLevel, RunStatus, StepResult, StepStatus, Tally};
use crate::report::human::*;
use crate::report::tests::fixture::{
    self, failed, finished, good, log, progress, run_finished, run_started, started,
};

#[test]
fn the_longer_a_step_runs_the_less_often_it_is_news() {
    let tally = |succeeded| Tally { succeeded, ..Tally::default() };
    let mut events = vec![(0, run_started(&[("a", "map")])), (5000, started(0, Some(9000)))];
    events.extend((6..=2500).map(|second| (second * 1000, progress(0, tally(second - 5), Some(9000)))));
    let text = told(Verbosity::Normal, Live::Lines, false, &events);
    let done: Vec<&str> =
        text.lines().filter_map(|line| line.split_once(" of ")?.0.split(' ').next_back()).collect();
    let expect = "10 20 30 40 50 60 120 180 240 300 360 420 480 540 600 1200 1800 2400";
    assert_eq!(done.join(" "), expect);
}

#[test]
fn where_nobody_watches_lines_begin_with_the_time_of_day() {
    let mut out = Vec::new();
    let (verbosity, live, clock) = (Verbosity::Normal, Live::Lines, Some(fixture::noon as Clock));
    let options =
        HumanOptions { verbosity, live, width: None, color: false, seed: 42, clock, commands: None };
    let stopped =
        StepResult { reason: Some("interrupted".to_owned()), status: StepStatus::Cancelled, ..good(3, 9) };
    let events = [
        (0, run_started(&[("a", "map")])),
        (0, started(0, Some(3))),
        (1, log(0, 1, LogLevel::Warn, "odd")),
        (2, failed(0, 2, "no", None)),
        (9, finished(0, stopped)),
        (9, run_finished(RunStatus::Interrupted, 9)),
    ];
    fixture::replay(&mut Human::new(&mut out, options), &events);
    expect![[r#"
        |2026-11-22T12:00:00.000Z     map a         started · 3 items
        |2026-11-22T12:00:00.000Z   a: item 1: warn: odd
        |2026-11-22T12:00:00.000Z     map a         3 items · 3 ok                                         0.01s  333/s
        |2026-11-22T12:00:00.000Z                   cancelled: interrupted
        |
        |  1 failed in a:
        |    1 × no                                                     item 2
    "#]]
    .assert_eq(&edged(&String::from_utf8(out).expect("UTF-8")));
}
