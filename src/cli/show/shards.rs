//! This module shows the shards of sent steps: who has worked on which items, and who is at work.

use std::collections::BTreeSet;
use std::io::Write;

use serde::Serialize;

use super::view::{Broken, View};
use crate::cli::args::ShowFormat;
use crate::cli::exit::Complaint;
use crate::cli::table;
use crate::engine;
use crate::report::duration;
use crate::store::{RemoteFile, RemotePlace, ShardJob, ShardRow};

/// Columns of the table.
const HEADS: [&str; 10] =
    ["shard", "state", "items", "count", "attempts", "node", "job", "time", "why", "log"];

/// A shard as JSON.
#[derive(Serialize)]
struct ShardRecord<'a> {
    step: &'a str,
    shard: &'a str,
    state: &'a str,
    first: u64,
    count: u64,
    attempts: u32,
    job: Option<String>,
    node: Option<&'a str>,
    started: Option<f64>,
    ended: Option<f64>,
    why: Option<&'a str>,
    lost: f64,
    log: Option<&'a str>,
}

/// A shard, and where what its worker has printed lies, if that is there.
struct Shown {
    row: ShardRow,
    log: Option<String>,
}

/// Writes them.
pub(super) fn write(view: &View<'_>, out: &mut impl Write) -> Result<(), Broken> {
    let mut shown = Vec::new();
    for step in view.steps {
        let shards = of_step(view, &step.step)?;
        if !shards.is_empty() {
            shown.push((step.step.as_str(), shards));
        }
    }
    match view.format {
        ShowFormat::Text => text(&shown, out)?,
        ShowFormat::Json | ShowFormat::Jsonl => {
            let records: Vec<ShardRecord<'_>> = shown
                .iter()
                .flat_map(|(step, shards)| shards.iter().map(|shown| record(step, shown)))
                .collect();
            if view.format == ShowFormat::Json {
                serde_json::to_writer_pretty(&mut *out, &records)?;
                writeln!(out)?;
            } else {
                for record in records {
                    serde_json::to_writer(&mut *out, &record)?;
                    writeln!(out)?;
                }
            }
        }
        ShowFormat::Csv => {
            return Err(Broken::Usage(
                Complaint::new("shards cannot be shown as CSV").help("`--format jsonl` has a line for each"),
            ));
        }
    }
    Ok(())
}

fn of_step(view: &View<'_>, step: &str) -> Result<Vec<Shown>, Broken> {
    let mut rows = view.run.shards(step)?;
    let known: BTreeSet<String> = rows.iter().map(|row| row.shard.clone()).collect();
    let place = RemotePlace::of_step(view.run.path(), step);
    rows.extend(engine::open_shards(&place, &known)?);
    let log = |job: &ShardJob| {
        let path = place.file(&RemoteFile::Log(job.wave, job.task));
        path.is_file().then(|| path.to_string_lossy().into_owned())
    };
    Ok(rows.into_iter().map(|row| Shown { log: row.job.as_ref().and_then(log), row }).collect())
}

fn record<'a>(step: &'a str, shown: &'a Shown) -> ShardRecord<'a> {
    let ShardRow { shard, first, count, state, attempts, job, node, started, ended, why, lost } = &shown.row;
    ShardRecord {
        step,
        shard,
        state,
        first: *first,
        count: *count,
        attempts: *attempts,
        job: job.as_ref().map(ShardJob::name),
        node: node.as_deref(),
        started: *started,
        ended: *ended,
        why: why.as_deref(),
        lost: *lost,
        log: shown.log.as_deref(),
    }
}

fn text(shown: &[(&str, Vec<Shown>)], out: &mut impl Write) -> Result<(), Broken> {
    if shown.is_empty() {
        writeln!(out, "no step of the run was sent to workers")?;
    }
    for (at, (step, shards)) in shown.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{step}")?;
        let mut rows = vec![HEADS.map(str::to_owned).to_vec()];
        rows.extend(shards.iter().map(cells));
        for line in table::lines(&rows, &[3, 4, 7]) {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

fn cells(Shown { row, log }: &Shown) -> Vec<String> {
    let time = row.started.zip(row.ended).map(|(started, ended)| {
        duration(std::time::Duration::try_from_secs_f64(ended - started).unwrap_or_default())
    });
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        row.shard.clone(),
        row.state.to_owned(),
        format!("from {}", row.first),
        row.count.to_string(),
        row.attempts.to_string(),
        or_dash(row.node.clone()),
        or_dash(row.job.as_ref().map(ShardJob::name)),
        or_dash(time),
        or_dash(row.why.clone()),
        or_dash(log.clone()),
    ]
}
