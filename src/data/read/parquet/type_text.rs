//! This module names the types of stored columns, as people declare them and with what more the file says: `integer (8 bits)`,
//! `timestamp (milliseconds, UTC)`.

use arrow_schema::{DataType, FieldRef};
use parquet::basic::LogicalType;
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};

use super::kind::{BytesKind, Digits, IntegerKind, Kind};
use super::stored_column::StoredColumn;

/// The type of a column.
pub(in crate::data) fn type_text(column: &StoredColumn) -> String {
    let Ok(table) = column.table() else { return String::new() };
    let mut leaves = table.columns().iter().zip(&column.kinds);
    text(&column.field, &mut leaves)
}

/// The type of a field, whose leaves are taken from the front.
fn text<'a>(field: &FieldRef, leaves: &mut dyn Iterator<Item = (&'a ColumnDescPtr, &'a Kind)>) -> String {
    let mut named = |field: &FieldRef| format!("{}: {}", field.name(), text(field, leaves));
    let kind = match field.data_type() {
        DataType::Struct(fields) => {
            let fields: Vec<String> = fields.iter().map(&mut named).collect();
            format!("{{{}}}", fields.join(", "))
        }
        DataType::List(element) => format!("[{}]", text(element, leaves)),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) if pair.len() == 2 => {
                let key = text(&pair[0], leaves);
                format!("map of {} to {}", key.trim_end_matches('!'), text(&pair[1], leaves))
            }
            _ => "map".to_owned(),
        },
        stored => leaves.next().map_or_else(String::new, |(column, kind)| leaf(stored, column, *kind)),
    };
    if field.is_nullable() { kind } else { format!("{kind}!") }
}

fn leaf(stored: &DataType, column: &ColumnDescriptor, kind: Kind) -> String {
    let bits = match (column.logical_type_ref(), stored) {
        (Some(LogicalType::Integer(integer)), _) => integer.bit_width.unsigned_abs(),
        (_, DataType::FixedSizeBinary(2)) => 16,
        (_, DataType::Int32 | DataType::Float32) => 32,
        _ => 64,
    };
    let narrow = |word: &str| if bits == 64 { word.to_owned() } else { format!("{word} ({bits} bits)") };
    match kind {
        Kind::Null => "null".to_owned(),
        Kind::Boolean => "boolean".to_owned(),
        Kind::Float(_) => narrow("number"),
        Kind::Integer(IntegerKind::Signed) => narrow("integer"),
        Kind::Integer(IntegerKind::Unsigned | IntegerKind::UnsignedOrText) => {
            format!("integer ({bits} bits, unsigned)")
        }
        Kind::Integer(IntegerKind::Decimal(scale)) | Kind::Bytes(BytesKind::Decimal(scale)) => {
            format!("decimal({},{scale})", column.type_precision())
        }
        Kind::Integer(IntegerKind::Date | IntegerKind::DateMillis) => "date".to_owned(),
        Kind::Integer(IntegerKind::TimeOfDay(digits)) => format!("time ({})", unit(digits)),
        Kind::Integer(IntegerKind::Timestamp { digits, utc }) => {
            format!("timestamp ({}, {})", unit(digits), if utc { "UTC" } else { "without a zone" })
        }
        Kind::Integer(IntegerKind::Duration(digits)) => format!("duration ({})", unit(digits)),
        Kind::Integer(IntegerKind::SignedText | IntegerKind::UnsignedText) | Kind::Bytes(BytesKind::Text) => {
            "string".to_owned()
        }
        Kind::Bytes(BytesKind::Uuid) => "UUID".to_owned(),
        Kind::Bytes(BytesKind::Interval) => "interval".to_owned(),
        Kind::Bytes(BytesKind::Int96) => "timestamp (96 bits)".to_owned(),
        Kind::Bytes(BytesKind::Raw) => match stored {
            DataType::FixedSizeBinary(size) => format!("{size} bytes"),
            _ => "bytes".to_owned(),
        },
    }
}

fn unit(digits: Digits) -> &'static str {
    match digits {
        0 => "seconds",
        3 => "milliseconds",
        6 => "microseconds",
        _ => "nanoseconds",
    }
}

#[cfg(test)]
mod tests {
    use parquet::schema::parser::parse_message_type;
    use parquet::schema::types::Type;

    use super::*;

    #[test]
    fn types_are_named_as_people_declare_them() {
        for (column, expect) in [
            ("optional boolean v", "boolean"),
            ("required int64 v", "integer!"),
            ("optional int32 v (integer(8,true))", "integer (8 bits)"),
            ("optional int32 v", "integer (32 bits)"),
            ("optional int64 v (integer(64,false))", "integer (64 bits, unsigned)"),
            ("optional double v", "number"),
            ("optional float v", "number (32 bits)"),
            ("optional fixed_len_byte_array(2) v (float16)", "number (16 bits)"),
            ("optional binary v (string)", "string"),
            ("optional binary v", "bytes"),
            ("optional fixed_len_byte_array(3) v", "3 bytes"),
            ("optional fixed_len_byte_array(16) v (uuid)", "UUID"),
            ("optional fixed_len_byte_array(12) v (interval)", "interval"),
            ("optional int96 v", "timestamp (96 bits)"),
            ("optional int32 v (date)", "date"),
            ("optional int64 v (time(micros,true))", "time (microseconds)"),
            ("optional int64 v (timestamp(nanos,false))", "timestamp (nanoseconds, without a zone)"),
            ("optional int64 v (timestamp(millis,true))", "timestamp (milliseconds, UTC)"),
            ("optional int32 v (decimal(5,2))", "decimal(5,2)"),
            ("optional int32 v (unknown)", "null"),
            ("optional group v (list) { repeated group list { required int64 element; } }", "[integer!]"),
            (
                "optional group v (map) { repeated group key_value { required binary key (string); optional double value; } }",
                "map of string to number",
            ),
            ("required group v { required int64 a; optional int64 b; }", "{a: integer!, b: integer}!"),
        ] {
            let schema = format!("message m {{ {column}{} }}", if column.ends_with('}') { "" } else { ";" });
            let schema = parse_message_type(&schema).expect("a schema");
            let node = Type::clone(&schema.get_fields()[0]);
            let stored = StoredColumn::of_node(node).expect("a column");
            assert_eq!(type_text(&stored), expect, "{column}");
        }
    }
}
