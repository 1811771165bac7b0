//! This module turns JSON text into values of the safe interface and back, for host modules of other formats. It is
//! exact where that interface would round: 64-bit integers never pass through it alone.

use std::ffi::c_int;

use mlua::ffi;
use mlua::{Lua, Table, Value};

use super::current::Current;
use super::decode::push_json;
use super::encode::{Encoder, Manner, Why};
use super::stack;
use crate::value::json::{self, JsonError};

/// The value that JSON text stands for; `array` is the metatable of lists. The outer error is the VM's.
///
/// A 64-bit integer is exact inside a table only: one that is handed to Lua alone is rounded on the way.
pub(in crate::lua) fn decode(
    lua: &Lua,
    array: &Table,
    text: &[u8],
) -> mlua::Result<Result<Value, JsonError>> {
    let mut scratch = String::new();
    let mut failed = None;
    // SAFETY: the metatable lies alone on the stack; in the end there is one value.
    let value = unsafe {
        lua.exec_raw(array, |l| {
            if let Err(error) = push_json(l, -1, text, &mut scratch) {
                failed = Some(error);
                ffi::lua_settop(l, 0);
                ffi::lua_pushnil(l);
                return;
            }
            ffi::lua_remove(l, -2);
        })?
    };
    Ok(failed.map_or(Ok(value), Err))
}

/// Appends strings to a list, which has so many elements.
pub(in crate::lua) fn append_strings(
    lua: &Lua,
    (list, len): (&Table, usize),
    strings: &[&[u8]],
) -> mlua::Result<()> {
    // SAFETY: the list lies alone on the stack, and nothing is left there.
    unsafe {
        lua.exec_raw::<()>(list, |l| {
            for (at, string) in (len + 1..).zip(strings) {
                stack::push(l, string);
                ffi::lua_rawseti_(l, -2, at as c_int);
            }
            ffi::lua_settop(l, 0);
        })
    }
}

/// Why a value could not be written.
pub(in crate::lua) enum Unfit {
    /// It has no place in JSON: what is wrong, and where.
    Value(String),
    /// Its text would be longer than what a step may hold.
    Memory,
    /// The attempt has to end.
    Due,
}

/// Appends the value as JSON text, keys sorted; the outer error is the VM's.
pub(in crate::lua) fn encode(lua: &Lua, value: &Value, out: &mut Vec<u8>) -> mlua::Result<Result<(), Unfit>> {
    if let Value::Integer(integer) = value {
        json::write_integer(out, *integer);
        return Ok(Ok(()));
    }
    let mut encoder = Encoder::default();
    let mut written = Ok(());
    // SAFETY: the value lies alone on the stack, and nothing is left there.
    unsafe {
        lua.exec_raw::<()>(value, |l| {
            if let Some(current) = Current::find(l) {
                written = encoder.write(l, -1, Manner::plain(current), out);
            }
            ffi::lua_settop(l, 0);
        })?;
    }
    Ok(written.map_err(|error| match error.reason {
        Why::Value => Unfit::Value(error.to_string()),
        Why::Memory => Unfit::Memory,
        Why::Due(_) => Unfit::Due,
    }))
}
