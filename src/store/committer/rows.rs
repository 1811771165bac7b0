//! These functions write the rows of one transaction. The writer decides when it is committed.

use std::time::Duration;

use rusqlite::{Transaction, params};

use super::pending::CommitGroup;
use crate::event::{ReuseCounts, RunStatus, StepResult, Timing};
use crate::store::StepSpec;
use crate::store::clock::now;
use crate::store::segment::WrittenAt;

/// Log lines of a step that are kept besides those of failures: more than anybody reads.
const STEP_LOGS_MAX: u64 = 100_000;

/// A step has begun.
pub(super) fn begin(transaction: &Transaction<'_>, spec: &StepSpec) -> rusqlite::Result<()> {
    let fingerprint = serde_json::to_string(&spec.fingerprint).expect("pairs of strings are JSON");
    let sql = "INSERT INTO steps(step, position, verb, shape, keyed, fingerprint, status, started)
        VALUES(?1, (SELECT count(*) FROM steps), ?2, ?3, ?4, ?5, 'running', ?6)
        ON CONFLICT(step) DO UPDATE SET shape = ?3, keyed = ?4, fingerprint = ?5, status = 'running', started = ?6";
    let values = params![spec.name, spec.verb, spec.shape.name(), spec.keyed, fingerprint, now()];
    transaction.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// A frame is on the disk.
pub(super) fn commit(
    transaction: &Transaction<'_>,
    seq: i64,
    step: &str,
    written: &WrittenAt,
    group: &CommitGroup,
) -> rusqlite::Result<()> {
    let runs = &group.endings.runs;
    let first = runs.iter().map(|run| run.first).min().unwrap_or(0);
    let last = runs.iter().map(|run| run.first + u64::from(run.count) - 1).max().unwrap_or(0);
    let sql = "INSERT INTO commits(seq, step, segment, offset, length, endings, bytes, rows, first, last, at)
        VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let place = &written.place;
    transaction.prepare_cached(sql)?.execute(params![
        seq,
        step,
        place.segment,
        place.offset as i64,
        place.length as i64,
        written.endings as i64,
        group.bytes as i64,
        group.lines as i64,
        first as i64,
        last as i64,
        now()
    ])?;
    Ok(())
}

/// Everything of a group but its results. `logs` is how many lines the step has had; returned as it is then.
pub(super) fn group(
    transaction: &Transaction<'_>,
    step: &str,
    group: &CommitGroup,
    mut logs: u64,
) -> rusqlite::Result<u64> {
    failures(transaction, step, group)?;
    skips(transaction, step, group)?;
    group.timing.as_ref().map_or(Ok(()), |timing| self::timing(transaction, step, timing))?;
    let left_out = group.logs_left_out + log_lines(transaction, step, group, &mut logs)?;
    let sql = "UPDATE steps SET successes = successes + ?2, failures = failures + ?3, skipped = skipped + ?4,
        emitted = emitted + ?5, logs_left_out = logs_left_out + ?6 WHERE step = ?1";
    transaction.prepare_cached(sql)?.execute(params![
        step,
        group.lines as i64,
        group.failed.len() as i64,
        group.skipped.len() as i64,
        group.emitted as i64,
        left_out as i64
    ])?;
    Ok(logs)
}

fn failures(transaction: &Transaction<'_>, step: &str, group: &CommitGroup) -> rusqlite::Result<()> {
    let sql =
        "INSERT OR REPLACE INTO failures(step, idx, key, kind, message, file, line, col, source, traceback,
        fields, item, attempts, history, duration, permanent)
        VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    let mut statement = transaction.prepare_cached(sql)?;
    for (index, key, item) in &group.failed {
        let place = item.place.as_ref();
        statement.execute(params![
            step,
            *index as i64,
            key,
            item.kind.name(),
            item.message,
            place.map(|place| &place.file),
            place.map(|place| place.line as i64),
            place.and_then(|place| place.column).map(|column| column as i64),
            place.and_then(|place| place.source.as_ref()),
            item.traceback,
            item.fields,
            item.item,
            item.attempts,
            item.history,
            item.duration.as_secs_f64(),
            item.permanent
        ])?;
    }
    Ok(())
}

