//! These tests run whole workers: text in, text out.

mod direct;
mod environment;
mod interruption;
mod plain;
mod secrets;
mod turns;
mod waits;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::event::StepId;
use crate::lua::options::{EndedAttempt, ItemJob, ResultShape, Scope};
use crate::lua::tests::{block, scope, source};
use crate::lua::{Cancel, Memory, Slow};

/// A worker and what keeps it alive.
struct Bench {
    worker: Worker,
    cancel: Arc<Cancel>,
    slow: Arc<std::sync::Mutex<Vec<Slow>>>,
    _watchdog: Watchdog,
}

fn options() -> WorkerOptions {
    let plain = WorkerOptions::new("clean", scope(), Memory::of_step(64_000_000));
    WorkerOptions { max_attempts: 3, seed: 7, logs: true, ..plain }
}

/// Lua from line 5 on of a pipeline file.
fn script(lua: &str) -> Script {
    let text: Vec<String> = lua.lines().map(|line| format!("      {line}")).collect();
    let file = source(&format!("version: 1\nsteps:\n  clean:\n    map: |\n{}\n", text.join("\n")));
    Script::body(block(&file, 5, lua), ".".into())
}

fn try_bench(
    script: &Script,
    options: &WorkerOptions,
    slow_after: Option<Duration>,
) -> Result<Bench, ScriptError> {
    let slow = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = Arc::clone(&slow);
    let watchdog =
        Watchdog::start(Box::new(move |slow| heard.lock().expect("no panic").push(slow))).expect("a thread");
    let cancel = Arc::new(Cancel::default());
    let guard = Guard::new(Arc::clone(&cancel), StepId(0), slow_after);
    let worker = Worker::new(script, options, &guard, &watchdog)?;
    Ok(Bench { worker, cancel, slow, _watchdog: watchdog })
}

fn bench(script: &Script, options: &WorkerOptions) -> Bench {
    try_bench(script, options, None).expect("loads")
}

fn chunk(items: &[&str]) -> Chunk {
    let mut chunk = Chunk { first: 1, ..Chunk::default() };
    for item in items {
        chunk.push(item.as_bytes());
    }
    chunk
}

const FIRST: &Attempt = &Attempt { number: 1, item_deadline: None, last: None };

/// Results and endings, one a line, in the order in which they came.
fn run(bench: &mut Bench, items: &[&str]) -> String {
    let mut out = Vec::new();
    let mut ends = Vec::new();
    let chunk = chunk(items);
    let mut heard = |at, len, end, _| {
        ends.push((at, len, end));
        true
    };
    let minute = Duration::from_secs(60);
    let (done, lines) = bench.worker.run(&chunk, 0..items.len(), FIRST, minute, &mut out, &mut heard);
    assert_eq!(lines, String::from_utf8_lossy(&out).lines().count() as u64);
    let mut text = String::new();
    let mut shown = 0;
    for (at, len, end) in ends {
        let _ = writeln!(text, "{}{}! {}", String::from_utf8_lossy(&out[shown..len]), at + 1, show(&end));
        shown = len;
    }
    text.push_str(&String::from_utf8_lossy(&out[shown..]));
    if done < items.len() {
        let _ = writeln!(text, "{done} of {}", items.len());
    }
    text
}

fn show(end: &AttemptEnding) -> String {
    match end {
        AttemptEnding::Skipped { reason } => format!("skipped {}", reason.as_deref().unwrap_or("-")),
        AttemptEnding::Cancelled => "cancelled".to_owned(),
        AttemptEnding::BadRow { message } => format!("bad row: {message}"),
        AttemptEnding::Failed(failure) => {
            let place = failure.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
            let fields = failure.fields.as_deref().map(|fields| format!(" {fields}")).unwrap_or_default();
            let after = failure.retry_after.map(|after| format!(" after {after:?}")).unwrap_or_default();
            let last = if failure.retryable { "" } else { " (for good)" };
            format!("{}{place}: {}{fields}{after}{last}", failure.kind.name(), failure.message)
        }
    }
}

fn check_with(options: &WorkerOptions, lua: &str, items: &[&str], expect: &str) {
    let mut bench = bench(&script(lua), options);
    assert_eq!(run(&mut bench, items).trim_end(), expect, "{lua}");
}

fn check(lua: &str, items: &[&str], expect: &str) {
    check_with(&options(), lua, items, expect);
}
