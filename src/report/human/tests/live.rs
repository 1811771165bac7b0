//! These tests look at the lines of running steps.

use super::*;

#[test]
fn a_live_line_has_counts_rate_and_eta() {
    let tally = Tally { succeeded: 30, failed: 2, skipped: 1, cancelled: 0, retried: 4 };
    let events = [
        (0, run_started(&[("clean", "map")])),
        (0, started(0, Some(100))),
        (10_000, progress(0, tally, Some(100))),
    ];
    check(
        Verbosity::Normal,
        &events,
        &expect![[r#"
            |    map clean     started · 100 items
            |    map clean     33 of 100 items · 30 ok · 1 skipped · 2 failed · 4 retried · 3.3/s · ETA 21s
        "#]],
    );
}

#[test]
fn a_live_line_says_what_holds_the_step_back_in_the_place_of_its_pace() {
    let (step, seconds) = (StepId(0), Duration::from_secs);
    let tally = Tally { succeeded: 30, failed: 2, ..Tally::default() };
    let line = |time| (time, progress(0, tally, Some(100)));
    let events = [
        (0, run_started(&[("clean", "map")])),
        (0, started(0, Some(100))),
        (5_000, Event::Waiting { step, limit: Arc::from("tokens"), seconds: seconds(12) }),
        line(10_000),
        (15_000, Event::Breaker { step, open: true, until: Some(seconds(25)) }),
        line(20_000),
        line(30_000),
        (35_000, Event::Breaker { step, open: false, until: None }),
        line(40_000),
    ];
    check(
        Verbosity::Normal,
        &events,
        &expect![[r#"
        |    map clean     started · 100 items
        |    map clean     32 of 100 items · 30 ok · 2 failed · waits 7s for tokens
        |  clean: breaker: attempts fail one after the other, nothing starts for 10s
        |    map clean     32 of 100 items · 30 ok · 2 failed · paused, 5s left
        |    map clean     32 of 100 items · 30 ok · 2 failed · paused, one item tries
        |  clean: breaker: attempts start again
        |    map clean     32 of 100 items · 30 ok · 2 failed · 0.80/s · ETA 1m25s
    "#]],
    );
}

#[test]
fn what_workers_only_say_is_marked_while_some_are_at_work() {
    let step = StepId(0);
    let tally = Tally { succeeded: 30, failed: 2, ..Tally::default() };
    let jobs = |running, queued| Event::Fleet { step, running, queued, why: None, died: 0 };
    let events = [
        (0, run_started(&[("clean", "map")])),
        (0, started(0, Some(100))),
        (5_000, jobs(2, 1)),
        (10_000, progress(0, tally, Some(100))),
        (15_000, jobs(0, 1)),
        (20_000, progress(0, tally, Some(100))),
    ];
    check(
        Verbosity::Normal,
        &events,
        &expect![[r#"
        |    map clean     started · 100 items
        |    map clean     ~32 of 100 items · ~30 ok · ~2 failed · 2 running · 1 queued
        |    map clean     32 of 100 items · 30 ok · 2 failed · 0 running · 1 queued
    "#]],
    );
}
