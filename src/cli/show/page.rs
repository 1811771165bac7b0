//! This module shows a run and its steps: counters, reasons, timing. Items that failed are only counted and grouped
//! here.

use std::io::Write;

use serde::Serialize;
use serde_json::{Map, Value};

use super::counters::{self, Counters};
use super::log::{LogRecord, cut, records};
use super::view::{Broken, View};
use crate::cli::args::ShowFormat;
use crate::cli::request::Request;
use crate::cli::{groups, params, timestamp};
use crate::engine::{self, FleetJobs, SaidOfStep};
use crate::event::{StepInfo, Tally};
use crate::report::{Overview, duration, run_log, strong};
use crate::store::{StepRecord, StoredLog};
use crate::value::printable;

#[derive(Serialize)]
struct RunPage<'a> {
    #[serde(flatten)]
    head: ItemHead<'a>,
    steps: Vec<Counters<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log: Vec<LogRecord<'a>>,
}

#[derive(Serialize)]
struct ItemHead<'a> {
    run: &'a str,
    pipeline: &'a str,
    status: &'a str,
    shard: Option<String>,
    file: &'a str,
    started: String,
    ended: Option<String>,
    duration: Option<f64>,
    params: Map<String, Value>,
    resumes: Option<&'a str>,
    seed: u64,
}

/// Writes it.
pub(super) fn write(view: &View<'_>, out: &mut impl Write) -> Result<(), Broken> {
    let said = view.steps.iter().map(|step| counters::said(view.run, step)).collect::<Result<Vec<_>, _>>()?;
    let counters = || view.steps.iter().zip(&said).map(|(step, said)| Counters::new(view.run, step, said));
    let log = if view.is_one { Vec::new() } else { view.run.run_log()? };
    match view.format {
        ShowFormat::Text => return text(view, (&said, &log), out),
        ShowFormat::Json => {
            match (view.is_one, counters().next()) {
                (true, Some(step)) => serde_json::to_writer(&mut *out, &step)?,
                _ => serde_json::to_writer(
                    &mut *out,
                    &RunPage { head: head(view), steps: counters().collect(), log: records(&log) },
                )?,
            }
            out.write_all(b"\n")?;
        }
        ShowFormat::Jsonl => {
            for step in counters() {
                serde_json::to_writer(&mut *out, &step)?;
                out.write_all(b"\n")?;
            }
        }
        ShowFormat::Csv => csv(counters(), out)?,
    }
    Ok(())
}

fn head<'a>(view: &View<'a>) -> ItemHead<'a> {
    let record = view.run.record();
    ItemHead {
        run: &record.id,
        pipeline: &record.pipeline,
        status: &record.status,
        shard: shard(view),
        file: &record.file,
        started: timestamp::rfc3339(record.started),
        ended: record.ended.map(timestamp::rfc3339),
        duration: record.duration.map(|duration| duration.as_secs_f64()),
        params: params::map(&record.params),
        resumes: record.parent.as_deref(),
        seed: record.seed,
    }
}

