//! The `--events` reporter writes every event as one JSON object on a line of its own, as it happens.
//!
//! Each object has `event` (the name), `time` (seconds since the run began) and `at` (the time of day, RFC 3339 in UTC) first. Steps are named by their id in
//! the file, items by their index from 1, and all times are in seconds.
//!
//! | event | further fields |
//! |---|---|
//! | `run_started` | `run` `pipeline` `seed` `steps: [{id, verb}]` |
//! | `step_started` | `step` `total` (null where not known yet) |
//! | `progress` | `step` `total` `successes` `failures` `skipped` `cancelled` `retried` `read` (null or `{done, of}`: bytes of files as they lie on the disk, or files of a `glob`) |
//! | `item_retried` | `step` `index` `key` (only where it has one of its own) `attempt` (the one that failed, from 1) `kind` `message` `fields` (only where the error has some) `delay` |
//! | `item_failed` | `step` `index` `key` (likewise) `kind` `message` `place` (null or `{file, line, column, source}`) `fields` (only where the error has any) `attempts` |
//! | `item_slow` | `step` `index` `elapsed` |
//! | `breaker` | `step` `open` `until` (on the clock of `time`; null when attempts start again, which the end of a step is not) |
//! | `waiting` | `step` `limit` (its name, or the rate that stands in the step) `seconds` (how long, as far as that is known) |
//! | `log` | `step` `index` `level` `message` `fields` (null or an object) |
//! | `notice` | `step` (null when about the run) `message` |
//! | `step_finished` | `step`, the fields of a step in `--output json`, `emitted` `needed` `target` |
//! | `interrupted` | `grace` |
//! | `run_finished` | `status` `duration` |

mod record;

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use self::record::EventLine;
use super::{Clock, Reporter};
use crate::event::{Event, StepId, StepInfo, Tally};
use crate::value::Extent;

/// How long a line about an item may wait for others before it is written out. Bursts of failures then cost one
/// system call for many lines, and a reader at the other end of a pipe still sees them come.
const FLUSH_EVERY: Duration = Duration::from_millis(50);

/// How often a step says that nothing has changed.
const SAME_EVERY: Duration = Duration::from_secs(1);

/// Writes events as JSON lines.
#[derive(Debug)]
pub struct Events<W: Write> {
    out: BufWriter<W>,
    seed: u64,
    clock: Clock,
    steps: Vec<StepInfo>,
    flushed: Option<Duration>,
    /// For each step the progress that was written last, and when.
    progress: HashMap<StepId, (ProgressSeen, Duration)>,
}

/// What a line of progress says.
type ProgressSeen = (Tally, Option<u64>, Option<Extent>);

impl<W: Write> Events<W> {
    /// A reporter that writes to `out`; `seed` is that of the run.
    pub fn new(out: W, seed: u64, clock: Clock) -> Self {
        Self {
            out: BufWriter::new(out),
            seed,
            clock,
            steps: Vec::new(),
            flushed: None,
            progress: HashMap::new(),
        }
    }
}

impl<W: Write> Events<W> {
    /// Whether it is progress that says what was said less than a second ago.
    fn is_stale(&mut self, event: &Event, time: Duration) -> bool {
        let Event::Progress { step, tally, total, read } = event else { return false };
        let seen = (*tally, *total, *read);
        let is_stale =
            self.progress.get(step).is_some_and(|(last, at)| *last == seen && time < *at + SAME_EVERY);
        if !is_stale {
            self.progress.insert(*step, (seen, time));
        }
        is_stale
    }
}

