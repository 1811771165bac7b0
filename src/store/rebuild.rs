//! This module makes a database again from what the segments say, for the day `run.db` cannot be read.
//!
//! It cannot bring back what only the database knew (failures, reasons of skips, logs); which items ended and how is
//! not lost.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, params};
use serde_json::Value;

use super::endings::EndingKind;
use super::segment::FoundCommit;
use super::{Fingerprint, StoreError, database, endings, lock, paths, segment};

/// The database of the run in this folder, as far as it can be made out. Nothing on the disk is changed.
pub(super) fn in_memory(run: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_in_memory();
    let connection = connection.map_err(|error| StoreError::sql("rebuild", run, error))?;
    fill(&connection, run)?;
    Ok(connection)
}

/// Fills a database without tables.
pub(super) fn fill(connection: &Connection, run: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::sql("rebuild", &paths::database(run), error);
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    database::tables(connection).map_err(failed)?;
    let id = run_row(connection, run).map_err(failed)?;
    let mut seq = 0;
    for step in folders(&paths::steps(run))? {
        step_rows(connection, run, &id, &step, &mut seq)?;
    }
    connection.execute_batch("COMMIT").map_err(failed)
}

fn run_row(connection: &Connection, run: &Path) -> rusqlite::Result<String> {
    let text = fs::read_to_string(paths::record(run)).unwrap_or_default();
    let record: Value = serde_json::from_str(&text).unwrap_or_default();
    let folder = paths::id(run);
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let params = fs::read_to_string(paths::pipeline(run).join("params.json")).unwrap_or_default();
    // How it ended only the database knew; an interrupted run is the one that promises least.
    let status = if lock::holder(run).is_some() { "running" } else { "interrupted" };
    connection.execute(
        "INSERT INTO run(id, pipeline, file, status, started, params, seed, parent, flowrun, language)
         VALUES(?1, ?2, ?3, ?10, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            folder,
            text("pipeline"),
            text("file"),
            record["started"].as_f64().unwrap_or(0.0),
            params,
            text("seed"),
            record["parent"].as_str(),
            text("flowrun"),
            record["language"].as_u64().map_or(1, |version| version as i64),
            status,
        ],
    )?;
    for (position, step) in record["steps"].as_array().into_iter().flatten().enumerate() {
        let (name, verb) = (step[0].as_str(), step[1].as_str());
        let sql = "INSERT OR IGNORE INTO steps(step, position, verb, status) VALUES(?1, ?2, ?3, 'pending')";
        connection
            .execute(sql, params![name.unwrap_or_default(), position as i64, verb.unwrap_or_default()])?;
    }
    Ok(folder)
}

/// Names of the folders in a folder, sorted.
fn folders(path: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    let Ok(entries) = fs::read_dir(path) else { return Ok(names) };
    for entry in entries {
        let entry = entry.map_err(|error| StoreError::io("read", path, error))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn step_rows(
    connection: &Connection,
    run: &Path,
    id: &str,
    step: &str,
    seq: &mut i64,
) -> Result<(), StoreError> {
    let failed = |error| StoreError::sql("rebuild", &paths::database(run), error);
    let folder = paths::step(run, step);
    let mut numbers: Vec<u32> =
        folders(&folder)?.iter().filter_map(|file| paths::segment_number(file)).collect();
    numbers.sort_unstable();
    for number in numbers {
        let path = paths::segment(run, step, number);
        let (title, found) = segment::scan(&path, endings::tag(id, step), number)?;
        let Some(title) = title.and_then(|title| serde_json::from_str::<Value>(&title).ok()) else {
            continue;
        };
        begin(connection, step, &title).map_err(failed)?;
        for found in found {
            *seq += 1;
            commit(connection, step, *seq, &found).map_err(failed)?;
            skips(connection, step, &path, &found).map_err(failed)?;
        }
    }
    Ok(())
}

fn begin(connection: &Connection, step: &str, title: &Value) -> rusqlite::Result<()> {
    let fingerprint: Fingerprint = serde_json::from_value(title["fingerprint"].clone()).unwrap_or_default();
    let fingerprint = serde_json::to_string(&fingerprint).expect("pairs of strings are JSON");
    let sql = "INSERT INTO steps(step, position, verb, shape, keyed, fingerprint, status)
        VALUES(?1, (SELECT count(*) FROM steps), ?2, ?3, ?4, ?5, 'cancelled')
        ON CONFLICT(step) DO UPDATE SET shape = ?3, keyed = ?4, fingerprint = ?5, status = 'cancelled'";
    let (verb, shape) = (title["verb"].as_str().unwrap_or_default(), title["shape"].as_str());
    let keyed = title["keyed"].as_bool().unwrap_or(false);
    connection.execute(sql, params![step, verb, shape, keyed, fingerprint])?;
    Ok(())
}

fn commit(connection: &Connection, step: &str, seq: i64, found: &FoundCommit) -> rusqlite::Result<()> {
    let (place, head) = (&found.place, &found.head);
    let states =
        |state: EndingKind| (0..head.rows as usize).filter(|row| head.state(*row) == state).count() as i64;
    let succeeded = states(EndingKind::Succeeded);
    let first = head.runs.iter().map(|run| run.first).min().unwrap_or(0);
    let last = head.runs.iter().map(|run| run.first + u64::from(run.count) - 1).max().unwrap_or(0);
    connection
        .prepare_cached("INSERT INTO commits VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, 0)")?
        .execute(params![
            seq,
            step,
            place.segment,
            place.offset as i64,
            place.length as i64,
            found.endings as i64,
            succeeded,
            first as i64,
            last as i64
        ])?;
    let sql = "UPDATE steps SET successes = successes + ?2, skipped = skipped + ?3, failures = failures + ?4
        WHERE step = ?1";
    let failures = states(EndingKind::Failed) + states(EndingKind::FailedForGood);
    connection.prepare_cached(sql)?.execute(params![
        step,
        succeeded,
        states(EndingKind::Skipped),
        failures
    ])?;
    Ok(())
}

/// Skipped items are known by their digest; their reasons are lost.
fn skips(connection: &Connection, step: &str, path: &Path, found: &FoundCommit) -> rusqlite::Result<()> {
    if found.head.states.is_empty() {
        return Ok(());
    }
    let digests = fs::File::open(path)
        .ok()
        .and_then(|file| segment::read_digests(&file, found.place, &found.head, found.endings));
    let identities = digests.map(|(identities, _)| identities).unwrap_or_default();
    let indices = found.head.runs.iter().flat_map(|run| run.first..run.first + u64::from(run.count));
    for (row, index) in indices.enumerate().filter(|(row, _)| found.head.state(*row) == EndingKind::Skipped) {
        let key = identities.get(row).map(ToString::to_string).unwrap_or_default();
        let sql = "INSERT OR REPLACE INTO skipped VALUES(?1, ?2, ?3, NULL)";
        connection.prepare_cached(sql)?.execute(params![step, index as i64, key])?;
    }
    Ok(())
}
