//! This module shows the items that failed: in groups, and each with everything that is known of it.

use std::io::Write;

use serde::Serialize;
use serde_json::value::RawValue;

use super::counters::{self, PAGE};
use super::log::{LogRecord, cut, raw, records};
use super::page::cell;
use super::view::{Broken, View};
use crate::cli::args::ShowFormat;
use crate::cli::console::say;
use crate::cli::exit::Complaint;
use crate::cli::{attempts, groups};
use crate::report::{Group, Overview, duration, strong};
use crate::store::{Failure, StepRecord, StoredLog};

/// Lines of an item's log that are read; the store keeps fewer.
const LOGS: u64 = 10_000;

/// A failed item: the fields of `ID.failed`, and what else is known.
#[derive(Serialize)]
struct ShownFailure<'a> {
    step: &'a str,
    index: u64,
    key: &'a str,
    item: Box<RawValue>,
    error: ErrorRecord<'a>,
    attempts: u32,
    history: Box<RawValue>,
    duration: f64,
    permanent: bool,
    log: Vec<LogRecord<'a>>,
}

#[derive(Serialize)]
struct ErrorRecord<'a> {
    kind: &'static str,
    message: &'a str,
    place: Option<String>,
    traceback: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct GroupRecord<'a> {
    step: &'a str,
    count: u64,
    kind: &'a str,
    message: &'a str,
    place: Option<&'a str>,
    items: &'a [u64],
}

/// Writes them.
pub(super) fn write(view: &View<'_>, out: &mut impl Write) -> Result<(), Broken> {
    list(view, out)?;
    for step in view.steps {
        let lost = view.run.lost_failures(step)?;
        if lost > 0 && view.run.is_elsewhere() {
            say(&format!("  of step `{}` these are the newest: {lost} more have failed", step.step));
        } else if lost > 0 {
            out.flush()?;
            let message = format!(
                "what was known of {lost} failed items of step `{}` is damaged, and they are left out",
                step.step
            );
            return Err(Broken::Usage(Complaint::new(message)));
        }
    }
    Ok(())
}

fn list(view: &View<'_>, out: &mut impl Write) -> Result<(), Broken> {
    match view.format {
        ShowFormat::Text => text(view, out),
        ShowFormat::Json => json(view, out),
        ShowFormat::Jsonl => each(view, |step, failure, log| {
            serde_json::to_writer(&mut *out, &record(step, failure, log))?;
            Ok(out.write_all(b"\n")?)
        }),
        ShowFormat::Csv => {
            out.write_all(b"step,index,key,kind,message,place,attempts,duration,permanent,item\n")?;
            each(view, |step, failure, _| Ok(writeln!(out, "{}", csv(step, failure))?))
        }
    }
}

/// All failures of the steps that are meant, with their logs.
fn each(
    view: &View<'_>,
    mut take: impl FnMut(&StepRecord, &Failure, &[StoredLog]) -> Result<(), Broken>,
) -> Result<(), Broken> {
    for step in view.steps {
        let mut after = 0;
        loop {
            let page = view.run.failures(&step.step, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.index;
            for failure in &page {
                let log = view.run.logs(&step.step, Some(failure.index), LOGS)?;
                take(step, failure, &log)?;
            }
        }
    }
    Ok(())
}

fn record<'a>(step: &'a StepRecord, failure: &'a Failure, log: &'a [StoredLog]) -> ShownFailure<'a> {
    let item = &failure.item;
    ShownFailure {
        step: &step.step,
        index: failure.index,
        key: &failure.key,
        item: raw(&item.item),
        error: ErrorRecord {
            kind: item.kind.name(),
            message: &item.message,
            place: item.place.as_ref().map(ToString::to_string),
            traceback: &item.traceback,
            fields: item.fields.as_deref().map(raw),
        },
        attempts: item.attempts,
        history: raw(&item.history),
        duration: item.duration.as_secs_f64(),
        permanent: item.permanent,
        log: records(log),
    }
}

