//! A module may have a half in Luau, and functions in Rust that this half alone calls.

use std::sync::OnceLock;

use mlua::chunk::{ChunkMode, Compiler};
use mlua::{Function, Lua, Table};

use super::call::{Bind, Name};

/// One Luau source: it gets the table of all [`Native`] functions as its argument and returns a table of functions.
pub(super) struct Luau {
    /// The module that the functions belong to.
    pub(super) module: &'static str,
    source: &'static str,
    /// What the compiler made of it, once a process; the error is its message.
    bytecode: OnceLock<Result<Vec<u8>, String>>,
    /// What this source brings along for itself and others.
    pub(super) natives: &'static [Native],
}

/// A function in Rust under a name that Luau sources know.
pub(super) struct Native {
    /// Its key in the sources' argument.
    pub(super) key: &'static str,
    /// What messages call it.
    pub(super) name: Name,
    pub(super) make: fn(&Bind<'_>) -> mlua::Result<Function>,
}

impl Luau {
    pub(super) const fn new(module: &'static str, source: &'static str, natives: &'static [Native]) -> Self {
        Self { module, source, bytecode: OnceLock::new(), natives }
    }

    /// The functions of this source in one VM.
    pub(super) fn load(&self, lua: &Lua, host: &Table) -> mlua::Result<Table> {
        let bytecode = self.bytecode.get_or_init(|| compile(self.source)).as_ref();
        let bytecode = bytecode.map_err(mlua::Error::runtime)?;
        lua.load(bytecode).set_name("=flowrun").set_mode(ChunkMode::Binary).call(host)
    }
}

impl Native {
    /// `module` and `function` are what messages say.
    pub(super) const fn new(
        key: &'static str,
        module: &'static str,
        function: &'static str,
        make: fn(&Bind<'_>) -> mlua::Result<Function>,
    ) -> Self {
        Self { key, name: Name { module, function }, make }
    }
}

/// Without line information, so that errors raised through these functions carry no position of theirs.
fn compile(source: &str) -> Result<Vec<u8>, String> {
    let compiler =
        Compiler::new().set_optimization_level(2).set_debug_level(0).add_disabled_builtin("tonumber");
    compiler.compile(source).map_err(|error| error.to_string())
}
