//! This module puts single values into columns, as they are stored there. Nothing is rounded or cut: what a column does not
//! hold is an error. `column` does so for lists and maps.

use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder as _, BinaryBuilder, FixedSizeBinaryBuilder};
use arrow_array::{ArrayRef, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array};
use arrow_schema::DataType;
use serde_json::Value;

use super::beyond_json::BeyondJson;
use super::decimals::{decimal_digits, to_bytes};
use super::floats::{float, half};
use super::integers::stored_integer;
use super::texts::{Moment, parse_hex, parse_interval, parse_uuid};
use super::words::{LeafType, unread};
use crate::data::read::{BytesKind, IntegerKind, Kind};

/// Single values, as far as they are there.
pub(super) struct LeafBuilder {
    leaf: LeafType,
    beyond_json: BeyondJson,
    values: Values,
}

/// Values as the library takes them.
enum Values {
    Boolean(Vec<Option<bool>>),
    Int32(Vec<Option<i32>>),
    Int64(Vec<Option<i64>>),
    Float32(Vec<Option<f32>>),
    Float64(Vec<Option<f64>>),
    Bytes(BinaryBuilder),
    /// Of one length.
    Fixed(i32, FixedSizeBinaryBuilder),
}

impl LeafBuilder {
    /// Values of a leaf that the library has as `data_type`; `None` where it has it in another way than all files.
    pub(super) fn new(data_type: &DataType, leaf: LeafType, beyond_json: BeyondJson) -> Option<Self> {
        let values = match data_type {
            DataType::Boolean => Values::Boolean(Vec::new()),
            DataType::Int32 => Values::Int32(Vec::new()),
            DataType::Int64 => Values::Int64(Vec::new()),
            DataType::Float32 => Values::Float32(Vec::new()),
            DataType::Float64 => Values::Float64(Vec::new()),
            DataType::Binary => Values::Bytes(BinaryBuilder::new()),
            DataType::FixedSizeBinary(size) => Values::Fixed(*size, FixedSizeBinaryBuilder::new(*size)),
            _ => return None,
        };
        Some(Self { leaf, beyond_json, values })
    }

    /// Whether its values are strings in items.
    pub(super) fn is_text(&self) -> bool {
        self.leaf.kind.is_text()
    }

    /// Whether its values are decimals.
    pub(super) fn is_decimal(&self) -> bool {
        matches!(self.leaf.kind, Kind::Integer(IntegerKind::Decimal(_)) | Kind::Bytes(BytesKind::Decimal(_)))
    }

    pub(super) fn len(&self) -> usize {
        match &self.values {
            Values::Boolean(values) => values.len(),
            Values::Int32(values) => values.len(),
            Values::Int64(values) => values.len(),
            Values::Float32(values) => values.len(),
            Values::Float64(values) => values.len(),
            Values::Bytes(values) => values.len(),
            Values::Fixed(_, values) => values.len(),
        }
    }

    pub(super) fn append_null(&mut self) {
        match &mut self.values {
            Values::Boolean(values) => values.push(None),
            Values::Int32(values) => values.push(None),
            Values::Int64(values) => values.push(None),
            Values::Float32(values) => values.push(None),
            Values::Float64(values) => values.push(None),
            Values::Bytes(values) => values.append_null(),
            Values::Fixed(_, values) => values.append_null(),
        }
    }

    /// Adds a text.
    pub(super) fn append_text(&mut self, text: &str, path: &str) -> Result<(), String> {
        match (&mut self.values, self.leaf.kind) {
            (Values::Bytes(values), Kind::Bytes(BytesKind::Text))
                if self.beyond_json != BeyondJson::Refused =>
            {
                values.append_value(text);
                Ok(())
            }
            _ => self.append(&Value::from(text), path),
        }
    }

