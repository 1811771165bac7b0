//! These functions make runs by hand for the tests of the reporters.

use std::sync::Arc;
use std::time::Duration;

use crate::event::{
    Event, FailureKind, LogLevel, Output, Place, RunStatus, StepId, StepInfo, StepResult, StepStatus, Tally,
    Verb,
};
use crate::report::Reporter;
use crate::value::{Choice as _, Extent, Ratio};

/// What a clock says that stands still.
pub(in crate::report) fn noon() -> String {
    "2026-11-22T12:00:00.000Z".to_owned()
}

/// Gives a reporter `events`, each at its time in milliseconds, and the end.
pub(in crate::report) fn replay(reporter: &mut impl Reporter, events: &[(u64, Event)]) {
    for (time, event) in events {
        reporter.event(event, Duration::from_millis(*time)).expect("a Vec takes everything");
    }
    reporter.finish().expect("a Vec takes everything");
}

pub(in crate::report) fn run_started(steps: &[(&str, &str)]) -> Event {
    let info = |(name, verb): &(&str, &str)| StepInfo { name: Arc::from(*name), verb: Verb::parse(verb) };
    let steps = steps.iter().map(info).collect();
    let params = Arc::from("{\"day\":\"2026-11-01\"}");
    Event::RunStarted { run: Arc::from("7f3a"), pipeline: Arc::from("clean-docs"), params, steps }
}

pub(in crate::report) fn started(step: u32, total: Option<u64>) -> Event {
    Event::StepStarted { step: StepId(step), total }
}

pub(in crate::report) fn progress(step: u32, tally: Tally, total: Option<u64>) -> Event {
    Event::Progress { step: StepId(step), tally, total, read: None }
}

/// The same of a step whose input has a size.
pub(in crate::report) fn reading(
    step: u32,
    tally: Tally,
    total: Option<u64>,
    (done, of): (u64, u64),
) -> Event {
    Event::Progress { step: StepId(step), tally, total, read: Some(Extent { done, of }) }
}

pub(in crate::report) fn finished(step: u32, result: StepResult) -> Event {
    Event::StepFinished { step: StepId(step), result: Arc::new(result) }
}

pub(in crate::report) fn run_finished(status: RunStatus, millis: u64) -> Event {
    Event::RunFinished { status, duration: Duration::from_millis(millis), usage: None }
}

pub(in crate::report) fn failed(step: u32, index: u64, message: &str, place: Option<Place>) -> Event {
    Event::ItemFailed {
        step: StepId(step),
        index,
        key: None,
        kind: FailureKind::Error,
        message: Arc::from(message),
        place,
        fields: None,
        attempts: 1,
    }
}

pub(in crate::report) fn log(step: u32, index: u64, level: LogLevel, message: &str) -> Event {
    Event::Log { step: StepId(step), index, level, message: message.to_owned(), fields: None }
}

pub(in crate::report) fn place() -> Place {
    Place {
        file: Arc::from("clean.yaml"),
        line: 14,
        column: Some(22),
        source: Some(Arc::from("local text = html.strip(item.text)")),
    }
}

/// A step that did all of its items well.
pub(in crate::report) fn good(total: u64, millis: u64) -> StepResult {
    StepResult {
        status: StepStatus::Succeeded,
        reason: None,
        total,
        tally: Tally { succeeded: total, ..Tally::default() },
        emitted: total,
        needed: None,
        duration: Duration::from_millis(millis),
        target: None,
        outputs: Vec::new(),
        spilled: 0,
        reuse: None,
        timing: None,
        age: None,
        holds: Vec::new(),
    }
}

/// Successes that a ratio asks for.
pub(in crate::report) fn needed(ratio: &str, eligible: u64) -> (Ratio, u64) {
    let ratio = Ratio::parse(ratio).expect("a ratio");
    (ratio, ratio.of(eligible))
}