impl<W: Write> Reporter for Events<W> {
    fn event(&mut self, event: &Event, time: Duration) -> io::Result<()> {
        if let Event::RunStarted { steps, .. } = event {
            self.steps.clone_from(steps);
        }
        if self.is_stale(event, time) {
            return Ok(());
        }
        let line = EventLine::new(event, time, (self.clock)(), self.seed, &self.steps);
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")?;
        let about_item = matches!(
            event,
            Event::ItemRetried { .. } | Event::ItemFailed { .. } | Event::ItemSlow { .. } | Event::Log { .. }
        );
        if about_item && self.flushed.is_some_and(|flushed| time < flushed + FLUSH_EVERY) {
            return Ok(());
        }
        self.flushed = Some(time);
        self.out.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::report::tests::fixture;

    fn check(events: &[(u64, Event)], expect: &Expect) {
        let mut out = Vec::new();
        fixture::replay(&mut Events::new(&mut out, 42, fixture::noon), events);
        expect.assert_eq(&String::from_utf8(out).expect("UTF-8"));
    }

    #[test]
    fn progress_that_says_the_same_comes_once_a_second() {
        let step = StepId(0);
        let line = |succeeded| Event::Progress {
            step,
            tally: Tally { succeeded, ..Tally::default() },
            total: None,
            read: None,
        };
        let start = fixture::documents().into_iter().next().expect("it has started");
        let events = [
            start,
            (50, line(1)),
            (100, line(1)),
            (150, line(2)),
            (1_100, line(2)),
            (1_150, line(2)),
            (1_200, line(3)),
        ];
        let mut out = Vec::new();
        fixture::replay(&mut Events::new(&mut out, 42, fixture::noon), &events);
        let out = String::from_utf8(out).expect("UTF-8");
        let times: Vec<&str> = out
            .lines()
            .skip(1)
            .filter_map(|line| line.split("\"time\":").nth(1)?.split(',').next())
            .collect();
        assert_eq!(times, ["0.05", "0.15", "1.15", "1.2"]);
    }

    #[test]
    fn a_whole_run_is_one_object_a_line() {
        check(
            &fixture::documents(),
            &expect![[r#"
            {"event":"run_started","time":0.0,"at":"2026-11-22T12:00:00.000Z","run":"7f3a","pipeline":"clean-docs","seed":42,"steps":[{"id":"docs","verb":"read"},{"id":"clean","verb":"map"},{"id":"save","verb":"write"}]}
            {"event":"step_started","time":0.0,"at":"2026-11-22T12:00:00.000Z","step":"docs","total":null}
            {"event":"step_started","time":0.001,"at":"2026-11-22T12:00:00.000Z","step":"clean","total":null}
            {"event":"step_finished","time":0.04,"at":"2026-11-22T12:00:00.000Z","step":"docs","verb":"read","status":"succeeded","reason":null,"total":10000,"successes":10000,"failures":0,"skipped":0,"cancelled":0,"retried":0,"success_ratio":1.0,"duration":0.04,"emitted":10000,"needed":null,"target":null}
            {"event":"item_failed","time":1.0,"at":"2026-11-22T12:00:00.000Z","step":"clean","index":402,"kind":"error","message":"attempt to index nil with 'text'","place":{"file":"clean.yaml","line":14,"column":22,"source":"local text = html.strip(item.text)"},"attempts":1}
            {"event":"item_failed","time":1.0,"at":"2026-11-22T12:00:00.000Z","step":"clean","index":17,"kind":"error","message":"attempt to index nil with 'text'","place":{"file":"clean.yaml","line":14,"column":22,"source":"local text = html.strip(item.text)"},"attempts":1}
            {"event":"item_failed","time":1.0,"at":"2026-11-22T12:00:00.000Z","step":"clean","index":5000,"kind":"error","message":"attempt to index nil with 'text'","place":{"file":"clean.yaml","line":14,"column":22,"source":"local text = html.strip(item.text)"},"attempts":1}
            {"event":"item_failed","time":1.0,"at":"2026-11-22T12:00:00.000Z","step":"clean","index":977,"kind":"error","message":"attempt to index nil with 'text'","place":{"file":"clean.yaml","line":14,"column":22,"source":"local text = html.strip(item.text)"},"attempts":1}
            {"event":"item_failed","time":1.0,"at":"2026-11-22T12:00:00.000Z","step":"clean","index":6000,"kind":"error","message":"attempt to index nil with 'text'","place":{"file":"clean.yaml","line":14,"column":22,"source":"local text = html.strip(item.text)"},"attempts":1}
            {"event":"item_failed","time":2.0,"at":"2026-11-22T12:00:00.000Z","step":"clean","index":4410,"kind":"error","message":"timeout after 10s","place":null,"attempts":1}
            {"event":"item_failed","time":2.0,"at":"2026-11-22T12:00:00.000Z","step":"clean","index":31,"kind":"error","message":"timeout after 10s","place":null,"attempts":1}
            {"event":"step_finished","time":3.813,"at":"2026-11-22T12:00:00.000Z","step":"clean","verb":"map","status":"succeeded","reason":null,"total":10000,"successes":9962,"failures":7,"skipped":31,"cancelled":0,"retried":12,"success_ratio":0.9992978232520815,"duration":3.812,"emitted":9962,"needed":9471,"target":null}
            {"event":"step_started","time":3.814,"at":"2026-11-22T12:00:00.000Z","step":"save","total":9962}
            {"event":"step_finished","time":3.934,"at":"2026-11-22T12:00:00.000Z","step":"save","verb":"write","status":"succeeded","reason":null,"total":9962,"successes":9962,"failures":0,"skipped":0,"cancelled":0,"retried":0,"success_ratio":1.0,"duration":0.12,"outputs":[{"path":"out/clean.jsonl","rows":9962,"bytes":1048576,"partial":false}],"emitted":9962,"needed":null,"target":"out/clean.jsonl"}
            {"event":"run_finished","time":3.935,"at":"2026-11-22T12:00:00.000Z","status":"succeeded","duration":3.935}
        "#]],
        );
    }

    #[test]
    fn every_kind_of_event_has_its_fields() {
        check(
            &fixture::every_event(),
            &expect![[r#"
                {"event":"run_started","time":0.0,"at":"2026-11-22T12:00:00.000Z","run":"7f3a","pipeline":"clean-docs","seed":42,"steps":[{"id":"clean","verb":"map"}]}
                {"event":"step_started","time":0.001,"at":"2026-11-22T12:00:00.000Z","step":"clean","total":10}
                {"event":"item_retried","time":0.002,"at":"2026-11-22T12:00:00.000Z","step":"clean","index":3,"attempt":1,"kind":"timeout","message":"timeout after 10s","fields":{"stdout":"half"},"delay":1.5}
                {"event":"item_slow","time":0.003,"at":"2026-11-22T12:00:00.000Z","step":"clean","index":4,"elapsed":2.0}
                {"event":"log","time":0.004,"at":"2026-11-22T12:00:00.000Z","step":"clean","index":5,"level":"warn","message":"odd\u001b[31m \"text\"","fields":{"a":1}}
                {"event":"log","time":0.005,"at":"2026-11-22T12:00:00.000Z","step":"clean","index":5,"level":"info","message":"printed\nlines","fields":null}
                {"event":"breaker","time":0.005,"at":"2026-11-22T12:00:00.000Z","step":"clean","open":true,"until":60.0}
                {"event":"waiting","time":0.005,"at":"2026-11-22T12:00:00.000Z","step":"clean","limit":"api","seconds":2.5}
                {"event":"breaker","time":0.005,"at":"2026-11-22T12:00:00.000Z","step":"clean","open":false,"until":null}
                {"event":"fleet","time":0.005,"at":"2026-11-22T12:00:00.000Z","step":"clean","running":2,"queued":3,"why":"Priority","died":1}
                {"event":"notice","time":0.006,"at":"2026-11-22T12:00:00.000Z","step":"clean","message":"`raw/*.png` matches no file"}
                {"event":"notice","time":0.007,"at":"2026-11-22T12:00:00.000Z","step":null,"message":"about the run"}
                {"event":"progress","time":0.008,"at":"2026-11-22T12:00:00.000Z","step":"clean","total":10,"successes":5,"failures":1,"skipped":1,"cancelled":0,"retried":1,"read":{"done":6,"of":10}}
                {"event":"interrupted","time":0.009,"at":"2026-11-22T12:00:00.000Z","grace":5.0}
                {"event":"step_finished","time":0.01,"at":"2026-11-22T12:00:00.000Z","step":"clean","verb":"map","status":"cancelled","reason":"interrupted","total":10,"successes":5,"failures":1,"skipped":1,"cancelled":3,"retried":1,"success_ratio":0.5555555555555556,"duration":0.009,"emitted":5,"needed":9,"target":null}
                {"event":"run_finished","time":0.011,"at":"2026-11-22T12:00:00.000Z","status":"interrupted","duration":0.011}
            "#]],
        );
    }

    #[test]
    fn a_burst_of_failures_is_one_write() {
        struct Counted(usize);
        impl Write for Counted {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 += 1;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut counted = Counted(0);
        let mut events = Events::new(&mut counted, 1, fixture::noon);
        for (time, event) in fixture::failures(40) {
            events.event(&event, Duration::from_micros(time)).expect("a count cannot fail");
        }
        events.finish().expect("a count cannot fail");
        drop(events);
        assert_eq!(counted.0, 2, "the start of the run, and all failures soon after it");
    }
}
