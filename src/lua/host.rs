//! The host modules of item functions (`str`, `html`, `re`, `tbl`, `time`, `path`, `hash`) and linear-time replacements
//! for `string.find` and `string.split`.
//!
//! Leaves to the worker: which VM they are installed in, the sandbox, turning errors into tables, and everything that
//! waits or knows the item (`flow`, `log`, `time.sleep`).

mod call;
mod error;
mod function;
mod hash;
mod html;
mod list;
mod path;
mod permissions;
mod prelude;
mod re;
mod state;
mod str;
mod string;
mod tbl;
mod time;

pub(crate) use error::HostError;
pub use function::Function;
pub use permissions::{Allowed, Permissions};

use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use function::Bind;
use prelude::Prelude;
use state::State;

/// Name of the registry value that holds the metatable of lists.
pub(super) const ARRAY: &str = "flowrun.array";

static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
    [
        str::FUNCTIONS,
        html::FUNCTIONS,
        re::FUNCTIONS,
        tbl::FUNCTIONS,
        time::FUNCTIONS,
        path::FUNCTIONS,
        hash::FUNCTIONS,
    ]
    .concat()
});

/// Every function of the host modules, in the order of the documentation.
pub fn functions() -> &'static [Function] {
    &FUNCTIONS
}

/// Sets the modules as globals and replaces `string.find` and `string.split`. To be called before `sandbox(true)`;
/// `root` is the pipeline's folder, where relative paths start; `permissions` say what is reached. Native compilation
/// of what is loaded later is on afterwards.
pub(super) fn install(lua: &mlua::Lua, root: &Path, permissions: &Arc<Permissions>) -> mlua::Result<()> {
    // Native code for the prelude would take 3 ms a VM and win little: its time goes into callbacks and table access.
    lua.enable_jit(false);
    let installed = install_all(lua, root, permissions);
    lua.enable_jit(true);
    installed
}

fn install_all(lua: &mlua::Lua, root: &Path, permissions: &Arc<Permissions>) -> mlua::Result<()> {
    let state = Rc::new(State::new(lua, root, permissions)?);
    let prelude = Prelude::load(lua, &state)?;
    let globals = lua.globals();
    for function in functions() {
        let module = module(&globals, function.module, lua)?;
        let bind = Bind { lua, state: &state, name: function.full_name() };
        module.raw_set(function.name, function.make(&bind, &prelude)?)?;
    }
    string::replace(lua, &prelude)
}

/// The module's table: one that is there already, such as the VM's own, gets the functions too.
fn module(globals: &mlua::Table, name: &str, lua: &mlua::Lua) -> mlua::Result<mlua::Table> {
    if let Some(module) = globals.raw_get(name)? {
        return Ok(module);
    }
    let module = lua.create_table()?;
    globals.raw_set(name, &module)?;
    Ok(module)
}

#[cfg(test)]
mod tests;
