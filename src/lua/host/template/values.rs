//! This module shows Lua values as a template sees them: lists, maps in the order of their keys, texts, numbers.

use std::collections::BTreeMap;

use minijinja::Value as Shown;
use mlua::{Table, Value};

use super::list::{self, TemplateList};
use super::objects::Map;
use crate::lua::host::call::Call;
use crate::lua::host::tally::Tally;

/// Tables within tables.
const DEPTH_MAX: usize = 100;

/// Values of all variables: a filter may look at all of them, and no deadline is looked at where they are numbers or texts.
const VALUES_MAX: usize = 4 << 20;

/// What a value takes beside its text: itself and its place in a list or map.
const VALUE_BYTES: usize = 48;

/// The variables of a template: a table with names, or nil. The tally counts them; it has to live as long as they do.
pub(super) fn variables<'a>(call: &'a Call<'a>, value: &Value) -> mlua::Result<(Shown, Tally<'a>)> {
    let mut taken = Taken { tally: call.tally(), values: 0 };
    let shown = match value {
        Value::Nil => Shown::from_object(Map(BTreeMap::new())),
        Value::Table(table) => map(call, table, 1, &mut taken)?,
        other => return Err(call.bad(2, "table", other)),
    };
    Ok((shown, taken.tally))
}

/// What was taken over so far. A table that stands in several places is taken each time.
struct Taken<'a> {
    tally: Tally<'a>,
    values: usize,
}

impl Taken<'_> {
    fn add(&mut self, call: &Call<'_>, bytes: usize) -> mlua::Result<()> {
        self.values += 1;
        if self.values > VALUES_MAX {
            let why = format!("variables of at most {VALUES_MAX} values expected");
            return Err(call.bad_because(2, &why));
        }
        self.tally.add(VALUE_BYTES + bytes)
    }
}

fn shown(call: &Call<'_>, value: &Value, depth: usize, taken: &mut Taken<'_>) -> mlua::Result<Shown> {
    let text = if let Value::String(text) = value { text.as_bytes().len() } else { 0 };
    taken.add(call, text)?;
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
            TemplateList::within(list, list::DEPTH_MAX - depth)
        }
        Value::Table(table) => map(call, table, depth, taken)?,
        other => {
            return Err(call.bad_because(2, &format!("a {} cannot be shown", other.type_name())));
        }
    })
}

fn map(call: &Call<'_>, table: &Table, depth: usize, taken: &mut Taken<'_>) -> mlua::Result<Shown> {
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
    Ok(Shown::from_object(Map(map)))
}

/// An empty table is a list when it is marked as one.
fn is_list(call: &Call<'_>, table: &Table) -> bool {
    table.raw_len() > 0 || table.metatable().is_some_and(|meta| meta == call.state.array)
}
