//! This module holds the host modules of item functions (`str`, `html`, `csv`, …), the table of all functions in
//! scope, and linear-time replacements for `string.find` and `string.split`.
//!
//! The worker decides which VM they are installed in, makes the sandbox, turns errors into tables, and has everything
//! that waits or knows the item (`flow`, `log`, `time.sleep`).

#[cfg(not(all(feature = "http", feature = "image")))]
mod absent;
mod call;
mod codec;
mod compiled;
mod csv;
mod exec;
mod fs;
mod function;
mod given;
mod hash;
mod html;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "image")]
mod image;
mod list;
mod luau;
mod methods;
mod options;
mod outside;
mod page;
mod path;
mod prelude;
mod rand;
mod re;
mod slots;
mod sqlite;
mod state;
mod str;
mod string;
mod tally;
mod tbl;
mod template;
mod time;
mod toml;
mod url;
mod yaml;

pub use function::Function;
pub use page::{Field, MODULES, Meaning, NAMED, Named, VARIABLES};
pub(crate) use sqlite::count_memory;

use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use call::Bind;
use luau::Luau;
use prelude::Prelude;
use state::HostState;

use crate::lua::permissions::Permissions;
use crate::lua::temporaries::Temporaries;

static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
    [
        given::FLOW_FUNCTIONS,
        given::LOG_FUNCTIONS,
        given::JSON_FUNCTIONS,
        csv::FUNCTIONS,
        yaml::FUNCTIONS,
        toml::FUNCTIONS,
        str::FUNCTIONS,
        html::FUNCTIONS,
        re::FUNCTIONS,
        tbl::FUNCTIONS,
        rand::FUNCTIONS,
        given::UUID_FUNCTIONS,
        time::FUNCTIONS,
        path::FUNCTIONS,
        fs::FUNCTIONS,
        hash::FUNCTIONS,
        given::GLOBAL_FUNCTIONS,
        #[cfg(feature = "image")]
        image::FUNCTIONS,
        sqlite::FUNCTIONS,
        url::FUNCTIONS,
        #[cfg(feature = "http")]
        http::FUNCTIONS,
        exec::FUNCTIONS,
        codec::FUNCTIONS,
        template::FUNCTIONS,
    ]
    .concat()
});

/// The halves of modules that are written in Luau, in the order in which they are loaded.
static LUAU: &[&Luau] = &[
    &string::LUAU,
    &re::LUAU,
    &tbl::LUAU[0],
    &tbl::LUAU[1],
    &yaml::LUAU,
    &rand::LUAU,
    #[cfg(feature = "http")]
    &http::LUAU,
    &exec::LUAU,
    &sqlite::LUAU,
];

/// Every function that item functions find beside Lua's own, in the order of the documentation.
pub fn functions() -> &'static [Function] {
    &FUNCTIONS
}

/// Sets the modules as globals and replaces `string.find` and `string.split`. To be called before `sandbox(true)`;
/// `root` is the pipeline's folder, where relative paths start; `permissions` say what is reached. Native compilation
/// of what is loaded later is on afterwards.
pub(super) fn install(
    lua: &mlua::Lua,
    root: &Path,
    permissions: &Arc<Permissions>,
    temporaries: &Rc<Temporaries>,
) -> mlua::Result<()> {
    // Native code for the prelude would take 3 ms a VM and win little: its time goes into callbacks and table access.
    lua.enable_jit(false);
    let state = HostState::new(lua, root, permissions, temporaries);
    let installed = state.and_then(|state| install_all(lua, &Rc::new(state)));
    lua.enable_jit(true);
    installed
}

fn install_all(lua: &mlua::Lua, state: &Rc<HostState>) -> mlua::Result<()> {
    let prelude = Prelude::load(lua, state, LUAU)?;
    let globals = lua.globals();
    for function in functions() {
        let bind = Bind { lua, state, name: function.full_name() };
        let Some(made) = function.make(&bind, &prelude)? else { continue };
        let module = if methods::is_type(function.module) {
            methods::of(lua, function.module)?
        } else {
            module(&globals, function.module, lua)?
        };
        module.raw_set(function.name, made)?;
    }
    #[cfg(not(all(feature = "http", feature = "image")))]
    absent::install(lua)?;
    #[cfg(test)]
    globals.raw_set(
        "stall",
        lua.create_function(|_, ()| {
            tests::stall();
            Ok(())
        })?,
    )?;
    string::replace(lua, &prelude)
}

/// The tables of methods, with the names of their types.
pub(super) fn types(lua: &mlua::Lua) -> mlua::Result<Vec<(&'static str, mlua::Table)>> {
    let mut names: Vec<_> = functions().iter().map(|function| function.module).collect();
    names.dedup();
    names.retain(|name| methods::is_type(name));
    names.into_iter().map(|name| Ok((name, methods::of(lua, name)?))).collect()
}

/// The module's table, also of one within another such as `codec.base64`: one that is there already, such as the VM's
/// own, gets the functions too.
fn module(globals: &mlua::Table, name: &str, lua: &mlua::Lua) -> mlua::Result<mlua::Table> {
    let mut table = globals.clone();
    for part in name.split('.') {
        table = if let Some(inner) = table.raw_get(part)? {
            inner
        } else {
            let inner = lua.create_table()?;
            table.raw_set(part, &inner)?;
            inner
        };
    }
    Ok(table)
}

#[cfg(test)]
pub(super) mod tests;
