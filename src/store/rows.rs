//! These functions write the rows of one transaction: of a commit when it is made, and again when a database is made
//! from segments and record. The caller decides when the transaction is committed.

use rusqlite::{Connection, params};

use super::endings::{BlockPlace, CommitFacts, EndingSpan};
use super::last_error::LastError;
use super::notes::{FailedRow, Notes, SkippedRow};
use super::record::{AppendNote, RecordLine, RunBegin, RunEnd, StepBegin, StepEnd};
use super::{LogEntry, clock};
use crate::event::{ReuseCounts, Timing, Usage};

/// Stands in the place of a step in log lines of the run itself.
pub(super) const RUN: &str = "";

/// What a line of the record says.
pub(super) fn line(connection: &Connection, line: &RecordLine) -> rusqlite::Result<()> {
    match line {
        RecordLine::RunBegin(begin) => begin_run(connection, begin),
        RecordLine::StepBegin(begin) => begin_step(connection, begin),
        RecordLine::StepAppend(note) => append(connection, note),
        RecordLine::StepEnd(end) => end_step(connection, end),
        RecordLine::RunEnd(end) => end_run(connection, end),
        RecordLine::RunLog(lines) => log_lines(connection, RUN, lines),
    }
}

/// The run begins, and none of its steps has begun.
pub(super) fn begin_run(connection: &Connection, begin: &RunBegin) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO run(id, pipeline, file, status, started, params, seed, parent, flowrun, language)
         VALUES(?1, ?2, ?3, 'running', ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            begin.id,
            begin.pipeline,
            begin.file,
            begin.started,
            begin.params,
            begin.seed,
            begin.parent,
            begin.flowrun,
            begin.language
        ],
    )?;
    for (position, (name, verb)) in begin.steps.iter().enumerate() {
        let sql = "INSERT OR IGNORE INTO steps(step, position, verb, status) VALUES(?1, ?2, ?3, 'pending')";
        connection.execute(sql, params![name, position as i64, verb])?;
    }
    Ok(())
}

/// A step has begun.
pub(super) fn begin_step(connection: &Connection, begin: &StepBegin) -> rusqlite::Result<()> {
    let fingerprint = serde_json::to_string(&begin.fingerprint).expect("pairs of strings are JSON");
    let sql = "INSERT INTO steps(step, position, verb, shape, keyed, fingerprint, status, started)
        VALUES(?1, (SELECT count(*) FROM steps), ?2, ?3, ?4, ?5, 'running', ?6)
        ON CONFLICT(step) DO UPDATE SET shape = ?3, keyed = ?4, fingerprint = ?5, status = 'running',
        started = coalesce(started, ?6)";
    let values = params![begin.step, begin.verb, begin.shape, begin.keyed, fingerprint, begin.at];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// What the database knows of a commit.
#[derive(Debug)]
pub(super) struct CommitRow<'a> {
    pub(super) step: &'a str,
    pub(super) place: BlockPlace,
    /// Number of its file.
    pub(super) segment: u32,
    /// The attempt at a shard that it was taken from, `17+3/2`; empty: the run itself.
    pub(super) source: &'a str,
    /// Bytes of the blocks behind its results.
    pub(super) endings: u64,
    pub(super) facts: CommitFacts,
    pub(super) spans: &'a [EndingSpan],
    /// Items that succeeded, and so have a line.
    pub(super) lines: u64,
}

/// Results and endings of a commit are on the disk.
pub(super) fn commit(connection: &Connection, seq: i64, commit: &CommitRow<'_>) -> rusqlite::Result<()> {
    let CommitRow { step, place, segment, source, endings, facts, spans, lines } = commit;
    let first = spans.iter().map(|span| span.first).min().unwrap_or(0);
    let last = spans
        .iter()
        .map(|span| span.first.saturating_add(u64::from(span.count).saturating_sub(1)))
        .max()
        .unwrap_or(0);
    let sql = "INSERT INTO commits(seq, step, segment, offset, length, endings, bytes, rows, first, last, at, source)
        VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    connection.prepare_cached(sql)?.execute(params![
        seq,
        step,
        segment,
        place.offset as i64,
        place.length as i64,
        *endings as i64,
        facts.bytes as i64,
        *lines as i64,
        first as i64,
        last as i64,
        clock::from_micros(facts.at),
        Some(source).filter(|source| !source.is_empty())
    ])?;
    let sql = "UPDATE steps SET successes = successes + ?2, emitted = emitted + ?3 WHERE step = ?1";
    connection.prepare_cached(sql)?.execute(params![step, *lines as i64, facts.emitted as i64])?;
    Ok(())
}

