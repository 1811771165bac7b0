//! Both directions take the same options: a table with known keys only, and the delimiter in it.

use mlua::{Table, Value};

use crate::lua::host::call::{Call, describe};
use crate::lua::host_error::HostError;

/// The table of options at `at`, if there is one, after a look at its keys.
pub(super) fn options<'v>(
    call: &Call<'_>,
    at: usize,
    value: &'v Value,
    known: &[&str],
) -> mlua::Result<Option<&'v Table>> {
    let table = match value {
        Value::Nil => return Ok(None),
        Value::Table(table) => table,
        other => return Err(call.bad(at, "table", other)),
    };
    for pair in table.pairs::<Value, Value>() {
        let (key, _) = pair?;
        let name = key.as_string().map(mlua::LuaString::to_string_lossy);
        if !name.as_ref().is_some_and(|name| known.contains(&name.as_str())) {
            let shown = name.unwrap_or_else(|| key.type_name().to_owned());
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            let why = format!("there is no option `{shown}`, only {}", known.join(" and "));
            return Err(HostError::refusal(format!("bad argument #{at} to `{}` ({why})", call.name)).into());
        }
    }
    Ok(Some(table))
}

/// The option `delimiter`, a comma if it is not there.
pub(super) fn delimiter(call: &Call<'_>, options: Option<&Table>) -> mlua::Result<u8> {
    let Some(options) = options else { return Ok(b',') };
    match options.raw_get("delimiter")? {
        Value::Nil => Ok(b','),
        Value::String(text) => match &*text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
            _ => {
                Err(call.bad_because(2, "`delimiter` must be one ASCII character, no quote and no line end"))
            }
        },
        other => Err(call.bad_because(2, &format!("`delimiter`: string expected, got {}", describe(&other)))),
    }
}
