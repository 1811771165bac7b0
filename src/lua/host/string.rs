//! This module replaces `string.find` and `string.split` by forms that are linear in their input and `table.move` by one that can be
//! stopped, and refuses the few patterns that could not be. All other patterns stay the VM's own.

use memchr::memmem;
use mlua::{Lua, Table, Value};

use super::call::Call;
use super::luau::{Luau, Native};
use super::prelude::Prelude;
use crate::lua::own_code;

/// Characters that make a Lua pattern more than plain text.
const SPECIALS: &[u8] = b"^$*+?.([%-";

/// The replacements themselves.
pub(super) static LUAU: Luau =
    Luau::new("string", &own_code::STRING, &[Native::new("scan", "string", "find", |bind| bind.to(scan))]);

/// Puts the replacements into the VM's own `string` table, so that `s:find(…)` reaches them too, and into `table`.
pub(super) fn replace(lua: &Lua, prelude: &Prelude) -> mlua::Result<()> {
    let string: Table = lua.globals().raw_get("string")?;
    for name in ["find", "split", "match", "gmatch", "gsub"] {
        string.raw_set(name, prelude.function("string", name)?)?;
    }
    let table: Table = lua.globals().raw_get("table")?;
    table.raw_set("move", prelude.function("string", "move")?)
}

/// First and last byte of `pattern` in `s` from byte `start`, nil when it is not there, `false` when `plain` is not
/// set and the pattern is more than plain text.
fn scan(
    call: &Call<'_>,
    (s, pattern, start, plain): &(Value, Value, usize, Value),
) -> mlua::Result<(Value, Value)> {
    let s = call.bytes(1, s)?;
    let pattern = call.bytes(2, pattern)?;
    let plain = !matches!(plain, Value::Nil | Value::Boolean(false));
    if !plain && pattern.iter().any(|byte| SPECIALS.contains(byte)) {
        return Ok((Value::Boolean(false), Value::Nil));
    }
    let before = start.saturating_sub(1).min(s.len());
    Ok(match memmem::find(&s[before..], &pattern) {
        None => (Value::Nil, Value::Nil),
        Some(at) => {
            let first = before + at;
            (Value::Integer(first as i64 + 1), Value::Integer((first + pattern.len()) as i64))
        }
    })
}
