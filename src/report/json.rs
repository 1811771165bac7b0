//! The `--output json` reporter writes one object at the end of the run. It shows no progress.

mod failures;

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use self::failures::{Interner, Messages, StepFailures};
use super::Reporter;
use super::summary::StepSummary;
use crate::event::{Event, RunStatus, StepInfo, StepResult};

/// Folds a run into one JSON object and writes it, on one line, when the run has ended.
///
/// A run that breaks off without an end leaves nothing: half a result must not look like one.
#[derive(Debug)]
pub struct Json<W: Write> {
    out: W,
    run: Arc<str>,
    pipeline: Arc<str>,
    params: Arc<str>,
    steps: Vec<JsonStep>,
    messages: Interner,
    status: Option<RunStatus>,
}

#[derive(Debug)]
struct JsonStep {
    info: StepInfo,
    errors: StepFailures,
    result: Option<Arc<StepResult>>,
}

#[derive(Serialize)]
struct RunSummary<'a> {
    run: &'a str,
    pipeline: &'a str,
    params: &'a RawValue,
    status: &'static str,
    steps: Vec<StepWithErrors<'a>>,
}

#[derive(Serialize)]
struct StepWithErrors<'a> {
    id: &'a str,
    #[serde(flatten)]
    summary: StepSummary<'a>,
    errors: Messages<'a>,
}

impl<W: Write> Json<W> {
    /// A reporter that writes to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            run: Arc::from(""),
            pipeline: Arc::from(""),
            params: Arc::from("{}"),
            steps: Vec::new(),
            messages: Interner::default(),
            status: None,
        }
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.out
    }
}

impl<W: Write> Reporter for Json<W> {
    fn event(&mut self, event: &Event, _time: Duration) -> io::Result<()> {
        match event {
            Event::RunStarted { run, pipeline, params, steps } => {
                self.run = Arc::clone(run);
                self.pipeline = Arc::clone(pipeline);
                self.params = Arc::clone(params);
                self.steps = steps
                    .iter()
                    .map(|info| JsonStep {
                        info: info.clone(),
                        errors: StepFailures::default(),
                        result: None,
                    })
                    .collect();
            }
            Event::ItemFailed { step, index, message, .. } => {
                self.steps[step.at()].errors.push(*index, self.messages.intern(message));
            }
            Event::StepFinished { step, result } => self.steps[step.at()].result = Some(Arc::clone(result)),
            Event::RunFinished { status, .. } => self.status = Some(*status),
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(status) = self.status.take() else { return Ok(()) };
        self.steps.iter_mut().for_each(|step| step.errors.sort());
        let steps = self.steps.iter().filter_map(|step| {
            let result = step.result.as_deref()?;
            Some(StepWithErrors {
                id: &step.info.name,
                summary: StepSummary::new(&step.info, result),
                errors: step.errors.messages(&self.messages),
            })
        });
        let summary = RunSummary {
            run: &self.run,
            pipeline: &self.pipeline,
            params: serde_json::from_str(&self.params)?,
            status: status.name(),
            steps: steps.collect(),
        };
        let mut out = io::BufWriter::new(&mut self.out);
        serde_json::to_writer(&mut out, &summary)?;
        out.write_all(b"\n")?;
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::report::tests::fixture;

    fn check(events: &[(u64, Event)], expect: &Expect) {
        let mut out = Vec::new();
        fixture::replay(&mut Json::new(&mut out), events);
        expect.assert_eq(&String::from_utf8(out).expect("UTF-8"));
    }

    #[test]
    fn the_object_has_the_names_of_the_documentation() {
        check(
            &fixture::documents(),
            &expect![[r#"
            {"run":"7f3a","pipeline":"clean-docs","params":{"day":"2026-11-01"},"status":"succeeded","steps":[{"id":"docs","verb":"read","status":"succeeded","reason":null,"total":10000,"successes":10000,"failures":0,"skipped":0,"cancelled":0,"retried":0,"success_ratio":1.0,"duration":0.04,"errors":{}},{"id":"clean","verb":"map","status":"succeeded","reason":null,"total":10000,"successes":9962,"failures":7,"skipped":31,"cancelled":0,"retried":12,"success_ratio":0.9992978232520815,"duration":3.812,"errors":{"17":"attempt to index nil with 'text'","31":"timeout after 10s","402":"attempt to index nil with 'text'","977":"attempt to index nil with 'text'","4410":"timeout after 10s","5000":"attempt to index nil with 'text'","6000":"attempt to index nil with 'text'"}},{"id":"save","verb":"write","status":"succeeded","reason":null,"total":9962,"successes":9962,"failures":0,"skipped":0,"cancelled":0,"retried":0,"success_ratio":1.0,"duration":0.12,"outputs":[{"path":"out/clean.jsonl","rows":9962,"bytes":1048576,"partial":false}],"errors":{}}]}
        "#]],
        );
    }

    #[test]
    fn steps_that_were_not_selected_are_not_listed() {
        let mut events = fixture::documents();
        events.retain(|(_, event)| !matches!(event, Event::StepFinished { step, .. } if step.at() != 0));
        check(
            &events,
            &expect![[r#"
            {"run":"7f3a","pipeline":"clean-docs","params":{"day":"2026-11-01"},"status":"succeeded","steps":[{"id":"docs","verb":"read","status":"succeeded","reason":null,"total":10000,"successes":10000,"failures":0,"skipped":0,"cancelled":0,"retried":0,"success_ratio":1.0,"duration":0.04,"errors":{}}]}
        "#]],
        );
    }

    #[test]
    fn a_run_without_an_end_leaves_nothing() {
        let mut events = fixture::documents();
        events.pop();
        check(&events, &expect![[""]]);
    }
}
