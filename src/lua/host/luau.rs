//! A module may have a half in Luau, and functions in Rust that this half alone calls.

use mlua::{Function, Lua, Table};

use super::call::{Bind, Name};
use crate::lua::own_code::OwnCode;

/// One Luau source: it gets the table of all [`Native`] functions as its argument and returns a table of functions.
pub(super) struct Luau {
    /// The module that the functions belong to.
    pub(super) module: &'static str,
    code: &'static OwnCode,
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
    pub(super) const fn new(
        module: &'static str,
        code: &'static OwnCode,
        natives: &'static [Native],
    ) -> Self {
        Self { module, code, natives }
    }

    /// The functions of this source in one VM.
    pub(super) fn load(&self, lua: &Lua, host: &Table) -> mlua::Result<Table> {
        self.code.load(lua)?.call(host)
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
