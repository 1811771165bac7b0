//! `flowrun runs` lists kept runs, and removes old ones.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::args::{ListFormat, PruneArguments, RunsArguments, RunsCommand};
use super::console::{put, say};
use super::exit::{Exit, Fault};
use super::request::Request;
use super::{params, state, table, timestamp};
use crate::event::Output;
use crate::report::{OutputSummary, bytes, duration};
use crate::store::{Catalogue, Pruned, RunRecord};
use crate::value::printable;

/// Characters of the parameters of a run in a table.
const PARAMS_MAX: usize = 60;

/// Lists or prunes.
pub(super) fn command(arguments: &RunsArguments) -> Result<Exit, Fault> {
    let folder = state::find(&arguments.folder)?;
    let catalogue = Catalogue::new(&folder);
    match &arguments.command {
        Some(RunsCommand::Prune(options)) => prune(&catalogue, options),
        None => list(&catalogue, arguments),
    }
}

fn list(catalogue: &Catalogue, arguments: &RunsArguments) -> Result<Exit, Fault> {
    let (mut records, newer) = catalogue.list_all()?;
    for error in &newer {
        say(&printable(&error.to_string()));
    }
    records.retain(|record| arguments.status.is_none_or(|status| status.name() == record.status));
    match arguments.format {
        ListFormat::Json => put(&json(catalogue, &records))?,
        ListFormat::Text if records.is_empty() => say("no runs"),
        ListFormat::Text => put(table(catalogue, &records)?.as_bytes())?,
    }
    Ok(Exit::Success)
}

/// A list with an object for each run, the newest first.
fn json(catalogue: &Catalogue, records: &[RunRecord]) -> Vec<u8> {
    let entry = |record: &RunRecord| {
        json!({
            "run": record.id,
            "pipeline": record.pipeline,
            "file": record.file,
            "status": record.status,
            "shard": shard(catalogue, record),
            "started": timestamp::rfc3339(record.started),
            "ended": record.ended.map(timestamp::rfc3339),
            "duration": lasted(record).as_secs_f64(),
            "params": params::map(&record.params),
            "size": catalogue.size(&record.id),
            "resumes": record.parent,
            "outputs": record.outputs.iter().map(OutputSummary::from).collect::<Vec<_>>(),
            "flowrun": record.flowrun,
        })
    };
    let mut text = serde_json::to_vec(&records.iter().map(entry).collect::<Vec<_>>()).unwrap_or_default();
    text.push(b'\n');
    text
}

/// How long a run took, or has been running.
fn lasted(record: &RunRecord) -> Duration {
    match record.duration {
        Some(duration) => duration,
        None if record.status == "running" => timestamp::since(record.started),
        None => Duration::ZERO,
    }
}

fn table(catalogue: &Catalogue, records: &[RunRecord]) -> Result<String, Fault> {
    let ids = catalogue.ids()?;
    let heads = ["run", "status", "pipeline", "params", "started", "time", "size", "outputs", "resumes"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows.extend(records.iter().map(|record| {
        let is_over = record.duration.is_some() || record.status == "running";
        let cells = [
            state::short(&record.id, &ids).to_owned(),
            status(catalogue, record),
            named(record, records),
            params::cut(&params::words(catalogue, record), PARAMS_MAX),
            timestamp::local(record.started),
            if is_over { duration(lasted(record)) } else { "–".to_owned() },
            bytes(catalogue.size(&record.id)),
            outputs(&record.outputs),
            record.parent.as_deref().map_or(String::new(), |parent| state::short(parent, &ids).to_owned()),
        ];
        cells.to_vec()
    }));
    Ok(table::lines(&rows, &[5, 6]).join("\n") + "\n")
}

/// The slice that a run has worked on, `2/7`; `None`: it is no shard.
fn shard(catalogue: &Catalogue, record: &RunRecord) -> Option<String> {
    let request = Request::kept(catalogue.request(&record.id).as_deref(), "{}");
    Some(request.shard()?.to_string())
}

/// `succeeded`, `succeeded (shard 2/7)`
fn status(catalogue: &Catalogue, record: &RunRecord) -> String {
    match shard(catalogue, record) {
        Some(shard) => format!("{} (shard {shard})", record.status),
        None => record.status.clone(),
    }
}

/// The pipeline of a run, with its file where runs of several files have that name.
fn named(record: &RunRecord, records: &[RunRecord]) -> String {
    let is_other = |other: &RunRecord| other.pipeline == record.pipeline && other.file != record.file;
    let name = printable(&record.pipeline);
    match &record.file {
        file if records.iter().any(is_other) => format!("{name} ({})", printable(file)),
        _ => name.into_owned(),
    }
}

/// The first output, and how many more there are: `out/clean.jsonl (partial) +2`.
fn outputs(outputs: &[Output]) -> String {
    let [first, rest @ ..] = outputs else { return String::new() };
    let partial = if outputs.iter().any(|output| output.partial.is_some()) { " (partial)" } else { "" };
    let more = if rest.is_empty() { String::new() } else { format!(" +{}", rest.len()) };
    format!("{}{partial}{more}", printable(&first.path))
}

fn prune(catalogue: &Catalogue, options: &PruneArguments) -> Result<Exit, Fault> {
    let removes = !options.dry_run;
    let pruned = catalogue.prune(options.keep, options.older_than, SystemTime::now(), removes)?;
    let programs = if removes { catalogue.remove_programs()? } else { 0 };
    let room = pruned.iter().map(|pruned| pruned.bytes).sum::<u64>() + programs;
    let lines = pruned.iter().map(|Pruned { record, bytes: size }| {
        let pipeline = printable(&record.pipeline);
        format!("{}  {}  {pipeline}  {}\n", record.id, timestamp::local(record.started), bytes(*size))
    });
    put(lines.collect::<String>().as_bytes())?;
    let noun = if pruned.len() == 1 { "run" } else { "runs" };
    let verb = if removes { "removed" } else { "would remove" };
    say(&format!("{verb} {} {noun}, {}", pruned.len(), bytes(room)));
    Ok(Exit::Success)
}
