//! `db:exec`, `db:query` and `db:one` run statements and collect rows.

use mlua::{Table, Value};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, CachedStatement, Connection, Error};

use super::connection::Databases;
use super::error::raised;
use super::ffi;
use super::handle::this;
use super::value;
use crate::lua::host::call::Call;

/// The arguments of all three.
type QueryArguments = (Value, Value, Value);

/// `db:exec`
pub(super) fn exec(call: &Call<'_>, (db, sql, params): &QueryArguments) -> mlua::Result<u64> {
    run(call, db, |connection| {
        let sql = call.text(1, sql)?;
        let before = connection.total_changes();
        let mut statement = match prepared(connection, &sql) {
            Ok(statement) => statement,
            Err(Error::MultipleStatement) if !params.is_nil() => {
                return Err(call.bad_because(2, "values are for one statement, not for several"));
            }
            // A later statement may need what an earlier one makes, so that an error is none yet.
            Err(_) if params.is_nil() => {
                check_many(call, &sql)?;
                connection.execute_batch(&sql).map_err(|error| raised(call, &error))?;
                return Ok(connection.total_changes() - before);
            }
            Err(error) => return Err(raised(call, &error)),
        };
        value::bind(call, &mut statement, params)?;
        let mut rows = statement.raw_query();
        while rows.next().map_err(|error| raised(call, &error))?.is_some() {}
        drop(rows);
        // What triggers changed is in the total, but not in the answer.
        let is_unchanged = connection.total_changes() == before;
        Ok(if is_unchanged { 0 } else { connection.changes() })
    })
}

/// `db:query`
pub(super) fn query(call: &Call<'_>, (db, sql, params): &QueryArguments) -> mlua::Result<Table> {
    let mut list = call.list()?;
    rows(call, (db, sql, params), |row| {
        list.push(row)?;
        call.checkpoint_each(list.len())?;
        Ok(true)
    })?;
    list.finish()
}

/// `db:one`
pub(super) fn one(call: &Call<'_>, (db, sql, params): &QueryArguments) -> mlua::Result<Option<Table>> {
    let mut first = None;
    rows(call, (db, sql, params), |row| {
        first = Some(row);
        Ok(false)
    })?;
    Ok(first)
}

/// Semicolons of a text that may be one statement without a closer look.
const SEMICOLONS_MAX: usize = 16;

/// Semicolons times bytes of several statements: SQLite copies what is left of the text for each of them.
const BATCH_WORK_MAX: u64 = 1 << 32;

/// The one statement of a text. `rusqlite` looks behind it for another one, and behind that for a third: so it is asked only
/// when there are few, or none behind the first.
fn prepared<'a>(connection: &'a Connection, sql: &str) -> rusqlite::Result<CachedStatement<'a>> {
    if semicolons(sql).nth(SEMICOLONS_MAX).is_some() {
        let mut batch = Batch::new(connection, sql);
        if batch.next()?.is_some() && batch.next()?.is_some() {
            return Err(Error::MultipleStatement);
        }
    }
    connection.prepare_cached(sql)
}

fn semicolons(sql: &str) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(b';', sql.as_bytes())
}

/// Refuses so many statements that no deadline would end them.
fn check_many(call: &Call<'_>, sql: &str) -> mlua::Result<()> {
    let count = semicolons(sql).count() as u64;
    if count.saturating_mul(sql.len() as u64) <= BATCH_WORK_MAX {
        return Ok(());
    }
    let why =
        format!("{count} statements in {} bytes are too many at once; run them in several calls", sql.len());
    Err(call.bad_because(1, &why))
}

/// Hands on the rows of a statement until `take` says that it has enough.
fn rows(
    call: &Call<'_>,
    (db, sql, params): (&Value, &Value, &Value),
    mut take: impl FnMut(Table) -> mlua::Result<bool>,
) -> mlua::Result<()> {
    run(call, db, |connection| {
        let sql = call.text(1, sql)?;
        let mut statement = prepared(connection, &sql).map_err(|error| raised(call, &error))?;
        value::bind(call, &mut statement, params)?;
        let columns = statement.column_names().map(|name| call.new_string(name));
        let columns = columns.collect::<mlua::Result<Vec<_>>>()?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|error| raised(call, &error))? {
            if !take(value::row(call, &columns, row)?)? {
                break;
            }
        }
        Ok(())
    })
}

/// Runs `work` on the database's connection.
fn run<R>(call: &Call<'_>, db: &Value, work: impl FnOnce(&Connection) -> mlua::Result<R>) -> mlua::Result<R> {
    let database = this(call, db)?;
    call.checkpoint()?;
    let room = call.room()?;
    ffi::memory::within(room, || database.with(&Databases::of(call), work))
        .map_err(|error| raised(call, &error))?
}
