//! This module makes tables of methods: entries of the registry whose module begins with a capital are no globals,
//! but what values of that name answer to.

use mlua::{Lua, Table};

/// Whether a module of the registry is a type's.
pub(super) fn is_type(module: &str) -> bool {
    module.starts_with(|first: char| first.is_ascii_uppercase())
}

/// The methods of a type in one VM, empty at first.
pub(super) fn of(lua: &Lua, name: &str) -> mlua::Result<Table> {
    let key = format!("flowrun.{name}");
    if let Some(table) = lua.named_registry_value(&key)? {
        return Ok(table);
    }
    let table = lua.create_table()?;
    lua.set_named_registry_value(&key, &table)?;
    Ok(table)
}
