//! These tests compare whole outputs of the reporter for people.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them so")]

mod kept;
mod live;
mod reading;
mod time;

use std::sync::{Arc, Mutex};

use expect_test::{Expect, expect};
use indicatif::{ProgressDrawTarget, TermLike};

use super::*;
use crate::event::{FailureKind, LogLevel, Place, RunStatus, Tally};
use crate::report::tests::fixture::{
    self, documents, every_event, failed, finished, good, log, needed, progress, run_finished, run_started,
    started,
};

pub(super) fn told(verbosity: Verbosity, live: Live, color: bool, events: &[(u64, Event)]) -> String {
    let mut out = Vec::new();
    fixture::replay(
        &mut Human::new(
            &mut out,
            HumanOptions { verbosity, live, width: None, color, seed: 42, clock: None, commands: None },
        ),
        events,
    );
    String::from_utf8(out).expect("UTF-8")
}

fn check(verbosity: Verbosity, events: &[(u64, Event)], expect: &Expect) {
    let text = told(verbosity, Live::Lines, false, events);
    assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
    expect.assert_eq(&edged(&text));
}

/// Marks where each line begins: indentation that all lines share would else be taken for that of the test.
fn edged(text: &str) -> String {
    text.lines().flat_map(|line| ["|", line, "\n"]).collect()
}

