//! This module makes `run.db`: its tables, and connections for one writer and many readers. The committer decides
//! what goes into the tables.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{StoreError, file_system, format, lock, paths, private};

/// How long a connection waits for another one. Writers only wait for a second process that checkpoints.
const PATIENCE: Duration = Duration::from_secs(10);

/// Below this, a database is checked page by page before it is believed; beyond, that would take longer (a
/// millisecond a megabyte) than the one who opens it wants to wait, and damage shows when the page is read.
const CHECK_BYTES_MAX: u64 = 16 << 20;

/// Times are seconds since 1970, so `datetime(started, 'unixepoch')` shows them; durations are seconds. The endings of a
/// commit are the bytes of all blocks behind its results. Its source is the ledger that it was taken from; null: the
/// run's own.
const TABLES: &str = "
CREATE TABLE run(
  id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, file TEXT NOT NULL, status TEXT NOT NULL,
  started REAL NOT NULL, ended REAL, duration REAL, params TEXT NOT NULL, seed TEXT NOT NULL, parent TEXT,
  flowrun TEXT NOT NULL, language INTEGER NOT NULL);
CREATE TABLE steps(
  step TEXT PRIMARY KEY, position INTEGER NOT NULL, verb TEXT NOT NULL, shape TEXT, keyed INTEGER, fingerprint TEXT,
  status TEXT NOT NULL, reason TEXT, total INTEGER, successes INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0, cancelled INTEGER NOT NULL DEFAULT 0,
  retried INTEGER NOT NULL DEFAULT 0, emitted INTEGER NOT NULL DEFAULT 0, success_ratio REAL, needed INTEGER,
  min_success_ratio TEXT, started REAL, duration REAL, target TEXT, outputs TEXT, holds TEXT, appended TEXT, logs_left_out INTEGER NOT NULL DEFAULT 0,
  reused INTEGER, redone INTEGER, reasons TEXT, dropped INTEGER, shards INTEGER, spilled INTEGER NOT NULL DEFAULT 0, last_error TEXT);
CREATE TABLE commits(
  seq INTEGER PRIMARY KEY, step TEXT NOT NULL, segment INTEGER NOT NULL, offset INTEGER NOT NULL,
  length INTEGER NOT NULL, endings INTEGER NOT NULL, bytes INTEGER NOT NULL, rows INTEGER NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, at REAL NOT NULL, source TEXT);
CREATE TABLE failures(
  step TEXT NOT NULL, idx INTEGER NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL,
  file TEXT, line INTEGER, col INTEGER, source TEXT, traceback TEXT NOT NULL, fields TEXT, item TEXT NOT NULL,
  attempts INTEGER NOT NULL, history TEXT NOT NULL, duration REAL NOT NULL, permanent INTEGER NOT NULL,
  PRIMARY KEY(step, idx)) WITHOUT ROWID;
CREATE TABLE skipped(
  step TEXT NOT NULL, idx INTEGER NOT NULL, key TEXT NOT NULL, reason TEXT,
  PRIMARY KEY(step, idx)) WITHOUT ROWID;
CREATE TABLE retried(
  step TEXT NOT NULL, idx INTEGER NOT NULL, attempts INTEGER NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL,
  PRIMARY KEY(step, idx)) WITHOUT ROWID;
CREATE TABLE cancelled(
  step TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY(step, first)) WITHOUT ROWID;
CREATE TABLE logs(
  step TEXT NOT NULL, idx INTEGER NOT NULL, level TEXT NOT NULL, message TEXT NOT NULL, fields TEXT);
