//! `toml.encode` writes a document by way of JSON text, so that keys are sorted and numbers are written as
//! everywhere.

use mlua::Value;
use serde_json::Value as Json;

use crate::lua::host::call::Call;
use crate::lua::host_error::HostError;
use crate::value::json;

/// `toml.encode`
pub(super) fn encode(call: &Call<'_>, value: &Value) -> mlua::Result<Value> {
    if !value.is_table() {
        return Err(call.bad(1, "table", value));
    }
    let refuse = |why: String| HostError::refusal(format!("`{}`: {why}", call.name));
    let text = call.json(value)?;
    // The tree, what becomes of it, and the text in parts and whole.
    let _claim = call.claim(json::tree_bytes(&text).saturating_mul(TREES).saturating_add(3 * text.len()))?;
    call.checkpoint()?;
    let tree = json::to_value(&text).map_err(|error| refuse(error.to_string()))?;
    drop(text);
    if !tree.is_object() {
        return Err(call.bad_because(1, "a map expected, got a list"));
    }
    let mut converter = Converter { call, path: String::new(), steps: 0 };
    let tree = converter.convert(tree)?;
    call.checkpoint()?;
    let toml = toml::to_string(&tree).map_err(|error| refuse(error.to_string()))?;
    call.new_string(toml)
}

/// How many times a tree is there at once, at most.
const TREES: usize = 2;

/// Makes values of TOML's types.
struct Converter<'a> {
    call: &'a Call<'a>,
    /// Leads to the value at hand.
    path: String,
    steps: usize,
}

impl Converter<'_> {
    fn convert(&mut self, value: Json) -> mlua::Result<toml::Value> {
        let length = self.path.len();
        self.steps += 1;
        self.call.checkpoint_each(self.steps)?;
        Ok(match value {
            Json::Null => {
                let why = format!("`{}`: `{}` is null, which TOML does not have", self.call.name, self.path);
                return Err(HostError::refusal(why).into());
            }
            Json::Bool(value) => toml::Value::Boolean(value),
            Json::Number(number) => match number.as_i64() {
                Some(integer) => toml::Value::Integer(integer),
                None => toml::Value::Float(number.as_f64().unwrap_or_default()),
            },
            Json::String(text) => toml::Value::String(text),
            Json::Array(list) => {
                let mut values = Vec::with_capacity(list.len());
                for (at, value) in list.into_iter().enumerate() {
                    self.path.extend(["[", itoa::Buffer::new().format(at + 1), "]"]);
                    values.push(self.convert(value)?);
                    self.path.truncate(length);
                }
                toml::Value::Array(values)
            }
            Json::Object(map) => {
                let mut table = toml::Table::with_capacity(map.len());
                for (key, value) in map {
                    self.path.push('.');
                    self.path.push_str(&key);
                    let value = self.convert(value)?;
                    self.path.truncate(length);
                    table.insert(key, value);
                }
                toml::Value::Table(table)
            }
        })
    }
}