#[test]
fn the_summary_has_the_layout_of_the_documentation() {
    expect![[r#"
        |   read docs      10000 items                                            0.04s
        |    map clean     10000 items · 9962 ok · 31 skipped · 7 failed (99.93 %, needed 95 %) · 12 retried   3.81s  2623/s
        |  write save      9962 items → out/clean.jsonl                           0.12s
        |
        |  7 failed in clean:
        |    5 × clean.yaml:14:22 attempt to index nil with 'text'      items 17, 402, 977 …
        |        14 | local text = html.strip(item.text)
        |    2 × timeout after 10s                                      items 31, 4410
    "#]].assert_eq(&edged(&told(Verbosity::Normal, Live::None, false, &documents())));
}

#[test]
fn off_a_terminal_steps_have_a_line_at_both_ends() {
    check(
        Verbosity::Normal,
        &documents(),
        &expect![[r#"
            |   read docs      started
            |    map clean     started
            |   read docs      10000 items                                            0.04s
            |    map clean     10000 items · 9962 ok · 31 skipped · 7 failed (99.93 %, needed 95 %) · 12 retried   3.81s  2623/s
            |  write save      started · 9962 items
            |  write save      9962 items → out/clean.jsonl                           0.12s
            |
            |  7 failed in clean:
            |    5 × clean.yaml:14:22 attempt to index nil with 'text'      items 17, 402, 977 …
            |        14 | local text = html.strip(item.text)
            |    2 × timeout after 10s                                      items 31, 4410
        "#]],
    );
}

#[test]
fn quiet_says_nothing_of_steps_that_succeeded() {
    check(
        Verbosity::Quiet,
        &documents(),
        &expect![[r#"
            |
            |  7 failed in clean:
            |    5 × clean.yaml:14:22 attempt to index nil with 'text'      items 17, 402, 977 …
            |        14 | local text = html.strip(item.text)
            |    2 × timeout after 10s                                      items 31, 4410
        "#]],
    );
}

#[test]
fn quiet_says_which_step_failed_and_why() {
    check(
        Verbosity::Quiet,
        &failing(),
        &expect![[r#"
            |    map clean     100 items · 94 ok · 5 failed · 1 cancelled (94 %, needed 95 %) · 2 retried   0.05s  1980/s
            |                  failed: 94 of 100 items succeeded, 95 needed
            |
            |  5 failed in clean:
            |    5 × no id                                                  items 1, 2, 3 …
        "#]],
    );
}

#[test]
fn a_failed_step_says_why_and_its_dependants_are_skipped() {
    check(
        Verbosity::Normal,
        &failing(),
        &expect![[r#"
            |   read docs      started
            |    map clean     started
            |   read docs      100 items                                              0.04s
            |    map clean     100 items · 94 ok · 5 failed · 1 cancelled (94 %, needed 95 %) · 2 retried   0.05s  1980/s
            |                  failed: 94 of 100 items succeeded, 95 needed
            |  write save      skipped: step `clean` failed
            |    map extra     skipped: `when` is false
            |
            |  5 failed in clean:
            |    5 × no id                                                  items 1, 2, 3 …
        "#]],
    );
}

#[test]
fn verbose_tells_of_retries_logs_and_slow_items() {
    check(
        Verbosity::Verbose,
        &every_event(),
        &expect![[r#"
            |  run 7f3a · seed 42
            |    map clean     started · 10 items
            |  clean: item 3: attempt 1 failed, next in 1.50s: timeout after 10s
            |  clean: item 4: running for 2s
            |  clean: item 5: warn: odd\u{1b}[31m "text" {"a":1}
            |  clean: item 5: info: printed lines
            |  clean: breaker: attempts fail one after the other, nothing starts for 1m00s: timeout after 10s
            |  clean: waits 2.50s for the rate limit api
            |  clean: breaker: attempts start again
            |  clean: 2 running · 3 queued (Priority) · 1 died
            |  clean: warning: `raw/*.png` matches no file
            |  warning: about the run
            |  interrupted: nothing new starts, running items have 5s; interrupt again to stop at once
            |    map clean     10 items · 5 ok · 1 skipped · 1 failed · 3 cancelled (55.56 %, needed 100 %) · 1 retried   0.01s  778/s
            |                  cancelled: interrupted
        "#]],
    );
}

#[test]
fn normally_only_warnings_and_slow_items_are_told() {
    check(
        Verbosity::Normal,
        &every_event(),
        &expect![[r#"
            |    map clean     started · 10 items
            |  clean: item 4: running for 2s
            |  clean: item 5: warn: odd\u{1b}[31m "text" {"a":1}
            |  clean: breaker: attempts fail one after the other, nothing starts for 1m00s: timeout after 10s
            |  clean: breaker: attempts start again
            |  clean: warning: `raw/*.png` matches no file
            |  warning: about the run
            |  interrupted: nothing new starts, running items have 5s; interrupt again to stop at once
            |    map clean     10 items · 5 ok · 1 skipped · 1 failed · 3 cancelled (55.56 %, needed 100 %) · 1 retried   0.01s  778/s
            |                  cancelled: interrupted
        "#]],
    );
}

#[test]
fn a_loud_log_is_cut_after_twenty_lines() {
    let mut events = vec![(0, run_started(&[("a", "map")])), (0, started(0, None))];
    events.extend((1..=500).map(|index| (index, log(0, index, LogLevel::Error, "odd"))));
    events.push((600, finished(0, good(500, 600))));
    let text = told(Verbosity::Normal, Live::None, false, &events);
    assert_eq!(text.lines().filter(|line| line.contains("error: odd")).count(), 20);
    assert!(text.contains("480 more lines like those above, shown by -v"), "{text}");
    let text = told(Verbosity::Verbose, Live::None, false, &events);
    assert_eq!(text.lines().filter(|line| line.contains("error: odd")).count(), 500);
}

#[test]
fn progress_lines_come_every_ten_seconds_and_take_turns() {
    let tally = |succeeded| Tally { succeeded, ..Tally::default() };
    let mut events = vec![
        (0, run_started(&[("docs", "read"), ("clean", "map")])),
        (0, started(0, None)),
        (0, started(1, Some(100))),
    ];
    for second in 1..=42 {
        events.push((second * 1000, progress(0, tally(second * 3), None)));
        events.push((second * 1000 + 10, progress(1, tally(second), Some(100))));
    }
    check(
        Verbosity::Normal,
        &events,
        &expect![[r#"
            |   read docs      started
            |    map clean     started · 100 items
            |   read docs      30 items · 30 ok · 3.0/s
            |    map clean     19 of 100 items · 19 ok · 0.95/s · ETA 1m26s
            |   read docs      90 items · 90 ok · 3.0/s
            |    map clean     39 of 100 items · 39 ok · 0.97/s · ETA 1m03s
        "#]],
    );
}

#[test]
fn a_step_that_waits_does_not_take_the_turn_of_others() {
    let tally = |succeeded| Tally { succeeded, ..Tally::default() };
    let mut events = vec![
        (0, run_started(&[("a", "read"), ("b", "map")])),
        (0, started(0, None)),
        (0, started(1, Some(100))),
    ];
    events.extend((1..=25).map(|second| (second * 1000, progress(1, tally(second), Some(100)))));
    check(
        Verbosity::Normal,
        &events,
        &expect![[r#"
            |   read a         started
            |    map b         started · 100 items
            |    map b         10 of 100 items · 10 ok · 1.0/s · ETA 1m30s
            |    map b         20 of 100 items · 20 ok · 1.0/s · ETA 1m20s
        "#]],
    );
}

#[test]
fn messages_that_all_differ_are_bounded() {
    let mut events = vec![(0, run_started(&[("a", "map")]))];
    // In letters: messages that differ in numbers only are alike.
    let word = |index: u64| {
        index.to_string().chars().map(|digit| char::from(digit as u8 + b'A')).collect::<String>()
    };
    let failed = |index| (index, failed(0, index, &format!("no {}", word(index)), None));
    events.extend((1..=3000).map(failed));
    check(
        Verbosity::Normal,
        &events,
        &expect![[r#"
            |
            |  3000 failed in a:
            |       1 × no r                                                   item 1
            |       1 × no s                                                   item 2
            |       1 × no t                                                   item 3
            |       1 × no u                                                   item 4
            |       1 × no v                                                   item 5
            |       1 × no w                                                   item 6
            |       1 × no x                                                   item 7
            |       1 × no y                                                   item 8
            |       1 × no z                                                   item 9
            |       1 × no rq                                                  item 10
            |    2990 × more than 990 other messages
        "#]],
    );
    let text = told(Verbosity::Verbose, Live::None, false, &events);
    assert_eq!(text.lines().filter(|line| line.contains(" × no ")).count(), 1000);
}

#[test]
fn long_and_hostile_messages_stay_on_their_line() {
    let place = Place { column: None, source: None, ..fixture::place() };
    let events = [
        (0, run_started(&[("a", "map")])),
        (1, failed(0, 1, "line one\nline two\x1b[2J", Some(place))),
        (2, failed(0, 2, &"é".repeat(5000), None)),
    ];
    check(
        Verbosity::Normal,
        &events,
        &expect![[r#"
            |
            |  2 failed in a:
            |    1 × clean.yaml:14 line one line two\u{1b}[2J               item 1
            |    1 × éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé…   item 2
        "#]],
    );
}

#[test]
fn verbs_names_and_counts_of_any_length_line_up() {
    let filtered = StepResult { emitted: 3, needed: Some(needed("1", 10)), ..good(10, 1000) };
    let parts = StepResult { emitted: 1, needed: Some(needed("1", 1)), ..good(1, 65_000) };
    let events = [
        (0, run_started(&[("a", "filter"), ("a-very-long-name", "flat_map"), ("files", "glob")])),
        (1, finished(2, good(0, 0))),
        (1, finished(0, filtered)),
        (2, finished(1, parts)),
    ];
    expect![[r#"
        |      glob files             0 items                                                0.00s
        |    filter a                 10 items · 10 ok → 3 kept                              1.00s  10/s
        |  flat_map a-very-long-name  1 item · 1 ok → 1 item                                 1m05s  0.02/s
    "#]]
    .assert_eq(&edged(&told(Verbosity::Normal, Live::None, false, &events)));
}

#[test]
fn colours_come_only_when_told() {
    assert!(!told(Verbosity::Normal, Live::Lines, false, &documents()).contains('\x1b'));
    let text = told(Verbosity::Normal, Live::Lines, true, &documents());
    assert!(text.contains("\x1b[31m7 failed\x1b[0m"), "{text}");
    let mut plain = text;
    for code in ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[33m"] {
        plain = plain.replace(code, "");
    }
    assert_eq!(plain, told(Verbosity::Normal, Live::Lines, false, &documents()), "colours move nothing");
}

/// A map that fails for good, what depends on it, and what a `when` left out.
fn failing() -> Vec<(u64, Event)> {
    let tally = Tally { succeeded: 94, failed: 5, skipped: 0, cancelled: 1, retried: 2 };
    let clean = StepResult {
        status: StepStatus::Failed,
        reason: Some("94 of 100 items succeeded, 95 needed".to_owned()),
        tally,
        needed: Some(needed("0.95", 100)),
        ..good(100, 50)
    };
    let skipped = |reason: &str| StepResult {
        status: StepStatus::Skipped,
        reason: Some(reason.to_owned()),
        ..good(0, 0)
    };
    let mut events = vec![
        (0, run_started(&[("docs", "read"), ("clean", "map"), ("save", "write"), ("extra", "map")])),
        (0, started(0, None)),
        (1, started(1, None)),
        (40, finished(0, good(100, 40))),
    ];
    events.extend((1..=5).map(|index| (41, failed(1, index, "no id", None))));
    events.extend([
        (50, finished(1, clean)),
        (51, finished(2, skipped("step `clean` failed"))),
        (52, finished(3, skipped("`when` is false"))),
        (53, run_finished(RunStatus::Failed, 53)),
    ]);
    events
}

/// A terminal that remembers what was drawn.
#[derive(Debug, Clone, Default)]
struct Screen(Arc<Mutex<String>>);

impl Screen {
    fn draw(&self, text: &str) {
        self.0.lock().expect("one thread").push_str(text);
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        100
    }
    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.draw(&"<up>".repeat(lines));
        Ok(())
    }
    fn move_cursor_down(&self, _lines: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_right(&self, _columns: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _columns: usize) -> io::Result<()> {
        Ok(())
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.draw(&format!("{text}\n"));
        Ok(())
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.draw(&format!("{}\n", text.trim_end()));
        Ok(())
    }
    fn clear_line(&self) -> io::Result<()> {
        self.draw("<clear>\n");
        Ok(())
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn on_a_terminal_each_running_step_has_one_line_that_goes_when_it_ends() {
    let screen = Screen::default();
    // A thousand frames a second: nothing is left out by the limit on drawing.
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(screen.clone()), 255);
    let tally = Tally { succeeded: 30, failed: 2, skipped: 1, cancelled: 0, retried: 4 };
    let mut out = Vec::new();
    let mut human = Human::new(
        &mut out,
        HumanOptions {
            verbosity: Verbosity::Normal,
            live: Live::Bars(target, || 100),
            width: Some(|| 100),
            color: false,
            seed: 1,
            clock: None,
            commands: None,
        },
    );
    let retried = Event::ItemRetried {
        step: StepId(0),
        index: 1,
        key: None,
        attempt: 1,
        kind: FailureKind::Error,
        message: Arc::from("no"),
        fields: None,
        delay: Duration::from_secs(1),
    };
    let events = [
        (0, run_started(&[("clean", "map")])),
        (0, started(0, Some(100))),
        (500, retried),
        (1000, progress(0, tally, Some(100))),
        (2000, finished(0, good(100, 2000))),
    ];
    for (time, event) in &events {
        human.event(event, Duration::from_millis(*time)).expect("a Vec takes everything");
        std::thread::yield_now();
    }
    human.finish().expect("a Vec takes everything");
    drop(human);
    let drawn = screen.0.lock().expect("one thread").clone();
    assert!(drawn.contains("    map clean    ━"), "{drawn}");
    assert!(drawn.trim_end().ends_with("<clear>"), "{drawn}");
    expect![[r#"
        |    map clean     100 items · 100 ok                                     2.00s  50/s
    "#]]
    .assert_eq(&edged(&String::from_utf8(out).expect("UTF-8")));
}
