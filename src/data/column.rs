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
    /// What its text becomes; `None`: what the file has, which is a string where it has text.
    pub kind: Option<ColumnType>,
    /// Whether it may be null: in text, an empty field is.
    pub nullable: bool,
}

impl Column {
    /// A column that is never null.
    pub fn typed(name: &str, kind: ColumnType) -> Self {
        Self { name: name.to_owned(), kind: Some(kind), nullable: false }
    }

    /// A column as the file has it.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), kind: None, nullable: false }
    }
}
