//! The prelude holds the host functions written in Luau: those that call back into Lua or only move values between tables.
//!
//! In Luau they stay interruptible, their callbacks may wait, and 64-bit integers never pass through a float.

use std::rc::Rc;

use mlua::{Function, Lua, LuaString, Table, Value};

use super::call::{self, Bind, Call};
use super::luau::{Luau, Native};
use super::state::HostState;
use crate::lua::host_error::HostError;
use crate::lua::raw::WAIT;

/// The loaded functions of one VM, by module and name.
pub(super) struct Prelude {
    modules: Table,
}

impl Prelude {
    /// Loads these sources in their order.
    pub(super) fn load(lua: &Lua, state: &Rc<HostState>, sources: &[&Luau]) -> mlua::Result<Self> {
        let modules = lua.create_table()?;
        let host = helpers(lua, state, sources)?;
        for source in sources {
            let functions = source.load(lua, &host)?;
            match modules.raw_get::<Option<Table>>(source.module)? {
                Some(module) => {
                    functions.for_each(|name: Value, function: Value| module.raw_set(name, function))?;
                }
                None => modules.raw_set(source.module, functions)?,
            }
        }
        Ok(Self { modules })
    }

    pub(super) fn function(&self, module: &str, name: &str) -> mlua::Result<Function> {
        self.modules.raw_get::<Table>(module)?.raw_get(name)
    }
}

/// What is handed to every source beside what modules bring along.
const NATIVES: [Native; 3] = [
    Native::new("bad", "flowrun", "bad", |bind| bind.to(bad)),
    Native::new("fail", "flowrun", "fail", |bind| bind.to(fail)),
    Native::new("completed", "flowrun", "completed", |bind| bind.to(completed)),
];

/// What the Luau sources get as their one argument.
fn helpers(lua: &Lua, state: &Rc<HostState>, sources: &[&Luau]) -> mlua::Result<Table> {
    let host = lua.create_table()?;
    host.raw_set("array", &state.array)?;
    host.raw_set("null", Value::NULL)?;
    host.raw_set("wait", lua.named_registry_value::<Value>(WAIT)?)?;
    for native in sources.iter().flat_map(|source| source.natives).chain(&NATIVES) {
        host.raw_set(native.key, (native.make)(&Bind { lua, state, name: native.name })?)?;
    }
    Ok(host)
}

/// `bad("tbl.keys", 1, "table", value)` raises the error for an argument of the wrong type.
fn bad(_: &Call<'_>, (name, at, expected, got): &(String, usize, String, Value)) -> mlua::Result<()> {
    let got = call::describe(got);
    Err(HostError::error(format!("bad argument #{at} to `{name}` ({expected} expected, got {got})")).into())
}

/// `fail(message)` raises an error.
fn fail(_: &Call<'_>, message: &LuaString) -> mlua::Result<()> {
    Err(HostError::error(message.to_string_lossy()).into())
}

/// Hands out what was waited for.
fn completed(call: &Call<'_>, _: &Value) -> mlua::Result<Value> {
    match call.state.slot.completion() {
        Some(completion) => completion(call.lua),
        None => Err(HostError::error("nothing can be waited for here").into()),
    }
}
