//! `csv`: records of delimited text to tables and back. Files are the business of the `read` and `write` steps, which
//! follow the same rules.

mod read;
mod write;

use mlua::{Table, Value};

use super::call::Call;
use super::function::{Function, Module};
use crate::lua::host_error::HostError;

const CSV: Module = Module("csv");

pub(super) const FUNCTIONS: &[Function] = &[
    CSV.rust("decode", "(s: string, options: {header: boolean?, delimiter: string?}?): {table}", |bind| {
        bind.to(read::decode)
    })
    .explained(
        "The rows of a text: maps by the names in its first row, or lists with `header = false`; all values are strings. \
         A row with too few or too many fields is an error.",
        r#"csv.decode("id,name\n1,\"Ada, L.\"\n")"#,
        r#"{{id = "1", name = "Ada, L."}}"#,
    ),
    CSV.rust("encode", "(rows: {table}, options: {columns: {string}?, delimiter: string?}?): string", |bind| {
        bind.to(write::encode)
    })
    .explained(
        "Rows as text: maps below a row of names, which are `columns` or else the sorted keys of the first row; lists as \
         they are. null is written as nothing, tables as JSON.",
        r#"csv.encode({{name = "Ada, L.", id = 1}}, {columns = {"id", "name"}})"#,
        r#""id,name\n1,\"Ada, L.\"\n""#,
    ),
];

/// The table of options at `at`, if there is one, after a look at its keys.
fn options<'v>(
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
fn delimiter(call: &Call<'_>, options: Option<&Table>) -> mlua::Result<u8> {
    let Some(options) = options else { return Ok(b',') };
    match options.raw_get("delimiter")? {
        Value::Nil => Ok(b','),
        Value::String(text) => match &*text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
            _ => {
                Err(call.bad_because(2, "`delimiter` must be one ASCII character, no quote and no line end"))
            }
        },
        other => Err(call
            .bad_because(2, &format!("`delimiter`: string expected, got {}", super::call::describe(&other)))),
    }
}