/// A run of three steps, as the book shows one.
pub(in crate::report) fn documents() -> Vec<(u64, Event)> {
    let tally = Tally { succeeded: 9962, failed: 7, skipped: 31, cancelled: 0, retried: 12 };
    let clean = StepResult { tally, needed: Some(needed("0.95", 9969)), emitted: 9962, ..good(10_000, 3812) };
    let path: Arc<str> = Arc::from("out/clean.jsonl");
    let outputs = vec![Output { path: Arc::clone(&path), rows: 9962, bytes: Some(1_048_576), partial: None }];
    let save = StepResult { target: Some(path), outputs, ..good(9962, 120) };
    let mut events = vec![
        (0, run_started(&[("docs", "read"), ("clean", "map"), ("save", "write")])),
        (0, started(0, None)),
        (1, started(1, None)),
        (40, finished(0, good(10_000, 40))),
    ];
    let nil = "attempt to index nil with 'text'";
    events.extend([402, 17, 5000, 977, 6000].map(|index| (1000, failed(1, index, nil, Some(place())))));
    events.extend([4410, 31].map(|index| (2000, failed(1, index, "timeout after 10s", None))));
    events.extend([
        (3813, finished(1, clean)),
        (3814, started(2, Some(9962))),
        (3934, finished(2, save)),
        (3935, run_finished(RunStatus::Succeeded, 3935)),
    ]);
    events
}

/// Failures of one step, a millisecond apart in microseconds: the times of the events are in microseconds here.
pub(in crate::report) fn failures(count: u64) -> Vec<(u64, Event)> {
    let failed = (1..=count).map(|index| (1000 * index, failed(0, index, "no", None)));
    std::iter::once((0, run_started(&[("a", "map")]))).chain(failed).collect()
}

/// One of each kind of event that [`documents`] does not have.
pub(in crate::report) fn every_event() -> Vec<(u64, Event)> {
    let step = StepId(0);
    vec![
        (0, run_started(&[("clean", "map")])),
        (1, started(0, Some(10))),
        (
            2,
            Event::ItemRetried {
                step,
                index: 3,
                key: None,
                attempt: 1,
                kind: FailureKind::Timeout,
                message: Arc::from("timeout after 10s"),
                fields: Some(Arc::from("{\"stdout\":\"half\"}")),
                delay: Duration::from_millis(1500),
            },
        ),
        (3, Event::ItemSlow { step, index: 4, elapsed: Duration::from_secs(2) }),
        (
            4,
            Event::Log {
                step,
                index: 5,
                level: LogLevel::Warn,
                message: "odd\u{1b}[31m \"text\"".to_owned(),
                fields: Some(r#"{"a":1}"#.to_owned()),
            },
        ),
        (5, log(0, 5, LogLevel::Info, "printed\nlines")),
        (5, Event::Breaker { step, open: true, until: Some(Duration::from_secs(60)) }),
        (5, Event::Waiting { step, limit: Arc::from("api"), seconds: Duration::from_millis(2500) }),
        (5, Event::Breaker { step, open: false, until: None }),
        (5, Event::Fleet { step, running: 2, queued: 3, why: Some(Arc::from("Priority")), died: 1 }),
        (6, Event::Notice { step: Some(step), message: "`raw/*.png` matches no file".to_owned() }),
        (7, Event::Notice { step: None, message: "about the run".to_owned() }),
        (
            8,
            reading(
                0,
                Tally { succeeded: 5, failed: 1, skipped: 1, cancelled: 0, retried: 1 },
                Some(10),
                (6, 10),
            ),
        ),
        (9, Event::Interrupted { grace: Duration::from_secs(5) }),
        (
            10,
            finished(
                0,
                StepResult {
                    status: StepStatus::Cancelled,
                    reason: Some("interrupted".to_owned()),
                    tally: Tally { succeeded: 5, failed: 1, skipped: 1, cancelled: 3, retried: 1 },
                    emitted: 5,
                    needed: Some(needed("1", 9)),
                    ..good(10, 9)
                },
            ),
        ),
        (11, run_finished(RunStatus::Interrupted, 11)),
    ]
}
