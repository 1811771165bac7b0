//! A column is chosen by its name, where a format has columns, and may be given a type.

use crate::value::choice;

choice!(
    /// The type that a column's text is turned into.
    pub enum ColumnType: "the types of a column are" {
        /// Signed 64 bits.
        Integer = "integer",
        /// Integer or float.
        Number = "number",
        /// As it is.
        String = "string",
        /// `true` or `false`.
        Boolean = "boolean",
    }
);

/// One chosen column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header and in the item.
    pub name: String,
    /// What its text becomes; ignored when writing.
    pub kind: ColumnType,
}
