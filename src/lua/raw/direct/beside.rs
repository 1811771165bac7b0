//! This type says what an item has in the place of a column, which decides how that is written.

/// What the item has in the place of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// The very field that stands in the column.
    Itself,
    /// A field of that name, which may say how a value is written.
    Other,
    /// Nothing.
    Nothing,
}
