//! Whole workers: text in, text out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::event::{FailureKind, StepId};
use crate::lua::testing::{block, scope, source};
use crate::lua::{Cancel, CancelLevel};

/// A worker and what keeps it alive.
struct Bench {
    worker: Worker,
    cancel: Arc<Cancel>,
    _watchdog: Watchdog,
}

fn options() -> WorkerOptions {
    WorkerOptions {
        shape: Shape::Map,
        memory: 64_000_000,
        scope: scope(),
        step: "clean".into(),
        worker: 1,
        max_attempts: 3,
        timeout: None,
        item_deadline: None,
        retry_when: None,
        seed: 7,
        logs: true,
    }
}

fn script(lua: &str) -> Script {
    let file = source(&format!("steps:\n  clean:\n    lua: |\n{lua}"));
    Script::body(block(&file, 4, lua), ".".into())
}

fn bench(script: &Script, options: &WorkerOptions) -> Bench {
    let watchdog = Watchdog::start(Box::new(|_| {})).expect("a thread");
    let cancel = Arc::new(Cancel::default());
    let guard = Guard::new(Arc::clone(&cancel), StepId(0), None);
    let worker = Worker::new(script, options, &guard, &watchdog).expect("loads");
    Bench { worker, cancel, _watchdog: watchdog }
}

fn chunk(items: &[&str]) -> Chunk {
    let mut chunk = Chunk { first: 1, ..Chunk::default() };
    for item in items {
        chunk.push(item.as_bytes());
    }
    chunk
}

/// Results and endings, one a line, in the order in which they came.
fn run(bench: &mut Bench, items: &[&str]) -> String {
    let mut text = String::new();
    let mut shown = 0;
    let mut out = Vec::new();
    let chunk = chunk(items);
    let attempt = Attempt { number: 1, item_deadline: None };
    let mut ends = Vec::new();
    let (done, lines) = bench.worker.run(
        &chunk,
        0..items.len(),
        attempt,
        Duration::from_secs(60),
        &mut out,
        &mut |at, len, end, _| {
            ends.push((at, len, end));
            true
        },
    );
    for (at, len, end) in ends {
        text.push_str(&String::from_utf8_lossy(&out[shown..len]));
        text.push_str(&format!("{}! {}\n", at + 1, show(&end)));
        shown = len;
    }
    text.push_str(&String::from_utf8_lossy(&out[shown..]));
    assert_eq!(lines, out.iter().filter(|byte| **byte == b'\n').count() as u64);
    if done < items.len() {
        text.push_str(&format!("{done} of {}\n", items.len()));
    }
    text
}

fn show(end: &ItemEnd) -> String {
    match end {
        ItemEnd::Skipped { reason } => format!("skipped {}", reason.as_deref().unwrap_or("-")),
        ItemEnd::Cancelled => "cancelled".to_owned(),
        ItemEnd::BadRow { message } => format!("bad row: {message}"),
        ItemEnd::Failed(failure) => {
            let place = failure.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
            let fields = failure.fields.as_deref().map(|fields| format!(" {fields}")).unwrap_or_default();
            let after = failure.retry_after.map(|after| format!(" after {after:?}")).unwrap_or_default();
            let last = if failure.retryable { "" } else { " (for good)" };
            format!("{}{place}: {}{fields}{after}{last}", failure.kind.name(), failure.message)
        }
    }
}

fn check(lua: &str, items: &[&str], expect: &str) {
    let mut bench = bench(&script(lua), &options());
    assert_eq!(run(&mut bench, items).trim_end(), expect.trim_end(), "{lua}");
}

#[test]
fn a_map_returns_one_value_an_item() {
    check(
        "return { id = item.id, n = index }",
        &[r#"{"id":5,"x":1}"#, r#"{"id":"é"}"#],
        "{\"id\":5,\"n\":1}\n{\"id\":\"é\",\"n\":2}",
    );
}
