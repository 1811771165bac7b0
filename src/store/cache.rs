//! The cache across runs holds what a function has made of a content. The plan says which results may be remembered.
//!
//! It is a cache: a result that is lost or damaged is worked out again, so it is written with less care than a run's
//! journal.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, params};
use xxhash_rust::xxh3::xxh3_64;

use super::clock::{now, seconds};
use super::database::{self, READ};
use super::{Digest, Fingerprint, LinesPerItem, StoreError, format, line, paths, private};

/// How long a connection waits for another run that writes.
const PATIENCE: Duration = Duration::from_secs(10);

// The table is called `memo` from earlier versions; under another name every cache would begin anew.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS memo(
  function BLOB NOT NULL, content BLOB NOT NULL, value BLOB NOT NULL, checksum INTEGER NOT NULL, at REAL NOT NULL,
  PRIMARY KEY(function, content)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS functions(
  pipeline TEXT NOT NULL, step TEXT NOT NULL, function BLOB NOT NULL, fingerprint TEXT NOT NULL, at REAL NOT NULL,
  PRIMARY KEY(pipeline, step, function)) WITHOUT ROWID;
";

/// Earlier functions of a step that are looked at to say why a result is not known. Each costs a look for every item
/// that runs.
const EARLIER_MAX: i64 = 2;

/// The kind of value that stands for `flow.skip`, and what a reason begins with: there may be none, and an empty one.
const SKIPPED: &[u8] = b"skipped";
const REASON: &[u8] = b"+";

const FILES: [&str; 3] = ["cache.db", "cache.db-wal", "cache.db-shm"];

/// The cache of one state folder: results by the digests of the function and of the item's content.
#[derive(Debug)]
pub struct Cache {
    path: PathBuf,
    connection: Connection,
    /// What was wrong with the one before.
    begun_anew: Option<String>,
}

/// What became of a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Remembered {
    /// The `v` of a result line; empty for a `filter` that let the item go.
    Value(Vec<u8>),
    /// `flow.skip`, with its reason.
    Skipped(Option<String>),
}

/// What is known of a content.
#[derive(Debug, PartialEq, Eq)]
pub enum Known {
    /// So many result lines, which were appended.
    Lines(u32),
    /// It was left out, for this reason.
    Skipped(Option<String>),
}

/// What `flowrun cache stats` says.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CacheStats {
    /// Results.
    pub entries: u64,
    /// Functions that made them.
    pub functions: u64,
    /// Bytes of the results.
    pub value_bytes: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// When the oldest was made, in seconds since 1970.
    pub oldest: Option<f64>,
}