/// The counters alone: messages are no cells of a table.
fn csv<'a>(steps: impl Iterator<Item = Counters<'a>>, out: &mut impl Write) -> Result<(), Broken> {
    out.write_all(
        b"id,verb,status,reason,total,successes,failures,skipped,cancelled,retried,success_ratio,duration\n",
    )?;
    for step in steps {
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let cells = [
            cell(step.id),
            cell(step.verb),
            cell(step.status),
            cell(step.reason.unwrap_or("")),
            step.total.map_or(String::new(), |total| total.to_string()),
            step.successes.to_string(),
            step.failures.to_string(),
            step.skipped.to_string(),
            step.cancelled.to_string(),
            step.retried.to_string(),
            number(step.success_ratio),
            number(step.duration),
        ];
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}

/// A cell of a table, in quotes where it needs them.
pub(super) fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

fn text(
    view: &View<'_>,
    (said, log): (&[SaidOfStep], &[StoredLog]),
    out: &mut impl Write,
) -> Result<(), Broken> {
    writeln!(out, "{}", title(view))?;
    if !view.params.is_empty() {
        writeln!(out, "  {}", view.params)?;
    }
    writeln!(out)?;
    let infos: Vec<_> = view.steps.iter().map(counters::info).collect();
    let overview = Overview::new(&infos, view.color);
    for ((info, step), said) in infos.iter().zip(view.steps).zip(said) {
        let line = match counters::result(step) {
            Some(result) => overview.ended(info, &result),
            None => open(view, (&overview, info), (step, said)),
        };
        writeln!(out, "{line}")?;
        if let Some(words) = counters::last_words(view.run, step, said)? {
            writeln!(out, "{}", overview.below(&cut(&words)))?;
        }
    }
    let mut failing = Vec::new();
    for step in view.steps {
        if let Some(groups) = overview.groups(&groups::of_step(view.run, &step.step)?, &step.step, false) {
            writeln!(out, "\n{groups}")?;
            failing.push(step.step.as_str());
        }
    }
    for (at, line) in log.iter().enumerate() {
        let blank = if at == 0 { "\n" } else { "" };
        let text = run_log(&line.level, &line.message, line.fields.as_deref());
        writeln!(out, "{blank}  {}", cut(&text))?;
    }
    ways_on(view, &failing, out)
}

/// A step that has not begun, or is running, with its workers below it.
fn open(
    view: &View<'_>,
    (overview, info): (&Overview, &StepInfo),
    (step, said): (&StepRecord, &SaidOfStep),
) -> String {
    let mut tally = step.tally();
    tally.add(&said.tally);
    let (status, lasted) = (counters::status(view.run, step), counters::lasted(view.run, step));
    let mut text = overview.open(info, (status, lasted), (tally, said.tally != Tally::default()));
    if let Some(FleetJobs { running, queued, why, died }) = &said.jobs {
        text.push('\n');
        text.push_str(&overview.jobs(*running, (*queued, why.as_deref()), *died));
    }
    text
}

/// The slice that the run has worked on, `2/7`; `None`: it is no shard.
fn shard(view: &View<'_>) -> Option<String> {
    let request = Request::kept(view.run.request().as_deref(), "{}");
    Some(request.shard()?.to_string())
}

/// `run 1xak40 · clean-docs · failed · 2026-11-22 16:26:01 · 3.81s`
fn title(view: &View<'_>) -> String {
    let record = view.run.record();
    let mut parts = vec![
        strong(&format!("run {}", record.id), view.color),
        printable(&record.pipeline).into_owned(),
        record.status.clone(),
    ];
    parts.extend(shard(view).map(|shard| format!("shard {shard}")));
    parts.push(timestamp::local(record.started));
    let is_running = record.status == "running";
    let lasted = record.duration.or_else(|| is_running.then(|| timestamp::since(record.started)));
    parts.extend(lasted.map(duration));
    parts.extend(record.parent.as_ref().map(|parent| format!("resumes {parent}")));
    parts.join(" · ")
}

fn ways_on(view: &View<'_>, failing: &[&str], out: &mut impl Write) -> Result<(), Broken> {
    let record = view.run.record();
    if record.ended.is_none() && record.holder.is_none() {
        let living = engine::living_workers(view.state, &record.id)?.len();
        if living > 0 {
            let (attach, cancel) = (view.commands.attach(), view.commands.cancel());
            let noun = if living == 1 { "worker" } else { "workers" };
            return Ok(writeln!(
                out,
                "\n  its coordinator is gone, and {living} {noun} at work: {attach}      end them: {cancel}"
            )?);
        }
    }
    let step = if let [only] = failing { Some(*only) } else { None };
    let (see, resume) = (view.commands.show(step), view.commands.resume());
    let see = format!("each of them: {see}");
    let line = match (view.run.record().status.as_str(), failing.is_empty()) {
        ("running" | "succeeded", true) => return Ok(()),
        (_, true) => format!("go on with it: {resume}"),
        ("running", false) => see,
        (_, false) => format!("{see}      run them again: {resume}"),
    };
    Ok(writeln!(out, "\n  {line}")?)
}
