//! The cache across runs holds what a function has made of a content. The plan says which results may be remembered.
//!
//! It is a cache: a result that is lost or damaged is worked out again, so it is written with less care than a run's
//! journal.

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

const FILES: [&str; 3] = ["cache.db", "cache.db-wal", "cache.db-shm"];

/// The cache of one state folder: results by the digests of the function and of the item's content.
#[derive(Debug)]
pub struct Cache {
    path: PathBuf,
    connection: Connection,
    /// What was wrong with the one before.
    begun_anew: Option<String>,
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

    /// Appends the result lines that a function has made of a content, and says how many; `None`: not known.
    ///
    /// # Errors
    /// Fails when the database cannot be read. A damaged result is no error: it is not known.
    pub fn get(
        &self,
        function: Digest,
        content: Digest,
        shape: LinesPerItem,
        out: &mut Vec<u8>,
    ) -> Result<Option<u32>, StoreError> {
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
        if self::checksum(function, content, &value) != checksum {
            return Ok(None);
        }
        if value.is_empty() {
            return Ok((shape == LinesPerItem::Optional).then_some(0));
        }
        Ok(line::spread(out, shape, &value))
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

    /// Remembers what came of contents: the `v` of a result line; empty for a `filter` that let the item go. A cache
    /// that turns out to be damaged is begun anew.
    pub(super) fn put(&mut self, function: Digest, values: &[(Digest, Vec<u8>)]) -> Result<(), StoreError> {
        match self.try_put(function, values) {
            Err(error) if error.is_damage() => {
                *self = Self::anew(&self.path, &error)?;
                self.try_put(function, values)
            }
            done => done,
        }
    }

    fn try_put(&mut self, function: Digest, values: &[(Digest, Vec<u8>)]) -> Result<(), StoreError> {
        let at = now();
        let connection = &mut self.connection;
        let mut put = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            {
                let sql = "INSERT OR REPLACE INTO memo VALUES(?1, ?2, ?3, ?4, ?5)";
                let mut statement = transaction.prepare_cached(sql)?;
                for (content, value) in values {
                    let checksum = checksum(function, *content, value);
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

/// SQLite believes its pages; a result must not change by a flipped bit.
fn checksum(function: Digest, content: Digest, value: &[u8]) -> i64 {
    let mut text = [blob(function), blob(content)].concat();
    text.extend_from_slice(value);
    xxh3_64(&text) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: Digest = Digest(1);

    fn cache(state: &Path, values: &[(u128, &str)]) -> Cache {
        let mut cache = Cache::open(state).expect("room");
        let values: Vec<_> =
            values.iter().map(|(content, value)| (Digest(*content), value.as_bytes().to_vec())).collect();
        cache.put(F, &values).expect("room");
        cache
    }

    fn check(cache: &Cache, content: u128, shape: LinesPerItem, expect: Option<&str>) {
        let mut out = Vec::new();
        let lines = cache.get(F, Digest(content), shape, &mut out).expect("readable");
        assert_eq!(lines, expect.map(|text| text.lines().count() as u32));
        assert_eq!(String::from_utf8_lossy(&out), expect.unwrap_or(""));
        assert_eq!(cache.has(F, Digest(content)).expect("readable"), expect.is_some());
    }

    #[test]
    fn what_was_remembered_comes_back_as_lines() {
        let dir = tempfile::tempdir().expect("a folder");
        let cache = cache(dir.path(), &[(1, "{\"a\":1}"), (2, ""), (3, "[1,[2]]")]);
        check(&cache, 1, LinesPerItem::One, Some("{\"a\":1}\n"));
        check(&cache, 2, LinesPerItem::Optional, Some(""));
        check(&cache, 3, LinesPerItem::Many, Some("1\n[2]\n"));
        check(&cache, 4, LinesPerItem::One, None);
        let other = cache.get(Digest(2), Digest(1), LinesPerItem::One, &mut Vec::new()).expect("readable");
        assert_eq!(other, None, "another function has made nothing yet");
    }

    #[test]
    fn the_last_result_counts_and_old_ones_can_be_forgotten() {
        let dir = tempfile::tempdir().expect("a folder");
        let cache = cache(dir.path(), &[(1, "1"), (1, "2"), (2, "3")]);
        check(&cache, 1, LinesPerItem::One, Some("2\n"));
        let stats = cache.stats().expect("readable");
        assert_eq!((stats.entries, stats.functions, stats.value_bytes), (2, 1, 2));
        assert!(stats.file_bytes > 0 && stats.oldest.is_some());
        let hour = Some(Duration::from_secs(3600));
        let now = SystemTime::now();
        assert_eq!(cache.prune(hour, now).expect("room"), 0);
        assert_eq!(cache.prune(hour, now + Duration::from_secs(7200)).expect("room"), 2);
        check(&cache, 1, LinesPerItem::One, None);
    }

    #[test]
    fn a_memo_that_is_damaged_is_begun_anew_and_never_believed() {
        let dir = tempfile::tempdir().expect("a folder");
        drop(cache(dir.path(), &[(1, "12345678901234567890")]));
        let path = dir.path().join("cache.db");
        let mut bytes = std::fs::read(&path).expect("readable");
        let at = memchr::memmem::find(&bytes, b"12345678901234567890").expect("checkpointed");
        bytes[at + 3] ^= 1;
        std::fs::write(&path, &bytes).expect("room");
        let cache = Cache::open(dir.path()).expect("still SQLite");
        assert_eq!(cache.get(F, Digest(1), LinesPerItem::One, &mut Vec::new()).expect("readable"), None);
        drop(cache);
        std::fs::write(&path, "no database at all, but long enough to look like one to somebody")
            .expect("room");
        let cache = Cache::open(dir.path()).expect("begun anew");
        assert!(cache.begun_anew().is_some_and(|said| said.ends_with("the cache is begun anew")));
        check(&cache, 1, LinesPerItem::One, None);
    }

    #[test]
    fn the_functions_that_a_step_had_are_known_as_long_as_their_results_are() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut cache = cache(dir.path(), &[(1, "1")]);
        cache.put(Digest(2), &[(Digest(1), b"2".to_vec())]).expect("room");
        let print = |text: &str| vec![("function".to_owned(), text.to_owned())];
        for (step, function) in [("s", 1), ("s", 2), ("t", 2)] {
            cache.name("p", step, Digest(function), &print(&function.to_string())).expect("room");
        }
        let earlier = |cache: &Cache, function| cache.earlier("p", "s", Digest(function)).expect("readable");
        assert_eq!(earlier(&cache, 2), [(Digest(1), print("1"))]);
        assert_eq!(earlier(&cache, 3).len(), 2);
        cache.prune(None, SystemTime::now()).expect("room");
        assert!(earlier(&cache, 3).is_empty());
    }

    #[test]
    fn looking_makes_and_mends_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(Cache::look(dir.path()).expect("nothing").is_none());
        assert!(!dir.path().join("cache.db").exists());
        std::fs::write(dir.path().join("cache.db"), "x".repeat(5000)).expect("room");
        assert!(Cache::look(dir.path()).expect_err("damaged").is_damage());
    }
}
