//! The format of what is kept is a number: databases, records and segments say which one they have. This module knows
//! which ones can be read.

use rusqlite::Connection;

use super::StoreError;

/// Of a run. 1 had no number in its database, the digest of each item in its result line, and failures and logs in the
/// database alone.
pub(super) const RUN: u32 = 2;

/// Of the cache across runs. The first one had no number.
pub(super) const CACHE: u32 = 1;

/// Bits of a number that versions will use. Others are damage: a disk that turned a bit must not make a run unreadable.
const BITS: u32 = 0xFF;

/// The number that a database has.
pub(super) fn of(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0)).map(|found| found as u32)
}

/// Gives a database its number, within a transaction of the caller's.
pub(super) fn set(connection: &Connection, format: u32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "user_version", format)
}

/// Whether a number is that of a newer flowrun.
pub(super) fn is_newer(found: u32, known: u32) -> bool {
    found > known && found & !BITS == 0
}

/// An error if what was found was kept by a newer flowrun: it is left as it is.
pub(super) fn check(what: impl FnOnce() -> String, found: u32, known: u32) -> Result<(), StoreError> {
    if is_newer(found, known) {
        return Err(StoreError::Newer { what: what(), format: found, known });
    }
    Ok(())
}

/// As [`check`], for something of a run.
pub(super) fn check_run(id: &str, found: u32) -> Result<(), StoreError> {
    check(|| format!("run `{id}`"), found, RUN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_ones_are_refused_by_name_and_damaged_numbers_are_no_versions() {
        assert!(
            check_run("r1", 0).is_ok() && check_run("r1", 2).is_ok() && check_run("r1", 0x0100_0002).is_ok()
        );
        let error = check_run("r1", 3).expect_err("newer").to_string();
        assert_eq!(error, "run `r1` was kept by a newer flowrun (format 3); this one reads up to 2");
    }
}