impl Cache {
    /// Opens the cache of a state folder, which is made when it is missing. One that cannot be read is begun anew.
    ///
    /// # Errors
    /// Fails when the folder or the database cannot be made or opened, for reasons other than damage, and with
    /// [`StoreError::Newer`] when it is that of a newer flowrun, which is left alone.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        let path = paths::cache(state);
        private::within(state, state).map_err(|error| StoreError::io("create", state, error))?;
        match Self::connect(&path) {
            Err(error) if error.is_damage() => Self::anew(&path, &error),
            opened => opened,
        }
    }

    /// Opens the cache of a state folder to look at it; `None`: there is none.
    ///
    /// # Errors
    /// Fails when there is one and it cannot be read.
    pub fn look(state: &Path) -> Result<Option<Self>, StoreError> {
        let path = paths::cache(state);
        if !path.exists() {
            return Ok(None);
        }
        let shared = state.join("cache.db-wal").exists();
        let opened =
            if shared { Connection::open_with_flags(&path, READ) } else { database::unshared(&path) };
        let failed = |error| StoreError::sql("read", &path, error);
        let connection = opened.map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        check(&connection, &path, "read")?;
        let probe = "SELECT count(*) FROM (SELECT 1 FROM memo LIMIT 1)";
        connection.query_row(probe, [], |_| Ok(())).map_err(failed)?;
        Ok(Some(Self { path, connection, begun_anew: None }))
    }

    /// Removes a damaged cache and makes an empty one.
    fn anew(path: &Path, damage: &StoreError) -> Result<Self, StoreError> {
        for name in FILES {
            // What cannot be removed will be complained about by SQLite again.
            let _ = std::fs::remove_file(path.with_file_name(name));
        }
        let begun_anew = Some(format!("{damage}; the cache is begun anew"));
        Ok(Self { begun_anew, ..Self::connect(path)? })
    }

    /// What is to be said when the cache that was there had to be given up.
    pub fn begun_anew(&self) -> Option<&str> {
        self.begun_anew.as_deref()
    }

    fn connect(path: &Path) -> Result<Self, StoreError> {
        private::database(path).map_err(|error| StoreError::io("create", path, error))?;
        let failed = |error| StoreError::sql("open", path, error);
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        check(&connection, path, "open")?;
        set_up(&connection).map_err(failed)?;
        Ok(Self { path: path.to_path_buf(), connection, begun_anew: None })
    }

    /// What has become of a content under a function; result lines are appended. `None`: not known.
    ///
    /// # Errors
    /// Fails when the database cannot be read. A damaged result is no error: it is not known.
    pub fn get(
        &self,
        function: Digest,
        content: Digest,
        shape: LinesPerItem,
        out: &mut Vec<u8>,
    ) -> Result<Option<Known>, StoreError> {
        let get = || -> rusqlite::Result<Option<(Vec<u8>, i64)>> {
            let sql = "SELECT value, checksum FROM memo WHERE function = ?1 AND content = ?2";
            let mut statement = self.connection.prepare_cached(sql)?;
            statement
                .query_row(params![blob(function), blob(content)], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        };
        let Some((value, checksum)) = get().map_err(|error| self.failed("read", error))? else {
            return Ok(None);
        };
        if checksum == checksum_of(function, content, &value, SKIPPED) {
            let reason = value.strip_prefix(REASON).map(|text| String::from_utf8_lossy(text).into_owned());
            return Ok(Some(Known::Skipped(reason)));
        }
        if checksum != checksum_of(function, content, &value, b"") {
            return Ok(None);
        }
        if value.is_empty() {
            return Ok((shape == LinesPerItem::Optional).then_some(Known::Lines(0)));
        }
        Ok(line::spread(out, shape, &value).map(Known::Lines))
    }

    /// Whether a result is known.
    ///
    /// # Errors
    /// Fails when the database cannot be read.
    pub fn has(&self, function: Digest, content: Digest) -> Result<bool, StoreError> {
        let has = || -> rusqlite::Result<bool> {
            let sql = "SELECT 1 FROM memo WHERE function = ?1 AND content = ?2";
            self.connection.prepare_cached(sql)?.exists(params![blob(function), blob(content)])
        };
        has().map_err(|error| self.failed("read", error))
    }

    /// Whether any result of a function is known.
    ///
    /// # Errors
    /// Fails when the database cannot be read.
    pub fn has_any(&self, function: Digest) -> Result<bool, StoreError> {
        let has = || -> rusqlite::Result<bool> {
            self.connection
                .prepare_cached("SELECT 1 FROM memo WHERE function = ?1 LIMIT 1")?
                .exists([blob(function)])
        };
        has().map_err(|error| self.failed("read", error))
    }

    /// The last functions that a step had before this one, with what they depended on.
    ///
    /// # Errors
    /// Fails when the database cannot be read.
    pub fn earlier(
        &self,
        pipeline: &str,
        step: &str,
        function: Digest,
    ) -> Result<Vec<(Digest, Fingerprint)>, StoreError> {
        let earlier = || -> rusqlite::Result<Vec<(Digest, Fingerprint)>> {
            let sql = "SELECT function, fingerprint FROM functions
                WHERE pipeline = ?1 AND step = ?2 AND function <> ?3 ORDER BY at DESC LIMIT ?4";
            let values = params![pipeline, step, blob(function), EARLIER_MAX];
            let row = |row: &rusqlite::Row<'_>| {
                let fingerprint = serde_json::from_str(&row.get::<_, String>(1)?).unwrap_or_default();
                Ok((Digest(u128::from_be_bytes(row.get(0)?)), fingerprint))
            };
            self.connection.prepare_cached(sql)?.query_map(values, row)?.collect()
        };
        earlier().map_err(|error| self.failed("read", error))
    }

    /// Remembers which function a step has.
    pub(super) fn name(
        &self,
        pipeline: &str,
        step: &str,
        function: Digest,
        fingerprint: &Fingerprint,
    ) -> Result<(), StoreError> {
        let fingerprint = serde_json::to_string(fingerprint).expect("pairs of strings are JSON");
        let sql = "INSERT OR REPLACE INTO functions VALUES(?1, ?2, ?3, ?4, ?5)";
        let values = params![pipeline, step, blob(function), fingerprint, now()];
        self.connection.execute(sql, values).map(drop).map_err(|error| self.failed("write", error))
    }

    /// Remembers what became of contents. A cache that turns out to be damaged is begun anew.
    pub(super) fn put(
        &mut self,
        function: Digest,
        values: &[(Digest, Remembered)],
    ) -> Result<(), StoreError> {
        match self.try_put(function, values) {
            Err(error) if error.is_damage() => {
                *self = Self::anew(&self.path, &error)?;
                self.try_put(function, values)
            }
            done => done,
        }
    }

    fn try_put(&mut self, function: Digest, values: &[(Digest, Remembered)]) -> Result<(), StoreError> {
        let at = now();
        let connection = &mut self.connection;
        let mut put = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            {
                let sql = "INSERT OR REPLACE INTO memo VALUES(?1, ?2, ?3, ?4, ?5)";
                let mut statement = transaction.prepare_cached(sql)?;
                for (content, remembered) in values {
                    let (value, kind) = match remembered {
                        Remembered::Value(value) => (Cow::from(value), &b""[..]),
                        Remembered::Skipped(reason) => {
                            let reason = reason.iter().flat_map(|text| [REASON, text.as_bytes()].concat());
                            (Cow::from(reason.collect::<Vec<u8>>()), SKIPPED)
                        }
                    };
                    let checksum = checksum_of(function, *content, &value, kind);
                    statement.execute(params![blob(function), blob(*content), value, checksum, at])?;
                }
            }
            transaction.commit()
        };
        put().map_err(|error| StoreError::sql("write", &self.path, error))
    }

    /// How much there is.
    ///
    /// # Errors
    /// Fails when the database cannot be read.
    pub fn stats(&self) -> Result<CacheStats, StoreError> {
        let sql =
            "SELECT count(*), count(DISTINCT function), coalesce(sum(length(value)), 0), min(at) FROM memo";
        let stats = self.connection.query_row(sql, [], |row| {
            let count = |at: usize| row.get::<_, i64>(at).map(|count| count as u64);
            Ok(CacheStats {
                entries: count(0)?,
                functions: count(1)?,
                value_bytes: count(2)?,
                file_bytes: 0,
                oldest: row.get(3)?,
            })
        });
        let stats = stats.map_err(|error| self.failed("read", error))?;
        let size =
            |name: &str| std::fs::metadata(self.path.with_file_name(name)).map_or(0, |file| file.len());
        Ok(CacheStats { file_bytes: size("cache.db") + size("cache.db-wal"), ..stats })
    }

    /// Forgets what is older; everything without an age. Says how many results that were.
    ///
    /// # Errors
    /// Fails when the database cannot be written.
    pub fn prune(&self, older_than: Option<Duration>, now: SystemTime) -> Result<u64, StoreError> {
        let before = older_than.map_or(f64::MAX, |age| seconds(now) - age.as_secs_f64());
        let prune = || -> rusqlite::Result<usize> {
            let gone = self.connection.execute("DELETE FROM memo WHERE at < ?1", [before])?;
            let sql = "DELETE FROM functions WHERE function NOT IN (SELECT function FROM memo)";
            self.connection.execute(sql, [])?;
            self.connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?;
            Ok(gone)
        };
        prune().map(|gone| gone as u64).map_err(|error| self.failed("prune", error))
    }

    fn failed(&self, intent: &'static str, error: rusqlite::Error) -> StoreError {
        StoreError::sql(intent, &self.path, error)
    }
}

/// An error if the cache is that of a newer flowrun: nothing of it is touched then.
fn check(connection: &Connection, path: &Path, intent: &'static str) -> Result<(), StoreError> {
    let found = format::of(connection).map_err(|error| StoreError::sql(intent, path, error))?;
    format::check(|| format!("the cache `{}`", path.display()), found, format::CACHE)
}

/// Makes tables where there are none. A cache of the first flowruns, which had no number, gets it.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.execute_batch(TABLES)?;
    if format::of(connection)? != format::CACHE {
        format::set(connection, format::CACHE)?;
    }
    Ok(())
}

fn blob(digest: Digest) -> [u8; 16] {
    digest.0.to_be_bytes()
}

/// SQLite believes its pages; a result must not change by a flipped bit. The kind of a value is told by its checksum alone, so
/// that a flowrun which knows of results only takes what was skipped for damaged, and works it out again.
fn checksum_of(function: Digest, content: Digest, value: &[u8], kind: &[u8]) -> i64 {
    let mut text = [blob(function), blob(content)].concat();
    text.extend_from_slice(value);
    text.extend_from_slice(kind);
    xxh3_64(&text) as i64
}

#[cfg(test)]
mod tests;
