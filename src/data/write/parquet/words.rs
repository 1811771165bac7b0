//! These words name values and types in messages about columns.

use parquet::basic::LogicalType;
use parquet::schema::types::ColumnDescriptor;
use serde_json::Value;

use crate::data::read::Kind;

/// What a leaf of a column holds, and how much of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeafType {
    pub(super) kind: Kind,
    /// Of an integer.
    pub(super) bits: u8,
    /// Whether integers are stored in 32 bits.
    pub(super) is_short: bool,
    /// Digits of a decimal.
    pub(super) precision: u32,
    /// Nothing but nulls said what it holds.
    pub(super) is_unknown: bool,
}

impl LeafType {
    pub(super) fn of(column: &ColumnDescriptor, kind: Kind) -> Self {
        let is_short = column.physical_type() == parquet::basic::Type::INT32;
        let bits = match column.logical_type_ref() {
            Some(LogicalType::Integer(integer)) => integer.bit_width.unsigned_abs(),
            _ if is_short => 32,
            _ => 64,
        };
        Self { kind, bits, is_short, precision: column.type_precision().unsigned_abs(), is_unknown: false }
    }

    /// Whether an integer is short enough for how it is stored.
    pub(super) fn holds(&self, stored: i64) -> bool {
        !self.is_short || i32::try_from(stored).is_ok()
    }

    /// The message about a value of another kind.
    pub(super) fn misfit(&self, value: &Value, path: &str) -> String {
        if self.is_unknown {
            let (word, declare) = (word(value), declare(path));
            return format!(
                "column `{path}` is null in all items that say what the columns are, and this one is {word}{declare}"
            );
        }
        misfit(self.kind, value, path)
    }

    /// The message about a text that is no decimal of this type.
    pub(super) fn no_decimal(&self, scale: u16, text: &str, path: &str) -> String {
        let (precision, shown) = (self.precision, cut(text));
        format!(
            "column `{path}` is declared `decimal({precision},{scale})`, and `{shown}` is none without rounding"
        )
    }
}

/// A value in a word.
pub(super) fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_i64() => "an integer",
        Value::Number(_) => "a float",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// How a message ends that a declared type would spare, as far as the name of the column.
const DECLARE: &str = "; say in `columns:` which type `";

/// How a message ends that a declared type would spare: with what to write.
pub(super) fn declare(path: &str) -> String {
    let column = path.split(['.', '[', '{']).next().unwrap_or(path);
    format!("{DECLARE}{column}` has")
}

/// The message where the type is declared already.
pub(super) fn declared(message: String) -> String {
    match message.rsplit_once(DECLARE) {
        Some((what, _)) => format!("{what}; `columns:` says so"),
        None => message,
    }
}

/// The message about a value of another kind than its column.
pub(super) fn misfit(kind: Kind, value: &Value, path: &str) -> String {
    another(kind.word(), value, path)
}

/// The message about a value in a column that holds `others`.
pub(super) fn another(others: &str, value: &Value, path: &str) -> String {
    format!("column `{path}` holds {others}, and this one is {}{}", word(value), declare(path))
}

/// The message about a text that is none of those that the column holds.
pub(super) fn unread(path: &str, text: &str, what: &str, example: &str) -> String {
    format!(
        "column `{path}` is declared {what} such as `{example}` in `columns:`, and `{}` is none",
        cut(text)
    )
}

fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}
