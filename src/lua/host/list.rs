//! This type is a Lua list under construction. It marks it as a list, so that an empty one is written as `[]`.

use mlua::{IntoLua, Lua, Table};

use crate::lua::raw::append_strings;

/// Strings that wait, so that they are handed over together: each hand-over is a protected call.
const PENDING_MAX: usize = 256;

/// Collects values; [`ValueList::finish`] hands out the table.
pub(super) struct ValueList<'a> {
    lua: &'a Lua,
    table: Table,
    /// Values in the table.
    len: usize,
    /// Strings that come behind them.
    pending: Vec<&'a [u8]>,
}

impl<'a> ValueList<'a> {
    pub(super) fn new(lua: &'a Lua, array: &Table) -> mlua::Result<Self> {
        let table = lua.create_table()?;
        table.set_metatable(Some(array.clone()))?;
        Ok(Self { lua, table, len: 0, pending: Vec::new() })
    }

    /// Appends one value.
    pub(super) fn push(&mut self, value: impl IntoLua) -> mlua::Result<()> {
        self.hand_over()?;
        self.len += 1;
        self.table.raw_seti(self.len, value)
    }

    /// Appends a string.
    pub(super) fn push_bytes(&mut self, bytes: &'a [u8]) -> mlua::Result<()> {
        self.pending.push(bytes);
        if self.pending.len() == PENDING_MAX { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> mlua::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        append_strings(self.lua, (&self.table, self.len), &self.pending)?;
        self.len += self.pending.len();
        self.pending.clear();
        Ok(())
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.len + self.pending.len()
    }

    /// The table.
    pub(super) fn finish(mut self) -> mlua::Result<Table> {
        self.hand_over()?;
        Ok(self.table)
    }
}
