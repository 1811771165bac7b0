//! The `--trace` reporter writes what ran when, in the format of Chrome's tracing, which Perfetto opens too.
//!
//! A process of the trace is a step. Its first row is the step itself, with marks for failures and retries and a counter
//! of its items; the others are the items as they ran, in as few rows as they fit in. Times are microseconds.

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::Reporter;
use crate::event::{Event, Span, StepInfo, StepResult, Tally};

/// Entries of a trace, at most: what viewers still draw. What is beyond is left out and said.
const ENTRIES_MAX: usize = 100_000;
/// Of which are kept free for what is about steps and not about items.
const STEPS_MAX: usize = 10_000;

/// Writes a trace.
#[derive(Debug)]
pub struct Trace<W: Write> {
    out: BufWriter<W>,
    steps: Vec<(StepInfo, Option<Duration>)>,
    written: usize,
    left_out: u64,
    ended: bool,
}

impl<W: Write> Trace<W> {
    /// A reporter that writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out: BufWriter::new(out), steps: Vec::new(), written: 0, left_out: 0, ended: false }
    }

    fn put(&mut self, entry: &Value, most: usize) -> io::Result<()> {
        if self.written >= most {
            self.left_out += 1;
            return Ok(());
        }
        self.out.write_all(if self.written == 0 { b"{\"traceEvents\":[\n" } else { b",\n" })?;
        self.written += 1;
        Ok(serde_json::to_writer(&mut self.out, entry)?)
    }

    /// About a step.
    fn step(&mut self, entry: &Value) -> io::Result<()> {
        self.put(entry, ENTRIES_MAX)
    }

    /// About an item.
    fn item(&mut self, entry: &Value) -> io::Result<()> {
        self.put(entry, ENTRIES_MAX - STEPS_MAX)
    }

    fn counter(&mut self, at: usize, tally: &Tally, time: Duration) -> io::Result<()> {
        let args = json!({ "succeeded": tally.succeeded, "failed": tally.failed, "skipped": tally.skipped });
        self.item(
            &json!({ "ph": "C", "name": "items", "pid": at + 1, "tid": 0, "ts": micros(time), "args": args }),
        )
    }

    fn mark(&mut self, at: usize, name: &str, args: &Value, time: Duration) -> io::Result<()> {
        self.item(&json!({
            "ph": "i", "s": "t", "name": name, "pid": at + 1, "tid": 0, "ts": micros(time), "args": args
        }))
    }

    fn finished(&mut self, at: usize, result: &StepResult, time: Duration) -> io::Result<()> {
        let Some((info, started)) = self.steps.get(at).cloned() else { return Ok(()) };
        let start = started.unwrap_or_else(|| time.saturating_sub(result.duration));
        self.counter(at, &result.tally, time)?;
        let args = json!({
            "verb": info.verb_name(), "status": result.status.name(), "reason": result.reason, "total": result.total,
            "successes": result.tally.succeeded, "failures": result.tally.failed
        });
        self.step(&json!({
            "ph": "X", "name": &*info.name, "cat": "step", "pid": at + 1, "tid": 0, "ts": micros(start),
            "dur": micros(result.duration), "args": args
        }))?;
        let Some(timing) = &result.timing else { return Ok(()) };
        self.left_out += timing.spans_left_out;
        for (row, span) in rows(&timing.spans) {
            let name = match span.items {
                1 => format!("item {}", span.first),
                many => format!("items {}–{}", span.first, span.first + many - 1),
            };
            self.item(&json!({
                "ph": "X", "name": name, "cat": "items", "pid": at + 1, "tid": row + 1,
                "ts": micros(start + span.start), "dur": micros(span.duration),
                "args": { "items": span.items, "attempt": span.attempt }
            }))?;
        }
        Ok(())
    }
}

/// Each span with the first row that is free when it begins.
fn rows(spans: &[Span]) -> Vec<(usize, Span)> {
    let mut spans = spans.to_vec();
    spans.sort_by_key(|span| span.start);
    // Rows that are taken, by when they are free again, and rows that are free, the first one first.
    let mut taken = std::collections::BinaryHeap::new();
    let mut free = std::collections::BinaryHeap::new();
    let mut count = 0;
    let place = |span: Span| {
        while let Some(std::cmp::Reverse((until, row))) = taken.peek().copied()
            && until <= span.start
        {
            taken.pop();
            free.push(std::cmp::Reverse(row));
        }
        let row = free.pop().map_or_else(
            || {
                count += 1;
                count - 1
            },
            |std::cmp::Reverse(row)| row,
        );
        taken.push(std::cmp::Reverse((span.start + span.duration, row)));
        (row, span)
    };
    spans.into_iter().map(place).collect()
}

fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}