CREATE TABLE timings(step TEXT PRIMARY KEY, count INTEGER NOT NULL, p50 REAL NOT NULL, p90 REAL NOT NULL,
  p99 REAL NOT NULL, max REAL NOT NULL, histogram TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE shards(
  step TEXT NOT NULL, s TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, state TEXT NOT NULL,
  attempts INTEGER NOT NULL, job TEXT, node TEXT, started REAL, ended REAL, why TEXT,
  lost REAL NOT NULL, PRIMARY KEY(step, s)) WITHOUT ROWID;
CREATE INDEX logs_of_item ON logs(step, idx);
";

/// Makes the database of a new run, without tables.
pub(super) fn create(path: &Path) -> Result<Connection, StoreError> {
    private::database(path).map_err(|error| StoreError::io("create", path, error))?;
    let made = Connection::open(path).and_then(|connection| {
        set_up(&connection)?;
        Ok(connection)
    });
    made.map_err(|error| StoreError::sql("create", path, error))
}

/// Makes the tables in an empty database, within a transaction of the caller's.
pub(super) fn tables(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(TABLES)?;
    format::set(connection, format::RUN)
}

/// Opens the database of a run whose lock is held.
pub(super) fn write(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| StoreError::sql("open", path, error);
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    format::check_run(&id(path), format::of(&connection).map_err(failed)?)?;
    set_up(&connection).map_err(failed)?;
    Ok(connection)
}

/// The run whose database this is.
fn id(database: &Path) -> String {
    paths::id(database.parent().unwrap_or(database))
}

/// Each commit is on the disk when it returns, and readers see the state before it until then.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    // What connections share of a log beside the database lies in the memory of one machine.
    let is_local = connection.path().is_none_or(|path| file_system::is_local(Path::new(path)));
    let mode = if is_local { "WAL" } else { "DELETE" };
    connection.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

/// Opens a database to look at it, whether somebody is writing to it or nobody may any more. One of a newer flowrun is
/// refused with [`StoreError::Newer`].
pub(super) fn read(path: &Path) -> Result<Connection, StoreError> {
    let folder = path.parent().unwrap_or(path);
    // Of a run that is over nothing is left to be shared with a writer, so looking at it needs to leave no trace. What a
    // process that was killed has left in one of these files belongs to it.
    let is_whole = ["run.db-wal", "run.db-journal"].iter().all(|file| !folder.join(file).exists());
    let over = is_whole && lock::holder(folder).is_none();
    let opened = if over { open_alone(path) } else { open_beside_writers(path) };
    let (connection, found) = opened.map_err(|error| StoreError::sql("read", path, error))?;
    format::check_run(&id(path), found)?;
    Ok(connection)
}

/// A connection, and the format of its database.
type Opened = (Connection, u32);

/// To look only, from one thread.
pub(super) const READ: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

fn open_beside_writers(path: &Path) -> rusqlite::Result<Opened> {
    let first = Connection::open_with_flags(path, READ).and_then(proved);
    // On a read-only disk SQLite cannot make the file that it shares with writers, and there are none.
    if first.is_err() && is_read_only(path) { open_alone(path) } else { first }
}

fn open_alone(path: &Path) -> rusqlite::Result<Opened> {
    unshared(path).and_then(proved)
}

/// A connection that leaves no trace, to a database that nobody is writing to.
pub(super) fn unshared(path: &Path) -> rusqlite::Result<Connection> {
    let uri = format!("file:{}?immutable=1", escaped(path));
    Connection::open_with_flags(uri, READ | OpenFlags::SQLITE_OPEN_URI)
}

/// A connection that has read something: opening alone tells nothing. Tables of a newer flowrun may be others.
fn proved(connection: Connection) -> rusqlite::Result<Opened> {
    connection.busy_timeout(PATIENCE)?;
    let found = format::of(&connection)?;
    if !format::is_newer(found, format::RUN) {
        connection.query_row("SELECT count(*) FROM run", [], |row| row.get::<_, i64>(0))?;
    }
    Ok((connection, found))
}

/// Whether every page is what SQLite has written, for databases small enough to look.
pub(super) fn is_sound(connection: &Connection, path: &Path) -> bool {
    let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let check = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    size > CHECK_BYTES_MAX
        || connection.query_row("PRAGMA integrity_check(1)", [], check).is_ok_and(|answer| answer == "ok")
}

fn is_read_only(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(path);
    let wal = folder.join("run.db-wal");
    let probe = std::fs::OpenOptions::new().append(true).open(path);
    !wal.exists() && (probe.is_err() || tempfile::tempfile_in(folder).is_err())
}

/// A path in a URI.
fn escaped(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