fn skips(transaction: &Transaction<'_>, step: &str, group: &CommitGroup) -> rusqlite::Result<()> {
    let mut statement =
        transaction.prepare_cached("INSERT OR REPLACE INTO skipped VALUES(?1, ?2, ?3, ?4)")?;
    for (index, key, reason) in &group.skipped {
        statement.execute(params![step, *index as i64, key, reason])?;
    }
    let sql = "INSERT INTO retried VALUES(?1, ?2, ?3, ?4, ?5)
        ON CONFLICT(step, idx) DO UPDATE SET attempts = ?3, kind = ?4, message = ?5";
    let mut statement = transaction.prepare_cached(sql)?;
    for item in &group.retried {
        // The failed attempt and the one to come.
        let attempts = item.attempt + 1;
        statement.execute(params![step, item.index as i64, attempts, item.kind.name(), item.message])?;
    }
    let mut statement = transaction.prepare_cached("INSERT OR REPLACE INTO cancelled VALUES(?1, ?2, ?3)")?;
    for (first, count) in &group.cancelled {
        statement.execute(params![step, *first as i64, *count as i64])?;
    }
    Ok(())
}

/// Returns how many lines were left out.
fn log_lines(
    transaction: &Transaction<'_>,
    step: &str,
    group: &CommitGroup,
    logs: &mut u64,
) -> rusqlite::Result<u64> {
    let mut failed: Vec<u64> = group.failed.iter().map(|(index, ..)| *index).collect();
    failed.sort_unstable();
    let mut left_out = 0;
    let mut statement = transaction.prepare_cached("INSERT INTO logs VALUES(?1, ?2, ?3, ?4, ?5)")?;
    for line in &group.logs {
        if *logs >= STEP_LOGS_MAX && failed.binary_search(&line.index).is_err() {
            left_out += 1;
            continue;
        }
        *logs += 1;
        let (index, level) = (line.index as i64, line.level.name());
        statement.execute(params![step, index, level, line.message, line.fields])?;
    }
    Ok(left_out)
}

/// A step has ended; its counters are the last word.
pub(super) fn end_step(
    transaction: &Transaction<'_>,
    step: &str,
    result: &StepResult,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO steps(step, position, verb, status, started)
        VALUES(?1, (SELECT count(*) FROM steps), '', '', ?2) ON CONFLICT(step) DO NOTHING";
    let started = now() - result.age.unwrap_or(result.duration).as_secs_f64();
    transaction.prepare_cached(sql)?.execute(params![step, started])?;
    let sql = "UPDATE steps SET status = ?2, reason = ?3, total = ?4, successes = ?5, failures = ?6, skipped = ?7,
        cancelled = ?8, retried = ?9, emitted = ?10, success_ratio = ?11, needed = ?12, min_success_ratio = ?13,
        started = coalesce(started, ?14), duration = ?15, target = ?16 WHERE step = ?1";
    let tally = &result.tally;
    transaction.prepare_cached(sql)?.execute(params![
        step,
        result.status.name(),
        result.reason,
        result.total as i64,
        tally.succeeded as i64,
        tally.failed as i64,
        tally.skipped as i64,
        tally.cancelled as i64,
        tally.retried as i64,
        result.emitted as i64,
        tally.success_ratio(),
        result.needed.map(|(_, needed)| needed as i64),
        result.needed.map(|(ratio, _)| ratio.to_string()),
        started,
        result.duration.as_secs_f64(),
        result.target
    ])?;
    result.timing.as_ref().map_or(Ok(()), |timing| self::timing(transaction, step, timing))?;
    result.reuse.as_ref().map_or(Ok(()), |counts| reuse(transaction, step, counts))
}

/// How long items took.
fn timing(transaction: &Transaction<'_>, step: &str, timing: &Timing) -> rusqlite::Result<()> {
    let histogram = serde_json::to_string(timing).expect("numbers are JSON");
    let at = |share| timing.percentile(share).as_secs_f64();
    let sql = "INSERT OR REPLACE INTO timings VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let (count, max) = (timing.count as i64, timing.max().as_secs_f64());
    let values = params![step, count, at(0.5), at(0.9), at(0.99), max, histogram];
    transaction.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// What a step took over from an old run or the cache.
fn reuse(transaction: &Transaction<'_>, step: &str, counts: &ReuseCounts) -> rusqlite::Result<()> {
    let reasons = serde_json::to_string(&counts.reasons).expect("pairs of a string and a number are JSON");
    let sql = "UPDATE steps SET reused = ?2, redone = ?3, reasons = ?4, dropped = ?5 WHERE step = ?1";
    let values = params![step, counts.reused as i64, counts.redone as i64, reasons, counts.dropped as i64];
    transaction.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// The run has ended.
pub(super) fn end_run(
    transaction: &Transaction<'_>,
    status: RunStatus,
    duration: Duration,
) -> rusqlite::Result<()> {
    let sql = "UPDATE run SET status = ?1, ended = ?2, duration = ?3";
    transaction.execute(sql, params![status.name(), now(), duration.as_secs_f64()])?;
    Ok(())
}
