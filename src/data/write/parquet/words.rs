//! These words name values and types in messages about columns.

use arrow_schema::DataType;
use serde_json::Value;

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

/// What a column of this type holds.
pub(super) fn plural(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "booleans",
        data_type if data_type.is_integer() => "integers",
        data_type if data_type.is_floating() => "floats",
        data_type if data_type.is_decimal() => "decimals",
        DataType::Date32 => "dates",
        DataType::Time32(_) | DataType::Time64(_) => "times of day",
        DataType::Timestamp(..) => "timestamps",
        DataType::List(_) => "lists",
        DataType::Struct(_) | DataType::Map(..) => "maps",
        DataType::Binary | DataType::FixedSizeBinary(_) => "bytes",
        _ => "strings",
    }
}

/// How a message ends that a declared type would spare: with what to write.
pub(super) fn declare(path: &str) -> String {
    let column = path.split(['.', '[']).next().unwrap_or(path);
    format!("; say in `columns:` which type `{column}` has")
}