    /// Adds a value that is not null.
    pub(super) fn append(&mut self, value: &Value, path: &str) -> Result<(), String> {
        let leaf = &self.leaf;
        self.beyond_json.check(leaf.kind, value, path)?;
        match (&mut self.values, leaf.kind) {
            (Values::Boolean(values), Kind::Boolean) => {
                values.push(Some(value.as_bool().ok_or_else(|| leaf.misfit(value, path))?));
            }
            (Values::Int32(values), Kind::Integer(kind)) => {
                // Integers without a sign have the bits of those with one.
                values.push(Some(stored_integer(leaf, kind, self.beyond_json, value, path)? as i32));
            }
            (Values::Int64(values), Kind::Integer(kind)) => {
                values.push(Some(stored_integer(leaf, kind, self.beyond_json, value, path)?));
            }
            (Values::Float32(values), Kind::Float(_)) => {
                values.push(Some(float(value, self.beyond_json, "floats of 32 bits", path, |value| {
                    f64::from(value as f32)
                })? as f32));
            }
            (Values::Float64(values), Kind::Float(_)) => {
                values.push(Some(float(value, self.beyond_json, "floats", path, |value| value)?));
            }
            (Values::Fixed(2, values), Kind::Float(_)) => {
                let exact = |value| crate::data::read::half_to_float(half(value));
                let value = float(value, self.beyond_json, "floats of 16 bits", path, exact)?;
                values.append_value(half(value).to_le_bytes()).map_err(|error| error.to_string())?;
            }
            (Values::Bytes(values), Kind::Bytes(BytesKind::Text)) => {
                values.append_value(value.as_str().ok_or_else(|| leaf.misfit(value, path))?);
            }
            (Values::Bytes(values), Kind::Bytes(kind)) => {
                values.append_value(bytes(leaf, kind, 0, value, path)?);
            }
            (Values::Fixed(size, values), Kind::Bytes(kind)) => {
                let bytes = bytes(leaf, kind, *size as usize, value, path)?;
                if bytes.len() != *size as usize {
                    let count = bytes.len();
                    return Err(format!(
                        "column `{path}` holds bytes of one length, {size}, and this one has {count}"
                    ));
                }
                values.append_value(&bytes).map_err(|error| error.to_string())?;
            }
            _ => return Err(leaf.misfit(value, path)),
        }
        Ok(())
    }

    /// The column, which is empty again then.
    pub(super) fn finish(&mut self) -> ArrayRef {
        use std::mem::take;
        match &mut self.values {
            Values::Boolean(values) => Arc::new(BooleanArray::from(take(values))),
            Values::Int32(values) => Arc::new(Int32Array::from(take(values))),
            Values::Int64(values) => Arc::new(Int64Array::from(take(values))),
            Values::Float32(values) => Arc::new(Float32Array::from(take(values))),
            Values::Float64(values) => Arc::new(Float64Array::from(take(values))),
            Values::Bytes(values) => Arc::new(values.finish()),
            Values::Fixed(_, values) => Arc::new(values.finish()),
        }
    }
}

/// The bytes that are stored for a text; those of a decimal are so many, or as few as it needs.
fn bytes(
    leaf: &LeafType,
    kind: BytesKind,
    size: usize,
    value: &Value,
    path: &str,
) -> Result<Vec<u8>, String> {
    let wrong = || leaf.misfit(value, path);
    if let BytesKind::Decimal(scale) = kind {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(wrong()),
        };
        let digits = decimal_digits(&text, leaf.precision, scale);
        let bytes = digits.and_then(|digits| to_bytes(&digits, size));
        return bytes.ok_or_else(|| leaf.no_decimal(scale, &text, path));
    }
    let text = value.as_str().ok_or_else(wrong)?;
    let unread = |what, example| unread(path, text, what, example);
    match kind {
        BytesKind::Text => Ok(text.as_bytes().to_vec()),
        BytesKind::Raw => parse_hex(text).ok_or_else(|| unread("bytes", "00ff")),
        BytesKind::Uuid => {
            parse_uuid(text).ok_or_else(|| unread("a UUID", "123e4567-e89b-12d3-a456-426614174000"))
        }
        BytesKind::Interval => parse_interval(text)
            .map(|fields| fields.map(u32::to_le_bytes).concat())
            .ok_or_else(|| unread("an interval", "P1M2DT3.5S")),
        BytesKind::Int96 => Moment::parse(text)
            .filter(|moment| !moment.has_zone)
            .and_then(Moment::int96)
            .map(|bytes| bytes.to_vec())
            .ok_or_else(|| unread("a timestamp without a zone", "2024-02-29T12:30:00")),
        BytesKind::Decimal(_) => Err(wrong()),
    }
}
