//! This module makes the account of a run from what was kept of it, also while it is going on.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::time::Duration;

use super::later::Later;
use crate::cli::request::Request;
use crate::cli::timestamp;
use crate::cli::{attempts, groups};
use crate::draw;
use crate::report::{
    Account, Commands, FAILURES_MAX, FailedAttempt, FailureAccount, GROUPS_MAX, Group, LOGS_MAX, NodeAccount,
    RETRIES_MAX, RetryAccount, StepAccount, percent_of, run_log,
};
use crate::store::{Failure, RunRecord, ShardRow, StepRecord, StoreError, StoredLog, StoredRun};
use crate::value::Ratio;

/// Makes the account of a kept run. `commands` says how the run is called for, `later` what went on with it.
pub(super) fn account(
    run: &StoredRun,
    commands: &Commands,
    later: Option<&Later>,
) -> Result<Account, StoreError> {
    let record = run.record();
    let steps: Vec<StepAccount> =
        run.steps()?.iter().map(|step| of_step(run, later, step)).collect::<Result<_, _>>()?;
    let sources = run.sources();
    let request = Request::kept(run.request().as_deref(), &record.params);
    let status = |name: &str| {
        let step = steps.iter().find(|step| step.name == name);
        step.map_or("", |step| step.status.as_str())
    };
    let graph = sources.first().and_then(|(name, text)| draw::for_page(text, Path::new(name), status));
    let ended_well = record.status == "succeeded" && steps.iter().all(|step| step.tally.failed == 0);
    let going_on = record.status == "running";
    Ok(Account {
        run: record.id.clone(),
        pipeline: record.pipeline.clone(),
        status: record.status.clone(),
        started: timestamp::local(record.started),
        duration: record.duration.unwrap_or_else(|| until_now(record, record.started)),
        usage: run.usage()?,
        resume: (!ended_well && !going_on).then(|| commands.resume()),
        parent: record.parent.clone(),
        later: later.map(|later| (later.run.clone(), later.status.clone())),
        graph,
        sources,
        params: params(&record.params),
        environment: environment(record, &request),
        notices: run.warnings().iter().cloned().chain(run.run_log()?.iter().map(said)).collect(),
        steps,
    })
}

fn said(line: &StoredLog) -> String {
    run_log(&line.level, &line.message, line.fields.as_deref())
}

/// Parameters by name.
pub(super) fn params(json: &str) -> Vec<(String, String)> {
    crate::cli::params::map(json).into_iter().map(|(name, value)| (name, value.to_string())).collect()
}

fn environment(record: &RunRecord, request: &Request) -> Vec<(String, String)> {
    let mut facts = vec![("flowrun".to_owned(), record.flowrun.clone())];
    facts.extend(request.surroundings());
    facts.push(("pipeline file".to_owned(), record.file.clone()));
    facts.push(("seed".to_owned(), record.seed.to_string()));
    facts
}

/// How long something has been going on that has no end in the books.
fn until_now(record: &RunRecord, since: f64) -> Duration {
    match record.ended {
        Some(ended) => Duration::try_from_secs_f64(ended - since).unwrap_or_default(),
        None if record.holder.is_some() => timestamp::since(since),
        None => Duration::ZERO,
    }
}