/// What is noted of a commit.
/// `at`: when.
pub(super) fn notes(connection: &Connection, step: &str, at: u64, notes: &Notes) -> rusqlite::Result<()> {
    failures(connection, step, &notes.failed)?;
    last_error(connection, step, at, notes)?;
    skips(connection, step, &notes.skipped)?;
    others(connection, step, notes)?;
    log_lines(connection, step, &notes.logs)?;
    notes.timing.as_ref().map_or(Ok(()), |timing| self::timing(connection, step, timing))?;
    let (failed, skipped) = (notes.failed.len() as u64, notes.skipped.len() as u64);
    count(connection, step, failed, skipped, notes.logs_left_out)
}

/// Counts items of a step that did not succeed, and log lines that were not kept.
pub(super) fn count(
    connection: &Connection,
    step: &str,
    failed: u64,
    skipped: u64,
    logs_left_out: u64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE steps SET failures = failures + ?2, skipped = skipped + ?3,
        logs_left_out = logs_left_out + ?4 WHERE step = ?1";
    let values = params![step, failed as i64, skipped as i64, logs_left_out as i64];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn failures(connection: &Connection, step: &str, failed: &[FailedRow]) -> rusqlite::Result<()> {
    let sql =
        "INSERT OR REPLACE INTO failures(step, idx, key, kind, message, file, line, col, source, traceback,
        fields, item, attempts, history, duration, permanent)
        VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    let mut statement = connection.prepare_cached(sql)?;
    for (index, key, item) in failed {
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

/// What went wrong last, for those who look at the step while it is running.
fn last_error(connection: &Connection, step: &str, at: u64, notes: &Notes) -> rusqlite::Result<()> {
    let Some(error) = LastError::newest(notes, at, 1).pop() else { return Ok(()) };
    let text = serde_json::to_string(&error).expect("strings and numbers are JSON");
    let sql = "UPDATE steps SET last_error = ?2 WHERE step = ?1";
    connection.prepare_cached(sql)?.execute(params![step, text])?;
    Ok(())
}

/// Items that were left out.
pub(super) fn skips(connection: &Connection, step: &str, skipped: &[SkippedRow]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT OR REPLACE INTO skipped VALUES(?1, ?2, ?3, ?4)")?;
    for (index, key, reason) in skipped {
        statement.execute(params![step, *index as i64, key, reason])?;
    }
    Ok(())
}

/// Items that were tried again, and those that were not run.
fn others(connection: &Connection, step: &str, notes: &Notes) -> rusqlite::Result<()> {
    let sql = "INSERT INTO retried VALUES(?1, ?2, ?3, ?4, ?5)
        ON CONFLICT(step, idx) DO UPDATE SET attempts = ?3, kind = ?4, message = ?5";
    let mut statement = connection.prepare_cached(sql)?;
    for item in &notes.retried {
        // The failed attempt and the one to come.
        let attempts = item.attempt + 1;
        statement.execute(params![step, item.index as i64, attempts, item.kind.name(), item.message])?;
    }
    let mut statement = connection.prepare_cached("INSERT OR REPLACE INTO cancelled VALUES(?1, ?2, ?3)")?;
    for (first, count) in &notes.cancelled {
        statement.execute(params![step, *first as i64, *count as i64])?;
    }
    Ok(())
}

fn log_lines(connection: &Connection, step: &str, lines: &[LogEntry]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT INTO logs VALUES(?1, ?2, ?3, ?4, ?5)")?;
    for line in lines {
        let (index, level) = (line.index as i64, line.level.name());
        statement.execute(params![step, index, level, line.message, line.fields])?;
    }
    Ok(())
}

/// A step is about to append to a file.
fn append(connection: &Connection, note: &AppendNote) -> rusqlite::Result<()> {
    let text = serde_json::to_string(note).expect("strings and numbers are JSON");
    let sql = "UPDATE steps SET appended = ?2 WHERE step = ?1";
    connection.prepare_cached(sql)?.execute(params![note.step, text])?;
    Ok(())
}

/// A step has ended; its counters are the last word.
fn end_step(connection: &Connection, end: &StepEnd) -> rusqlite::Result<()> {
    let StepEnd { step, at, result } = end;
    let sql = "INSERT INTO steps(step, position, verb, status, started)
        VALUES(?1, (SELECT count(*) FROM steps), '', '', ?2) ON CONFLICT(step) DO NOTHING";
    let started = at - result.age.unwrap_or(result.duration).as_secs_f64();
    connection.prepare_cached(sql)?.execute(params![step, started])?;
    let sql = "UPDATE steps SET status = ?2, reason = ?3, total = ?4, successes = ?5, failures = ?6, skipped = ?7,
        cancelled = ?8, retried = ?9, emitted = ?10, success_ratio = ?11, needed = ?12, min_success_ratio = ?13,
        started = coalesce(started, ?14), duration = ?15, target = ?16, outputs = ?17, holds = ?18, spilled = ?19 WHERE step = ?1";
    let tally = &result.tally;
    connection.prepare_cached(sql)?.execute(params![
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
        result.target,
        (!result.outputs.is_empty())
            .then(|| serde_json::to_string(&result.outputs).expect("strings and numbers are JSON")),
        (!result.holds.is_empty())
            .then(|| serde_json::to_string(&result.holds).expect("strings and numbers are JSON")),
        result.spilled as i64
    ])?;
    result.timing.as_ref().map_or(Ok(()), |timing| self::timing(connection, step, timing))?;
    result.reuse.as_ref().map_or(Ok(()), |counts| reuse(connection, step, counts))
}

/// How long items took.
fn timing(connection: &Connection, step: &str, timing: &Timing) -> rusqlite::Result<()> {
    let histogram = serde_json::to_string(timing).expect("numbers are JSON");
    let at = |share| timing.percentile(share).as_secs_f64();
    let sql = "INSERT OR REPLACE INTO timings VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let (count, max) = (timing.count as i64, timing.max().as_secs_f64());
    let values = params![step, count, at(0.5), at(0.9), at(0.99), max, histogram];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// What a step took over from an old run or the cache.
fn reuse(connection: &Connection, step: &str, counts: &ReuseCounts) -> rusqlite::Result<()> {
    let reasons = serde_json::to_string(&counts.reasons).expect("pairs of a string and a number are JSON");
    let sql = "UPDATE steps SET reused = ?2, redone = ?3, reasons = ?4, dropped = ?5 WHERE step = ?1";
    let values = params![step, counts.reused as i64, counts.redone as i64, reasons, counts.dropped as i64];
    connection.prepare_cached(sql)?.execute(values)?;
    if counts.shards > 0 {
        // Databases of earlier versions have no such column, and gather nothing.
        let sql = "UPDATE steps SET shards = ?2 WHERE step = ?1";
        connection.prepare_cached(sql)?.execute(params![step, counts.shards as i64])?;
    }
    Ok(())
}

/// The run has ended.
fn end_run(connection: &Connection, end: &RunEnd) -> rusqlite::Result<()> {
    let sql = "UPDATE run SET status = ?1, ended = ?2, duration = ?3";
    connection.execute(sql, params![end.status.name(), end.at, end.duration.as_secs_f64()])?;
    if let Some(Usage { processor, memory }) = &end.usage {
        // Databases of earlier versions have no such table.
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS usage(processor REAL NOT NULL, memory INTEGER NOT NULL)",
        )?;
        let sql = "INSERT INTO usage VALUES (?1, ?2)";
        connection.execute(sql, params![processor.as_secs_f64(), *memory as i64])?;
    }
    Ok(())
}
