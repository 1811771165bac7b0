//! This type is a Lua list under construction. It marks it as a list, so that an empty one is written as `[]`.

use mlua::{IntoLua, Lua, Table};

/// Collects values; [`ValueList::finish`] hands out the table.
pub(super) struct ValueList<'a> {
    lua: &'a Lua,
    table: Table,
    len: usize,
}

impl<'a> ValueList<'a> {
    pub(super) fn new(lua: &'a Lua, array: &Table) -> mlua::Result<Self> {
        let table = lua.create_table()?;
        table.set_metatable(Some(array.clone()))?;
        Ok(Self { lua, table, len: 0 })
    }

    /// Appends one value.
    pub(super) fn push(&mut self, value: impl IntoLua) -> mlua::Result<()> {
        self.len += 1;
        self.table.raw_seti(self.len, value)
    }

    /// Appends a string.
    pub(super) fn push_bytes(&mut self, bytes: &[u8]) -> mlua::Result<()> {
        let string = self.lua.create_string(bytes)?;
        self.push(string)
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The table.
    pub(super) fn finish(self) -> Table {
        self.table
    }
}
