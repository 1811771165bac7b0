//! This module makes one event the JSON object of its line.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::event::{Event, Place, StepId, StepInfo, StepResult, Tally};
use crate::report::summary::{StepSummary, seconds};
use crate::value::Extent;

/// An event with its name and its times in front.
#[derive(Serialize)]
pub(super) struct EventLine<'a> {
    event: &'static str,
    time: f64,
    at: String,
    #[serde(flatten)]
    record: EventRecord<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum EventRecord<'a> {
    RunStarted {
        run: &'a str,
        pipeline: &'a str,
        seed: u64,
        steps: Vec<EventStep<'a>>,
    },
    StepStarted {
        step: &'a str,
        total: Option<u64>,
    },
    Progress(Box<Progress<'a>>),
    ItemRetried(Box<Retried<'a>>),
    ItemFailed(Box<Failed<'a>>),
    ItemSlow {
        step: &'a str,
        index: u64,
        elapsed: f64,
    },
    Breaker {
        step: &'a str,
        open: bool,
        until: Option<f64>,
    },
    Waiting {
        step: &'a str,
        limit: &'a str,
        seconds: f64,
    },
    Fleet {
        step: &'a str,
        running: u64,
        queued: u64,
        why: Option<&'a str>,
        died: u64,
    },
    Log {
        step: &'a str,
        index: Option<u64>,
        level: &'static str,
        message: &'a str,
        fields: Option<&'a RawValue>,
    },
    Notice {
        step: Option<&'a str>,
        message: &'a str,
    },
    RunLog {
        step: Option<&'a str>,
        level: &'static str,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        fields: Option<&'a RawValue>,
    },
    StepFinished(Box<Finished<'a>>),
    Interrupted {
        grace: f64,
    },
    RunFinished {
        status: &'static str,
        duration: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        processor: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        memory: Option<u64>,
    },
}

#[derive(Serialize)]
struct EventStep<'a> {
    id: &'a str,
    verb: &'static str,
}

#[derive(Serialize)]
struct Progress<'a> {
    step: &'a str,
    total: Option<u64>,
    successes: u64,
    failures: u64,
    skipped: u64,
    cancelled: u64,
    retried: u64,
    read: Option<ReadRecord>,
}

#[derive(Serialize)]
struct ReadRecord {
    done: u64,
    of: u64,
}

#[derive(Serialize)]
struct Retried<'a> {
    step: &'a str,
    index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    attempt: u32,
    kind: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a RawValue>,
    delay: f64,
}

#[derive(Serialize)]
struct Failed<'a> {
    step: &'a str,
    index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    kind: &'static str,
    message: &'a str,
    place: Option<PlaceRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a RawValue>,
    attempts: u32,
}

#[derive(Serialize)]
struct PlaceRecord<'a> {
    file: &'a str,
    line: u64,
    column: Option<u64>,
    source: Option<&'a str>,
}

#[derive(Serialize)]
struct Finished<'a> {
    step: &'a str,
    #[serde(flatten)]
    summary: StepSummary<'a>,
    emitted: u64,
    needed: Option<u64>,
    target: Option<&'a str>,
}

impl<'a> EventLine<'a> {
    pub(super) fn new(
        event: &'a Event,
        time: Duration,
        at: String,
        seed: u64,
        steps: &'a [StepInfo],
    ) -> Self {
        let (event, record) = record(event, seed, steps);
        Self { event, time: seconds(time), at, record }
    }
}

