//! Host functions written in Luau: those that call back into Lua or only move values between tables.
//!
//! In Luau they stay interruptible, their callbacks may wait, and 64-bit integers never pass through a float.

use std::rc::Rc;
use std::sync::LazyLock;

use mlua::chunk::{ChunkMode, Compiler};
use mlua::{Function, Lua, LuaString, Table, Value};

use super::call::{self, Bind, Call, Name};
use super::state::State;
use super::{exec, http, re, string, tbl, yaml};
use crate::lua::host_error::HostError;
use crate::lua::raw::WAIT;

/// A Luau source, compiled once a process; the error is the compiler's message.
type Bytecode = LazyLock<Result<Vec<u8>, String>>;

static STRING: Bytecode = LazyLock::new(|| compile(include_str!("string.luau")));
static RE: Bytecode = LazyLock::new(|| compile(include_str!("re.luau")));
static YAML: Bytecode = LazyLock::new(|| compile(include_str!("yaml.luau")));
static RAND: Bytecode = LazyLock::new(|| compile(include_str!("rand.luau")));
static EXEC: Bytecode = LazyLock::new(|| compile(include_str!("exec.luau")));
static HTTP: Bytecode = LazyLock::new(|| compile(include_str!("http.luau")));
static LISTS: Bytecode = LazyLock::new(|| compile(include_str!("tbl/lists.luau")));
static RECORDS: Bytecode = LazyLock::new(|| compile(include_str!("tbl/records.luau")));

/// Without line information, so that errors raised through these functions carry no position of theirs.
fn compile(source: &str) -> Result<Vec<u8>, String> {
    let compiler = Compiler::new().set_optimization_level(2).set_debug_level(0);
    compiler.compile(source).map_err(|error| error.to_string())
}

/// The loaded functions of one VM, by module and name.
pub(super) struct Prelude {
    modules: Table,
}

impl Prelude {
    pub(super) fn load(lua: &Lua, state: &Rc<State>) -> mlua::Result<Self> {
        let modules = lua.create_table()?;
        let host = helpers(lua, state)?;
        let sources = [
            ("string", &STRING),
            ("re", &RE),
            ("tbl", &LISTS),
            ("tbl", &RECORDS),
            ("yaml", &YAML),
            ("rand", &RAND),
            ("http", &HTTP),
            ("exec", &EXEC),
        ];
        for (module, bytecode) in sources {
            let bytecode = bytecode.as_ref().map_err(mlua::Error::runtime)?;
            let chunk = lua.load(bytecode).set_name("=flowrun").set_mode(ChunkMode::Binary);
            let functions: Table = chunk.call(&host)?;
            match modules.raw_get::<Option<Table>>(module)? {
                Some(module) => {
                    functions.for_each(|name: Value, function: Value| module.raw_set(name, function))?;
                }
                None => modules.raw_set(module, functions)?,
            }
        }
        Ok(Self { modules })
    }

    pub(super) fn function(&self, module: &str, name: &str) -> mlua::Result<Function> {
        self.modules.raw_get::<Table>(module)?.raw_get(name)
    }
}

/// What the Luau sources get as their one argument.
fn helpers(lua: &Lua, state: &Rc<State>) -> mlua::Result<Table> {
    let bind = |module, function| Bind { lua, state, name: Name { module, function } };
    let host = lua.create_table()?;
    host.raw_set("array", &state.array)?;
    host.raw_set("null", Value::NULL)?;
    host.raw_set("bad", bind("flowrun", "bad").to(bad)?)?;
    host.raw_set("fail", bind("flowrun", "fail").to(fail)?)?;
    host.raw_set("scan", bind("string", "find").to(string::scan)?)?;
    host.raw_set("compare", bind("tbl", "sort_by").to(tbl::compare)?)?;
    host.raw_set("match", bind("re", "match").to(re::matched)?)?;
    host.raw_set("find", bind("re", "find").to(re::find)?)?;
    host.raw_set("find_all", bind("re", "find_all").to(re::find_all)?)?;
    host.raw_set("split", bind("re", "split").to(re::split)?)?;
    host.raw_set("check", bind("re", "compile").to(re::check)?)?;
    host.raw_set("step", bind("re", "gsub").to(re::step)?)?;
    host.raw_set("expand", bind("re", "gsub").to(re::expand)?)?;
    host.raw_set("yaml", bind("yaml", "decode").to(yaml::boxed)?)?;
    host.raw_set("http_begin", bind("http", "request").to(http::begin)?)?;
    host.raw_set("http_trouble", bind("http", "check").to(http::trouble)?)?;
    host.raw_set("exec_begin", bind("exec", "run").to(exec::begin)?)?;
    host.raw_set("landed", bind("flowrun", "landed").to(http::landed)?)?;
    host.raw_set("wait", lua.named_registry_value::<Value>(WAIT)?)?;
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
