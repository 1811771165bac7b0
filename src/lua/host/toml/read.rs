//! `toml.decode` reads a document by way of JSON text.

use mlua::Value;

use crate::lua::host::call::Call;
use crate::lua::host_error::{self, HostError};
use crate::lua::raw;
use crate::value::json;

/// Bytes of a text. The parser takes a text in one go and cannot be stopped in it; this much takes it
/// half a second.
const TEXT_BYTES_MAX: usize = 4 << 20;

/// `toml.decode`
pub(super) fn decode(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let text = call.text(1, s)?;
    if text.len() > TEXT_BYTES_MAX {
        return Err(call.bad_because(1, &format!("a text of at most {TEXT_BYTES_MAX} bytes expected")));
    }
    let _claim = call.claim(tree_bytes(text.as_bytes()))?;
    call.checkpoint()?;
    let refuse = |message: &str, place: &str| -> mlua::Error {
        HostError::refusal(format!("`{}`: {message}{place}", call.name)).into()
    };
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let place = error.span().map(|span| format!(" at {}", host_error::place(&text, span.start)));
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        refuse(&message, &place.unwrap_or_default())
    })?;
    call.checkpoint()?;
    let mut json = Vec::with_capacity(text.len());
    write(&mut json, &toml::Value::Table(table)).map_err(|message| refuse(&message, ""))?;
    raw::decode(call.lua, &call.state.array, &json)?.map_err(|error| refuse(&error.message, ""))
}

/// What the parser builds for one value, with what it notes about its place in the text.
const VALUE_BYTES: usize = 400;

/// About how many bytes the tree of a text takes: a value ends where one of these stands.
fn tree_bytes(text: &[u8]) -> usize {
    let ends = text.iter().filter(|byte| matches!(byte, b',' | b'=' | b'[' | b'{' | b'\n')).count();
    ends * VALUE_BYTES + 2 * text.len()
}

/// Appends a value as JSON text. The parser has bounded its depth.
fn write(out: &mut Vec<u8>, value: &toml::Value) -> Result<(), String> {
    match value {
        toml::Value::String(text) => {
            json::write_string(out, text.as_bytes());
        }
        toml::Value::Datetime(time) => {
            json::write_string(out, time.to_string().as_bytes());
        }
        toml::Value::Integer(value) => json::write_integer(out, *value),
        toml::Value::Float(value) if value.is_finite() => json::write_float(out, *value),
        toml::Value::Float(value) => {
            return Err(format!("`{value}` is not a finite number; quote it to keep it as a string"));
        }
        toml::Value::Boolean(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        toml::Value::Array(list) => {
            out.push(b'[');
            for (at, value) in list.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(out, value)?;
            }
            out.push(b']');
        }
        toml::Value::Table(map) => {
            out.push(b'{');
            for (at, (key, value)) in map.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                json::write_string(out, key.as_bytes());
                out.push(b':');
                write(out, value)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}