fn record<'a>(event: &'a Event, seed: u64, steps: &'a [StepInfo]) -> (&'static str, EventRecord<'a>) {
    let name = |step: &StepId| &*steps[step.at()].name;
    match event {
        Event::RunStarted { run, pipeline, steps, .. } => {
            let steps =
                steps.iter().map(|step| EventStep { id: &step.name, verb: step.verb_name() }).collect();
            ("run_started", EventRecord::RunStarted { run, pipeline, seed, steps })
        }
        Event::StepStarted { step, total } => {
            ("step_started", EventRecord::StepStarted { step: name(step), total: *total })
        }
        Event::Progress { step, tally, total, read } => {
            ("progress", EventRecord::Progress(Box::new(progress(name(step), tally, (*total, *read)))))
        }
        Event::StepFinished { step, result } => ("step_finished", finished(&steps[step.at()], result)),
        Event::Interrupted { grace } => ("interrupted", EventRecord::Interrupted { grace: seconds(*grace) }),
        Event::Notice { step, message } => {
            ("notice", EventRecord::Notice { step: step.as_ref().map(name), message })
        }
        Event::RunLog { level, message, fields } => {
            let fields = fields.as_deref().and_then(raw);
            ("notice", EventRecord::RunLog { step: None, level: level.name(), message, fields })
        }
        Event::RunFinished { status, duration, usage } => {
            let (processor, memory) =
                (usage.map(|usage| seconds(usage.processor)), usage.map(|usage| usage.memory));
            let (status, duration) = (status.name(), seconds(*duration));
            ("run_finished", EventRecord::RunFinished { status, duration, processor, memory })
        }
        Event::ItemRetried { step, index, key, attempt, kind, message, fields, delay } => {
            let (step, kind, delay) = (name(step), kind.name(), seconds(*delay));
            let (index, attempt) = (*index, *attempt);
            let (key, fields) = (key.as_deref(), fields.as_deref().and_then(raw));
            let retried = Retried { step, index, key, attempt, kind, message, fields, delay };
            ("item_retried", EventRecord::ItemRetried(Box::new(retried)))
        }
        Event::ItemFailed { step, index, key, kind, message, place, fields, attempts } => {
            let place = place.as_ref().map(PlaceRecord::new);
            let (step, kind) = (name(step), kind.name());
            let (index, attempts) = (*index, *attempts);
            let (key, fields) = (key.as_deref(), fields.as_deref().and_then(raw));
            let failed = Failed { step, index, key, kind, message, place, fields, attempts };
            ("item_failed", EventRecord::ItemFailed(Box::new(failed)))
        }
        Event::ItemSlow { step, index, elapsed } => {
            let (step, elapsed) = (name(step), seconds(*elapsed));
            ("item_slow", EventRecord::ItemSlow { step, index: *index, elapsed })
        }
        Event::Breaker { step, open, until } => {
            ("breaker", EventRecord::Breaker { step: name(step), open: *open, until: until.map(seconds) })
        }
        Event::Waiting { step, limit, seconds: rest } => {
            ("waiting", EventRecord::Waiting { step: name(step), limit, seconds: seconds(*rest) })
        }
        Event::Fleet { step, running, queued, why, died } => {
            let (step, why) = (name(step), why.as_deref());
            let (running, queued, died) = (*running, *queued, *died);
            ("fleet", EventRecord::Fleet { step, running, queued, why, died })
        }
        Event::Log { step, index, level, message, fields } => {
            let (step, level, fields) = (name(step), level.name(), fields.as_deref().and_then(raw));
            let index = Some(*index).filter(|index| *index > 0);
            ("log", EventRecord::Log { step, index, level, message, fields })
        }
    }
}

fn progress<'a>(step: &'a str, tally: &Tally, (total, read): (Option<u64>, Option<Extent>)) -> Progress<'a> {
    Progress {
        step,
        total,
        successes: tally.succeeded,
        failures: tally.failed,
        skipped: tally.skipped,
        cancelled: tally.cancelled,
        retried: tally.retried,
        read: read.map(|read| ReadRecord { done: read.done, of: read.of }),
    }
}

/// JSON text as it is. What is no JSON, or not on one line, is left out rather than allowed to break the line.
fn raw(json: &str) -> Option<&RawValue> {
    serde_json::from_str(json).ok().filter(|_| !json.contains('\n'))
}

fn finished<'a>(info: &'a StepInfo, result: &'a StepResult) -> EventRecord<'a> {
    EventRecord::StepFinished(Box::new(Finished {
        step: &info.name,
        summary: StepSummary::new(info, result),
        emitted: result.emitted,
        needed: result.needed.map(|(_, count)| count),
        target: result.target.as_deref(),
    }))
}

impl<'a> PlaceRecord<'a> {
    fn new(place: &'a Place) -> Self {
        Self { file: &place.file, line: place.line, column: place.column, source: place.source.as_deref() }
    }
}