impl<W: Write> Reporter for Trace<W> {
    fn event(&mut self, event: &Event, time: Duration) -> io::Result<()> {
        match event {
            Event::RunStarted { steps, .. } => {
                self.steps = steps.iter().map(|info| (info.clone(), None)).collect();
                for (at, info) in steps.iter().enumerate() {
                    let name = format!("{} ({})", info.name, info.verb_name());
                    self.step(&json!({
                        "ph": "M", "name": "process_name", "pid": at + 1, "tid": 0, "args": { "name": name }
                    }))?;
                    self.step(&json!({
                        "ph": "M", "name": "thread_name", "pid": at + 1, "tid": 0, "args": { "name": "step" }
                    }))?;
                }
                Ok(())
            }
            Event::StepStarted { step, .. } => {
                if let Some((_, started)) = self.steps.get_mut(step.at()) {
                    *started = Some(time);
                }
                Ok(())
            }
            Event::Progress { step, tally, .. } => self.counter(step.at(), tally, time),
            Event::ItemRetried { step, index, attempt, kind, message, .. } => {
                let args = json!({ "attempt": attempt, "kind": kind.name(), "message": &**message });
                self.mark(step.at(), &format!("retry item {index}"), &args, time)
            }
            Event::ItemFailed { step, index, kind, message, .. } => {
                let args = json!({ "kind": kind.name(), "message": &**message });
                self.mark(step.at(), &format!("item {index} failed"), &args, time)
            }
            Event::Breaker { step, open, .. } => {
                let name = if *open { "breaker: nothing starts" } else { "breaker: attempts start again" };
                self.mark(step.at(), name, &json!({}), time)
            }
            Event::Waiting { step, limit, seconds } => {
                let args = json!({ "seconds": seconds.as_secs_f64() });
                self.mark(step.at(), &format!("waits for the rate limit {limit}"), &args, time)
            }
            Event::StepFinished { step, result } => self.finished(step.at(), result, time),
            Event::Interrupted { .. } => self.step(&json!({
                "ph": "i", "s": "g", "name": "interrupted", "pid": 1, "tid": 0, "ts": micros(time)
            })),
            Event::ItemSlow { .. }
            | Event::Fleet { .. }
            | Event::Log { .. }
            | Event::Notice { .. }
            | Event::RunLog { .. }
            | Event::RunFinished { .. } => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.ended, true) {
            if self.written == 0 {
                self.out.write_all(b"{\"traceEvents\":[")?;
            }
            let left_out = self.left_out;
            writeln!(self.out, "\n],\"displayTimeUnit\":\"ms\",\"otherData\":{{\"left_out\":{left_out}}}}}")?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::{RunStatus, Timing};
    use crate::report::tests::fixture;

    fn trace(events: &[(u64, Event)]) -> Value {
        let mut out = Vec::new();
        fixture::replay(&mut Trace::new(&mut out), events);
        serde_json::from_slice(&out).expect("JSON")
    }

    fn span(first: u64, start: u64, millis: u64) -> Span {
        let (start, duration) = (Duration::from_millis(start), Duration::from_millis(millis));
        Span { first, items: 1, start, duration, attempt: 1 }
    }

    #[test]
    fn spans_that_overlap_are_in_rows_of_their_own() {
        let rows =
            |spans: &[Span]| rows(spans).into_iter().map(|(row, span)| (span.first, row)).collect::<Vec<_>>();
        let spans = [span(3, 12, 5), span(1, 0, 10), span(2, 5, 10), span(4, 20, 1)];
        assert_eq!(rows(&spans), [(1, 0), (2, 1), (3, 0), (4, 0)]);
    }

    #[test]
    fn a_run_is_a_trace_with_steps_items_counters_and_marks() {
        let mut timing = Timing::default();
        timing.span(span(1, 1, 10));
        let result = StepResult { timing: Some(Arc::new(timing)), ..fixture::good(1, 20) };
        let mut events = vec![
            (0, fixture::run_started(&[("a", "map")])),
            (5, fixture::started(0, Some(1))),
            (6, fixture::failed(0, 1, "no", None)),
            (25, fixture::finished(0, result)),
        ];
        events.push((30, fixture::run_finished(RunStatus::Succeeded, 30)));
        let trace = trace(&events);
        let find = |ph: &str, name: &str| {
            let entries = trace["traceEvents"].as_array().expect("a list");
            let found = entries.iter().find(|entry| entry["ph"] == ph && entry["name"] == name);
            found.unwrap_or_else(|| panic!("no {ph} {name} in {trace}")).clone()
        };
        let (step, item) = (find("X", "a"), find("X", "item 1"));
        assert_eq!((step["ts"].as_f64(), step["dur"].as_f64()), (Some(5e3), Some(20e3)));
        assert_eq!(
            (item["ts"].as_f64(), item["dur"].as_f64(), item["tid"].as_u64()),
            (Some(6e3), Some(10e3), Some(1))
        );
        assert_eq!(find("i", "item 1 failed")["args"]["message"], "no");
        assert_eq!(find("C", "items")["args"]["succeeded"], 1);
    }

    #[test]
    fn a_trace_is_bounded_and_says_what_is_missing() {
        let trace = trace(&fixture::failures(ENTRIES_MAX as u64));
        let entries = trace["traceEvents"].as_array().expect("a list").len();
        assert!(entries <= ENTRIES_MAX, "{entries}");
        assert!(trace["otherData"]["left_out"].as_u64().is_some_and(|left_out| left_out > 0));
    }

    #[test]
    fn a_run_that_never_began_leaves_a_trace_that_can_be_opened() {
        assert_eq!(trace(&[])["traceEvents"], json!([]));
    }
}
