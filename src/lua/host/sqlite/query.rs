//! `db:exec`, `db:query` and `db:one` run statements and collect rows.

use std::collections::HashSet;

use mlua::{Table, Value};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, CachedStatement, Connection, Error, Statement};

use super::connection::{Databases, Turn};
use super::error::raised;
use super::ffi;
use super::handle::this;
use super::value;
use crate::lua::host::call::Call;

/// The arguments of all three: database, text, values, whether the caller can wait without holding the thread; and of `exec`, when it
/// is tried again, how many statements of the text were run already and how many rows they have changed.
type QueryArguments = (Value, Value, Value, bool, Option<usize>, Option<u64>);

/// `db:exec`
pub(super) fn exec(call: &Call<'_>, arguments: &QueryArguments) -> mlua::Result<(Option<f64>, u64, u64)> {
    let (_, sql, params, _, done, changed) = arguments;
    let (mut done, mut changed) = (done.unwrap_or(0), changed.unwrap_or(0));
    let (wait, result) = run(call, arguments, |connection, turn| {
        let sql = call.text(1, sql)?;
        if params.is_nil() && is_nothing(connection, &sql) {
            return Ok(0);
        }
        let before = connection.total_changes();
        let mut statement = match prepared(connection, &sql) {
            Ok(statement) => statement,
            Err(Error::MultipleStatement) if !params.is_nil() => {
                return Err(call.bad_because(2, "values are for one statement, not for several"));
            }
            // A later statement may need what an earlier one makes, so that an error is none yet.
            Err(_) if params.is_nil() => {
                check_many(call, &sql)?;
                let ran = run_all(call, (connection, turn), &sql, &mut done);
                changed += connection.total_changes() - before;
                return ran.map(|()| changed);
            }
            Err(error) => return Err(raised(call, &error)),
        };
        value::bind(call, &mut statement, params)?;
        check_turn(call, turn, &statement, connection)?;
        let mut rows = statement.raw_query();
        while rows.next().map_err(|error| raised(call, &error))?.is_some() {}
        drop(rows);
        // What triggers changed is in the total, but not in the answer.
        let is_unchanged = connection.total_changes() == before;
        Ok(if is_unchanged { 0 } else { connection.changes() })
    })?;
    Ok((wait, result.unwrap_or(done as u64), changed))
}

/// Whether there is no statement in a text: comments and semicolons do nothing.
fn is_nothing(connection: &Connection, sql: &str) -> bool {
    let first = sql.trim_start().bytes().next();
    // What begins otherwise is a statement, and is not prepared twice.
    matches!(first, None | Some(b';' | b'-' | b'/')) && matches!(Batch::new(connection, sql).next(), Ok(None))
}

/// Runs the statements of a text, from the one on that is not done yet.
fn run_all(
    call: &Call<'_>,
    (connection, turn): (&Connection, &Turn<'_>),
    sql: &str,
    done: &mut usize,
) -> mlua::Result<()> {
    let failed = |error: &Error| raised(call, error);
    let mut batch = Batch::new(connection, sql);
    let mut at = 0;
    while let Some(mut statement) = batch.next().map_err(|error| failed(&error))? {
        if at >= *done {
            check_turn(call, turn, &statement, connection)?;
            let mut rows = statement.raw_query();
            rows.next().map_err(|error| failed(&error))?;
            *done = at + 1;
        }
        at += 1;
    }
    Ok(())
}

/// Refuses a statement that has to wait for other items; it is tried again.
fn check_turn(
    call: &Call<'_>,
    turn: &Turn<'_>,
    statement: &Statement<'_>,
    connection: &Connection,
) -> mlua::Result<()> {
    if turn.may_run(statement.readonly(), connection.is_autocommit()) {
        return Ok(());
    }
    Err(call.fail("failed: database is locked"))
}

/// `db:query`
pub(super) fn query(
    call: &Call<'_>,
    arguments: &QueryArguments,
) -> mlua::Result<(Option<f64>, Option<Table>)> {
    let mut list = call.list()?;
    let (wait, _) = rows(call, arguments, |row| {
        list.push(row)?;
        call.checkpoint_each(list.len())?;
        Ok(true)
    })?;
    Ok((wait, if wait.is_none() { Some(list.finish()?) } else { None }))
}

/// `db:one`
pub(super) fn one(call: &Call<'_>, arguments: &QueryArguments) -> mlua::Result<(Option<f64>, Option<Table>)> {
    let mut first = None;
    let (wait, _) = rows(call, arguments, |row| {
        first = Some(row);
        Ok(false)
    })?;
    Ok((wait, if wait.is_none() { first } else { None }))
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
    arguments: &QueryArguments,
    mut take: impl FnMut(Table) -> mlua::Result<bool>,
) -> mlua::Result<(Option<f64>, Option<()>)> {
    let (_, sql, params, ..) = arguments;
    run(call, arguments, |connection, turn| {
        let sql = call.text(1, sql)?;
        let mut statement = prepared(connection, &sql).map_err(|error| raised(call, &error))?;
        value::bind(call, &mut statement, params)?;
        check_turn(call, turn, &statement, connection)?;
        if let Some(name) = repeated(statement.column_names()) {
            let why = format!(
                "two columns are named `{name}`, and a row holds one value of a name; give one another name: `… as other`"
            );
            return Err(call.bad_because(1, &why));
        }
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

/// The first name that stands a second time among those of columns.
fn repeated<'n>(mut names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let mut seen = HashSet::new();
    names.find(|name| !seen.insert(*name))
}

/// Runs `work` on the database's connection. Tells after how many seconds it is to be tried again, or what came of it.
fn run<R>(
    call: &Call<'_>,
    (db, _, _, is_yieldable, ..): &QueryArguments,
    work: impl FnOnce(&Connection, &Turn<'_>) -> mlua::Result<R>,
) -> mlua::Result<(Option<f64>, Option<R>)> {
    let database = this(call, db)?;
    call.checkpoint()?;
    let room = call.room()?;
    let databases = Databases::of(call);
    let can_suspend = *is_yieldable && databases.current().is_some_and(|current| current.runs_item(call.lua));
    let done = ffi::memory::within(room, || database.with(&databases, can_suspend, work));
    match done.map_err(|error| raised(call, &error))? {
        (_, Some(wait)) => Ok((Some(wait.as_secs_f64()), None)),
        (result, None) => Ok((None, Some(result?))),
    }
}
