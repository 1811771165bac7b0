//! This module converts values on their way into SQL and out of it: integers exact, text and blobs as strings, NULL
//! as `json.null`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mlua::{Table, Value};
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Row, Statement};

use crate::lua::host::call::{Call, describe};
use crate::value::panic_text;

/// Integers up to this are numbers in Lua.
const EXACT_MAX: u64 = 1 << 53;

/// Binds the values of the second argument to a statement.
pub(super) fn bind(call: &Call<'_>, statement: &mut Statement<'_>, params: &Value) -> mlua::Result<()> {
    let table = match params {
        Value::Nil => None,
        Value::Table(table) => Some(table),
        other => return Err(call.bad(2, "table", other)),
    };
    let count = statement.parameter_count();
    let mut names = Vec::with_capacity(count);
    for at in 1..=count {
        // `?` has no name, that of `?3` is a position, and those of others begin with a sign.
        let name = statement.parameter_name(at).filter(|name| !name.starts_with('?'));
        let name = name.map(|name| name[1..].to_owned());
        let value = match (table, &name) {
            (None, _) => Value::Nil,
            (Some(table), Some(name)) => table.raw_get(name.as_str())?,
            (Some(table), None) => table.raw_get(at)?,
        };
        let shown = name.as_ref().map_or_else(|| format!("parameter {at}"), |name| format!("`:{name}`"));
        let value = to_sql(&value).map_err(|got| {
            let why = match got {
                "nil" => format!("there is no value for {shown}; NULL is `json.null`"),
                got => format!("the value for {shown} is a {got}"),
            };
            call.bad_because(2, &why)
        })?;
        statement.raw_bind_parameter(at, value).map_err(|error| super::error::raised(call, &error))?;
        names.push(name);
    }
    table.map_or(Ok(()), |table| all_used(call, table, &names))
}

/// Refuses values that no parameter takes: a name that is misspelt would be one.
fn all_used(call: &Call<'_>, table: &Table, names: &[Option<String>]) -> mlua::Result<()> {
    table.for_each(|key: Value, _: Value| {
        let is_used = match &key {
            Value::Integer(at) => usize::try_from(*at).is_ok_and(|at| (1..=names.len()).contains(&at)),
            Value::String(key) => names.iter().flatten().any(|name| *key == name.as_str()),
            _ => false,
        };
        if is_used {
            return Ok(());
        }
        let shown = match &key {
            Value::Integer(at) => at.to_string(),
            Value::String(key) => key.to_string_lossy(),
            other => describe(other).to_owned(),
        };
        Err(call.bad_because(2, &format!("the statement has no parameter `{shown}`")))
    })
}

fn to_sql(value: &Value) -> Result<Sql, &'static str> {
    Ok(match value {
        Value::LightUserData(pointer) if pointer.0.is_null() => Sql::Null,
        Value::Boolean(truth) => Sql::Integer(i64::from(*truth)),
        Value::Integer(number) => Sql::Integer(*number),
        Value::Number(number) => Sql::Real(*number),
        Value::String(string) => match string.to_str() {
            Ok(text) => Sql::Text(text.to_owned()),
            Err(_) => Sql::Blob(string.as_bytes().to_vec()),
        },
        Value::Buffer(buffer) => Sql::Blob(buffer.to_vec()),
        other => return Err(describe(other)),
    })
}

/// One row as a table.
pub(super) fn row(call: &Call<'_>, columns: &[Value], row: &Row<'_>) -> mlua::Result<Table> {
    let table = call.lua.create_table_with_capacity(0, columns.len())?;
    for (at, name) in columns.iter().enumerate() {
        let value = column(call, row, at)?;
        match (value, &call.state.set_integer) {
            (ValueRef::Integer(number), Some(set)) if number.unsigned_abs() > EXACT_MAX => {
                set.call::<()>((&table, name, number.to_string()))?;
            }
            _ => table.raw_set(name, to_lua(call, value)?)?,
        }
    }
    Ok(table)
}

/// The value of a column. The library panics where SQLite has no memory left for a text that it hands out; that is the
/// memory of the item, and no fault of anybody's.
fn column<'row>(call: &Call<'_>, row: &'row Row<'_>, at: usize) -> mlua::Result<ValueRef<'row>> {
    match catch_unwind(AssertUnwindSafe(|| row.get_ref(at))) {
        Ok(value) => value.map_err(|error| super::error::raised(call, &error)),
        Err(panic) if panic_text(&*panic).is_some_and(|text| text.contains("NULL data")) => {
            Err(super::error::no_memory(call))
        }
        Err(panic) => resume_unwind(panic),
    }
}

fn to_lua(call: &Call<'_>, value: ValueRef<'_>) -> mlua::Result<Value> {
    match value {
        ValueRef::Null => Ok(Value::NULL),
        ValueRef::Integer(number) => Ok(Value::Integer(number)),
        ValueRef::Real(number) => Ok(Value::Number(number)),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            call.room_for(bytes.len())?;
            call.new_string(bytes)
        }
    }
}
