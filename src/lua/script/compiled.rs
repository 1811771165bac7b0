//! These types are what a function is that was compiled for its item: how it is called, and what it gives.

use super::lines::LuaChunk;
use super::program::Program;

/// How a function that is compiled for its item is called, and what it gives.
#[derive(Debug)]
pub(in crate::lua) struct Direct {
    /// The fields of the item that are read; others are passed over. Behind those that the function looks at come the ones that
    /// only stand at the places of its results.
    pub(in crate::lua) fields: Vec<String>,
    /// How many it looks at.
    pub(in crate::lua) looked_at: usize,
    /// Those that are parameters, in their order.
    pub(in crate::lua) passed: Vec<usize>,
    /// Whether `index` and `ctx` are parameters behind them.
    pub(in crate::lua) index: bool,
    pub(in crate::lua) ctx: bool,
    pub(in crate::lua) results: Results,
    /// The tables that it returns as values.
    pub(in crate::lua) tables: Vec<Vec<Column>>,
    /// What gives the same without Lua.
    pub(in crate::lua) program: Option<Program>,
    /// Both functions: the general one and this one.
    pub(in crate::lua) chunk: LuaChunk,
}

/// What a call gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum Results {
    /// The values of the only table, and nothing else.
    Table,
    /// A mark, the number of a table and its values; or what the function returns in the general way.
    Marked,
    /// What the function returns in the general way.
    Plain,
}

/// One field of a table that is returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lua) struct Column {
    pub(in crate::lua) name: String,
    /// The item's field whose text is copied; `None`: the next of the returned values.
    pub(in crate::lua) copied: Option<usize>,
}
