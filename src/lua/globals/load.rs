//! Code is loaded with everything that makes it fast and keeps its lines known.

use mlua::chunk::{ChunkMode, Compiler};
use mlua::{Function, Lua};

/// Compiles code with everything that makes it fast and keeps its lines known. `tonumber` is called and not built in: the
/// VM's short cut knows no integers beyond 2^53 and answers nil.
pub(in crate::lua) fn load(lua: &Lua, name: &str, text: &str) -> mlua::Result<Function> {
    let compiler =
        Compiler::new().set_optimization_level(2).set_debug_level(1).add_disabled_builtin("tonumber");
    lua.load(text)
        .set_name(format!("@{name}"))
        .set_mode(ChunkMode::Text)
        .set_compiler(compiler)
        .into_function()
}
