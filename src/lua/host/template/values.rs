//! Lua values as a template sees them: lists, maps in the order of their keys, texts, numbers.

use std::collections::BTreeMap;

use minijinja::Value as Shown;
use mlua::{Table, Value};

use crate::lua::host::call::Call;

/// Tables within tables.
const DEPTH_MAX: usize = 100;

/// The variables of a template: a table with names, or nil.
pub(super) fn variables(call: &Call<'_>, value: &Value) -> mlua::Result<Shown> {
    let mut taken = 0;
    match value {
        Value::Nil => Ok(Shown::from(BTreeMap::<String, Shown>::new())),
        Value::Table(table) => map(call, table, 1, &mut taken),
        other => Err(call.bad(2, "table", other)),
    }
}

fn shown(call: &Call<'_>, value: &Value, depth: usize, taken: &mut usize) -> mlua::Result<Shown> {
    *taken += 1;
    call.checkpoint_each(*taken)?;
    Ok(match value {
        Value::Nil => Shown::from(()),
        Value::LightUserData(pointer) if pointer.0.is_null() => Shown::from(()),
        Value::Boolean(truth) => Shown::from(*truth),
        Value::Integer(integer) => Shown::from(*integer),
        Value::Number(number) => Shown::from(*number),
        Value::String(_) => Shown::from(&*call.text(2, value)?),
        Value::Table(_) if depth > DEPTH_MAX => {
            return Err(call.bad_because(2, "the tables are nested too deep, or within themselves"));
        }
        Value::Table(table) if is_list(call, table) => {
            let mut list = Vec::new();
            for at in 1..=table.raw_len() {
                list.push(shown(call, &table.raw_get(at)?, depth + 1, taken)?);
            }
            Shown::from(list)
        }
        Value::Table(table) => map(call, table, depth, taken)?,
        other => {
            return Err(call.bad_because(2, &format!("a {} cannot be shown", other.type_name())));
        }
    })
}

fn map(call: &Call<'_>, table: &Table, depth: usize, taken: &mut usize) -> mlua::Result<Shown> {
    let mut map = BTreeMap::new();
    table.for_each(|key: Value, value: Value| {
        let key = match &key {
            Value::String(_) => call.text(2, &key)?.to_owned(),
            Value::Integer(integer) => integer.to_string(),
            Value::Number(number) => number.to_string(),
            other => {
                return Err(call.bad_because(2, &format!("a {} is no name", other.type_name())));
            }
        };
        map.insert(key, shown(call, &value, depth + 1, taken)?);
        Ok(())
    })?;
    Ok(Shown::from(map))
}

/// An empty table is a list when it is marked as one.
fn is_list(call: &Call<'_>, table: &Table) -> bool {
    table.raw_len() > 0 || table.metatable().is_some_and(|meta| meta == call.state.array)
}
