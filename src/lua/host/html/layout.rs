//! The layout of an element says what box it has.

/// The box of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// It has none, and nothing in it.
    None,
    Inline,
    /// A block: lines of its own.
    Block,
    /// A cell of a table.
    Cell,
}