fn of_step(run: &StoredRun, later: Option<&Later>, step: &StepRecord) -> Result<StepAccount, StoreError> {
    let (record, name) = (run.record(), &step.step);
    let tally = step.tally();
    let share = step.min_success_ratio.as_deref().and_then(Ratio::parse);
    let is_idle = step.duration.is_none_or(|duration| duration.is_zero()) && step.total.unwrap_or(0) == 0;
    let ran =
        !["skipped", "pending"].contains(&step.status.as_str()) && (step.status == "running" || !is_idle);
    let started = step.started.filter(|_| ran);
    let since = |started: f64| Duration::try_from_secs_f64(started - record.started).unwrap_or_default();
    let failures = if tally.failed > 0 { run.failures(name, 0, FAILURES_MAX as u64)? } else { Vec::new() };
    let failed: HashSet<u64> = failures.iter().map(|failure| failure.index).collect();
    let failure = |failure: Failure| {
        let log = run.logs(name, Some(failure.index), LOGS_MAX as u64)?;
        let line = |line: StoredLog| match line.fields {
            Some(fields) => (line.level, format!("{} {fields}", line.message)),
            None => (line.level, line.message),
        };
        let became = later.and_then(|later| later.became(name, &failure.key));
        let account = of_failure(failure, step.keyed, log.into_iter().map(line).collect());
        Ok(FailureAccount { later: became, ..account })
    };
    let retry = |retry: crate::store::Retry| RetryAccount {
        index: retry.index,
        key: None,
        has_failed: failed.contains(&retry.index),
        attempts: retry.attempts,
        // Of what was tried again only the last failure is kept.
        failed: vec![FailedAttempt {
            number: retry.attempts.saturating_sub(1),
            kind: retry.kind,
            message: retry.message,
        }],
    };
    Ok(StepAccount {
        name: name.clone(),
        verb: step.verb.clone(),
        status: match step.status.as_str() {
            // Its process is gone.
            "running" if record.status != "running" => "cancelled".to_owned(),
            status => status.to_owned(),
        },
        reason: step.reason.clone(),
        total: step.total,
        tally,
        emitted: step.emitted,
        needed: share.map(percent_of).zip(step.needed),
        started: started.map(since),
        duration: step.duration.or_else(|| Some(until_now(record, started?))).unwrap_or_default(),
        target: step.target.clone(),
        outputs: step.outputs.clone(),
        spilled: step.spilled,
        holds: step.holds.clone(),
        reuse: step.reuse.clone(),
        timing: run.timing(name)?,
        groups: groups(run, name, tally.failed)?,
        failures: failures.into_iter().map(failure).collect::<Result<_, StoreError>>()?,
        retries: run.retries(name, 0, RETRIES_MAX as u64)?.into_iter().map(retry).collect(),
        nodes: nodes(&run.shards(name)?),
    })
}

/// The machines that have worked on these shards, by their names.
fn nodes(shards: &[ShardRow]) -> Vec<NodeAccount> {
    let mut nodes: BTreeMap<&Option<String>, NodeAccount> = BTreeMap::new();
    for shard in shards {
        let node = nodes.entry(&shard.node).or_default();
        let time = shard.started.zip(shard.ended).map_or(0.0, |(started, ended)| ended - started);
        node.node.clone_from(&shard.node);
        node.shards += 1;
        node.items += shard.count;
        node.attempts += u64::from(shard.attempts);
        node.time += Duration::try_from_secs_f64(time).unwrap_or_default();
        node.lost += Duration::try_from_secs_f64(shard.lost).unwrap_or_default();
    }
    nodes.into_values().collect()
}

fn groups(run: &StoredRun, step: &str, failed: u64) -> Result<Vec<Group>, StoreError> {
    let mut found = if failed > 0 { groups::of_step(run, step)?.list() } else { Vec::new() };
    found.truncate(GROUPS_MAX);
    Ok(found)
}

fn of_failure(failure: Failure, keyed: bool, log: Vec<(String, String)>) -> FailureAccount {
    let item = failure.item;
    let lines = attempts::lines(&item.history).into_iter().map(|(label, text)| format!("{label}: {text}"));
    FailureAccount {
        index: failure.index,
        key: keyed.then_some(failure.key),
        kind: item.kind.name().to_owned(),
        message: item.message.to_string(),
        place: item.place.as_ref().map(ToString::to_string),
        source: item.place.and_then(|place| place.source).map(|source| source.to_string()),
        attempts: item.attempts,
        duration: Some(item.duration),
        item: Some(item.item),
        fields: item.fields,
        history: if item.attempts > 1 { lines.collect() } else { Vec::new() },
        traceback: item.traceback,
        log,
        later: None,
    }
}
