//! `toml.encode`, by way of JSON text, so that keys are sorted and numbers are written as everywhere.

use mlua::Value;
use serde_json::Value as Json;

use crate::lua::host::call::Call;
use crate::lua::host::error::HostError;
use crate::lua::raw;
use crate::value::json;

/// `toml.encode`
pub(super) fn encode(call: &Call<'_>, value: &Value) -> mlua::Result<Value> {
    if !value.is_table() {
        return Err(call.bad(1, "table", value));
    }
    let refuse = |why: String| HostError::refusal(format!("`{}`: {why}", call.name));
    let mut text = Vec::new();
    raw::encode(call.lua, value, &mut text)?.map_err(refuse)?;
    let tree = json::to_value(&text).map_err(|error| refuse(error.to_string()))?;
    if !tree.is_object() {
        return Err(call.bad_because(1, "a map expected, got a list"));
    }
    let tree = convert(tree, &mut String::new()).map_err(refuse)?;
    let toml = toml::to_string(&tree).map_err(|error| refuse(error.to_string()))?;
    call.room_for(toml.len())?;
    call.new_string(toml)
}

/// The value in TOML's types; `path` leads to it.
fn convert(value: Json, path: &mut String) -> Result<toml::Value, String> {
    let length = path.len();
    Ok(match value {
        Json::Null => return Err(format!("`{path}` is null, which TOML does not have")),
        Json::Bool(value) => toml::Value::Boolean(value),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => toml::Value::Integer(integer),
            None => toml::Value::Float(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => toml::Value::String(text),
        Json::Array(list) => {
            let mut values = Vec::with_capacity(list.len());
            for (at, value) in list.into_iter().enumerate() {
                path.extend(["[", itoa::Buffer::new().format(at + 1), "]"]);
                values.push(convert(value, path)?);
                path.truncate(length);
            }
            toml::Value::Array(values)
        }
        Json::Object(map) => {
            let mut table = toml::Table::with_capacity(map.len());
            for (key, value) in map {
                path.push('.');
                path.push_str(&key);
                let value = convert(value, path)?;
                path.truncate(length);
                table.insert(key, value);
            }
            toml::Value::Table(table)
        }
    })
}