/// `{run, groups: […], failures: […]}`, written as it is read.
fn json(view: &View<'_>, out: &mut impl Write) -> Result<(), Broken> {
    out.write_all(b"{\"run\":")?;
    serde_json::to_writer(&mut *out, &view.run.record().id)?;
    out.write_all(b",\"groups\":[")?;
    let mut is_first = true;
    for step in view.steps {
        for Group { kind, message, place, count, items, .. } in groups::of_step(view.run, &step.step)?.list()
        {
            comma(&mut is_first, out)?;
            let (step, place) = (&*step.step, place.as_deref());
            let group = GroupRecord { step, count, kind: &kind, message: &message, place, items: &items };
            serde_json::to_writer(&mut *out, &group)?;
        }
    }
    out.write_all(b"],\"failures\":[")?;
    let mut is_first = true;
    each(view, |step, failure, log| {
        comma(&mut is_first, out)?;
        Ok(serde_json::to_writer(&mut *out, &record(step, failure, log))?)
    })?;
    Ok(out.write_all(b"]}\n")?)
}

/// Separates what comes from what has been written, if anything has.
pub(super) fn comma(is_first: &mut bool, out: &mut impl Write) -> std::io::Result<()> {
    if std::mem::take(is_first) { Ok(()) } else { out.write_all(b",") }
}

fn csv(step: &StepRecord, failure: &Failure) -> String {
    let item = &failure.item;
    let place = item.place.as_ref().map(ToString::to_string).unwrap_or_default();
    [
        cell(&step.step),
        failure.index.to_string(),
        cell(&failure.key),
        item.kind.name().to_owned(),
        cell(&item.message),
        cell(&place),
        item.attempts.to_string(),
        item.duration.as_secs_f64().to_string(),
        item.permanent.to_string(),
        cell(&item.item),
    ]
    .join(",")
}

fn text(view: &View<'_>, out: &mut impl Write) -> Result<(), Broken> {
    let infos: Vec<_> = view.steps.iter().map(counters::info).collect();
    let overview = Overview::new(&infos, view.color);
    let mut is_empty = true;
    for step in view.steps {
        if let Some(groups) = overview.groups(&groups::of_step(view.run, &step.step)?, &step.step, true) {
            writeln!(out, "{groups}\n")?;
            is_empty = false;
        }
    }
    if is_empty && view.steps.iter().all(|step| step.failures == 0) {
        return Ok(writeln!(out, "  no item failed in run {}", view.run.record().id)?);
    }
    each(view, |step, failure, log| Ok(out.write_all(block(view, step, failure, log).as_bytes())?))?;
    for step in view.steps.iter().filter(|step| step.logs_left_out > 0) {
        // Items that did not fail have their share in these.
        writeln!(
            out,
            "  {} log lines of {} were not kept: there are too many",
            step.logs_left_out, step.step
        )?;
    }
    Ok(())
}

/// A paragraph about one item.
fn block(view: &View<'_>, step: &StepRecord, failure: &Failure, log: &[StoredLog]) -> String {
    let item = &failure.item;
    let attempts = if item.attempts == 1 { "attempt" } else { "attempts" };
    let mut head = vec![
        strong(&format!("{} item {}", step.step, failure.index), view.color),
        item.kind.name().to_owned(),
        format!("{} {attempts}", item.attempts),
        duration(item.duration),
    ];
    if step.keyed {
        head.insert(1, format!("key {}", cut(&failure.key)));
    }
    if item.permanent {
        head.push("given up for good".to_owned());
    }
    let place = item.place.as_ref().map_or(String::new(), |place| format!("{place} "));
    let mut lines = vec![format!("  {}", head.join(" · ")), format!("    {place}{}", cut(&item.message))];
    // The line of the source stands with its group.
    lines.extend(item.fields.iter().map(|fields| labelled("fields", fields)));
    lines.push(labelled("item", &item.item));
    if item.attempts > 1 {
        let attempts = attempts::lines(&item.history);
        lines.extend(attempts.iter().map(|(label, text)| labelled(label, text)));
    }
    let traceback = item.traceback.lines().filter(|line| !line.trim().is_empty());
    lines.extend(
        traceback.enumerate().map(|(at, line)| labelled(if at == 0 { "traceback" } else { "" }, line)),
    );
    lines.extend(log.iter().enumerate().map(|(at, line)| {
        let fields = line.fields.as_ref().map_or(String::new(), |fields| format!(" {fields}"));
        let text = format!("{}: {}{fields}", line.level, line.message);
        labelled(if at == 0 { "log" } else { "" }, &text)
    }));
    format!("{}\n\n", lines.join("\n"))
}

fn labelled(label: &str, text: &str) -> String {
    format!("    {label:<10} {}", cut(text))
}
