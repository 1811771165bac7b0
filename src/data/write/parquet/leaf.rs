//! This module puts single values into columns of any type. Nothing is rounded or cut: what a type does not hold is an
//! error. `column` does so for lists and maps.

use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, BinaryBuilder, StringBuilder};
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{ArrayRef, BooleanArray, FixedSizeBinaryArray, PrimitiveArray};
use arrow_buffer::i256;
use arrow_schema::{DataType, TimeUnit};
use serde_json::{Number, Value};

use super::texts::{Moment, decimal_digits, parse_date, parse_hex, parse_time};
use super::words::{declare, plural, word};

/// Single values, as far as they are there.
pub(super) struct LeafBuilder {
    data_type: DataType,
    values: Values,
}

enum Values {
    Boolean(Vec<Option<bool>>),
    /// Integers, and what is counted: days, parts of seconds.
    Integer(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    /// Of one length.
    Fixed(Vec<Option<Vec<u8>>>),
    Decimal(Vec<Option<i256>>),
}

impl LeafBuilder {
    /// Whether values of a type can be written.
    pub(super) fn takes(data_type: &DataType) -> bool {
        matches!(
            data_type,
            DataType::Boolean
                | DataType::Float32
                | DataType::Float64
                | DataType::Utf8
                | DataType::Binary
                | DataType::FixedSizeBinary(_)
                | DataType::Date32
                | DataType::Time32(_)
                | DataType::Time64(_)
                | DataType::Timestamp(..)
                | DataType::Decimal128(..)
                | DataType::Decimal256(..)
        ) || data_type.is_integer()
    }

    /// Values of a type that [`takes`](Self::takes) them.
    pub(super) fn new(data_type: &DataType) -> Self {
        let values = match data_type {
            DataType::Boolean => Values::Boolean(Vec::new()),
            DataType::Float32 | DataType::Float64 => Values::Float(Vec::new()),
            DataType::Binary => Values::Bytes(BinaryBuilder::new()),
            DataType::FixedSizeBinary(_) => Values::Fixed(Vec::new()),
            DataType::Decimal128(..) | DataType::Decimal256(..) => Values::Decimal(Vec::new()),
            DataType::Utf8 => Values::Text(StringBuilder::new()),
            _ => Values::Integer(Vec::new()),
        };
        Self { data_type: data_type.clone(), values }
    }

    pub(super) fn len(&self) -> usize {
        match &self.values {
            Values::Boolean(values) => values.len(),
            Values::Integer(values) => values.len(),
            Values::Float(values) => values.len(),
            Values::Text(values) => values.len(),
            Values::Bytes(values) => values.len(),
            Values::Fixed(values) => values.len(),
            Values::Decimal(values) => values.len(),
        }
    }

    pub(super) fn append_null(&mut self) {
        match &mut self.values {
            Values::Boolean(values) => values.push(None),
            Values::Integer(values) => values.push(None),
            Values::Float(values) => values.push(None),
            Values::Text(values) => values.append_null(),
            Values::Bytes(values) => values.append_null(),
            Values::Fixed(values) => values.push(None),
            Values::Decimal(values) => values.push(None),
        }
    }

    /// Adds a value that is not null.
    pub(super) fn append(&mut self, value: &Value, path: &str) -> Result<(), String> {
        let data_type = &self.data_type;
        match (&mut self.values, value) {
            (Values::Boolean(values), Value::Bool(value)) => values.push(Some(*value)),
            (Values::Integer(values), value) => {
                let counted = counted(data_type, value, path)?;
                values.push(Some(counted.ok_or_else(|| misfit(data_type, value, path))?));
            }
            (Values::Float(values), Value::Number(number)) => {
                values.push(Some(float(number, *data_type == DataType::Float32, path)?));
            }
            (Values::Text(values), Value::String(text)) => values.append_value(text),
            (Values::Bytes(values), Value::String(text)) => {
                values.append_value(parse_hex(text).ok_or_else(|| unread(path, text, "bytes", "00ff"))?);
            }
            (Values::Fixed(values), Value::String(text)) => {
                let bytes = parse_hex(text).ok_or_else(|| unread(path, text, "bytes", "00ff"))?;
                if *data_type != DataType::FixedSizeBinary(bytes.len() as i32) {
                    return Err(format!(
                        "column `{path}` holds bytes of one length, and this one has {}",
                        bytes.len()
                    ));
                }
                values.push(Some(bytes));
            }
            (Values::Decimal(values), Value::String(_) | Value::Number(_)) => {
                values.push(Some(decimal(data_type, value, path)?));
            }
            _ => return Err(misfit(data_type, value, path)),
        }
        Ok(())
    }

    /// The column, which is empty again then.
    pub(super) fn finish(&mut self) -> ArrayRef {
        use std::mem::take;
        match &mut self.values {
            Values::Boolean(values) => Arc::new(BooleanArray::from(take(values))),
            Values::Integer(values) => integers(&self.data_type, &take(values)),
            Values::Float(values) if self.data_type == DataType::Float32 => {
                primitive::<Float32Type, _>(&take(values), |value| value as f32)
            }
            Values::Float(values) => primitive::<Float64Type, _>(&take(values), |value| value),
            Values::Text(values) => Arc::new(values.finish()),
            Values::Bytes(values) => Arc::new(values.finish()),
            Values::Fixed(values) => {
                let size = if let DataType::FixedSizeBinary(size) = self.data_type { size } else { 0 };
                let array =
                    FixedSizeBinaryArray::try_from_sparse_iter_with_size(take(values).into_iter(), size);
                Arc::new(array.expect("each has the length of the type"))
            }
            Values::Decimal(values) => {
                let values = take(values);
                let array: ArrayRef = match self.data_type {
                    DataType::Decimal128(precision, scale) => {
                        let short = |value: i256| value.to_i128().unwrap_or_default();
                        let values = values.iter().map(|value| value.map(short));
                        let array: PrimitiveArray<Decimal128Type> = values.collect();
                        Arc::new(array.with_data_type(DataType::Decimal128(precision, scale)))
                    }
                    ref wide => {
                        let array: PrimitiveArray<Decimal256Type> = values.into_iter().collect();
                        Arc::new(array.with_data_type(wide.clone()))
                    }
                };
                array
            }
        }
    }
}

/// What is stored for a value of a type that counts; `None` when it is of another kind.
fn counted(data_type: &DataType, value: &Value, path: &str) -> Result<Option<i64>, String> {
    let text = match value {
        Value::Number(number) if data_type.is_integer() => {
            let Some(integer) = number.as_i64() else { return Ok(None) };
            return within(data_type, integer, path).map(Some);
        }
        Value::String(text) if !data_type.is_integer() => text,
        _ => return Ok(None),
    };
    let count = match data_type {
        DataType::Date32 => parse_date(text)
            .filter(|days| i32::try_from(*days).is_ok())
            .ok_or_else(|| unread(path, text, "date", "2024-02-29"))?,
        DataType::Time32(unit) | DataType::Time64(unit) => {
            parse_time(text, *unit).ok_or_else(|| unread(path, text, "time of day", "12:30:00.5"))?
        }
        DataType::Timestamp(unit, zone) => timestamp(text, *unit, zone.is_some(), path)?,
        _ => return Ok(None),
    };
    Ok(Some(count))
}

/// An integer, if the type is wide enough.
fn within(data_type: &DataType, value: i64, path: &str) -> Result<i64, String> {
    let (least, most) = match data_type {
        DataType::Int8 => (i8::MIN.into(), i8::MAX.into()),
        DataType::Int16 => (i16::MIN.into(), i16::MAX.into()),
        DataType::Int32 => (i32::MIN.into(), i32::MAX.into()),
        DataType::UInt8 => (0, u8::MAX.into()),
        DataType::UInt16 => (0, u16::MAX.into()),
        DataType::UInt32 => (0, u32::MAX.into()),
        DataType::UInt64 => (0, i64::MAX),
        _ => (i64::MIN, i64::MAX),
    };
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(format!(
        "column `{path}` holds integers from {least} to {most}, and this one is {value}{}",
        declare(path)
    ))
}

fn integers(data_type: &DataType, values: &[Option<i64>]) -> ArrayRef {
    match data_type {
        DataType::Int8 => primitive::<Int8Type, _>(values, |value| value as i8),
        DataType::Int16 => primitive::<Int16Type, _>(values, |value| value as i16),
        DataType::Int32 => primitive::<Int32Type, _>(values, |value| value as i32),
        DataType::UInt8 => primitive::<UInt8Type, _>(values, |value| value as u8),
        DataType::UInt16 => primitive::<UInt16Type, _>(values, |value| value as u16),
        DataType::UInt32 => primitive::<UInt32Type, _>(values, |value| value as u32),
        DataType::UInt64 => primitive::<UInt64Type, _>(values, |value| value as u64),
        DataType::Date32 => primitive::<Date32Type, _>(values, |value| value as i32),
        DataType::Time32(TimeUnit::Second) => primitive::<Time32SecondType, _>(values, |value| value as i32),
        DataType::Time32(_) => primitive::<Time32MillisecondType, _>(values, |value| value as i32),
        DataType::Time64(TimeUnit::Nanosecond) => primitive::<Time64NanosecondType, _>(values, |value| value),
        DataType::Time64(_) => primitive::<Time64MicrosecondType, _>(values, |value| value),
        DataType::Timestamp(unit, zone) => {
            let zone = zone.clone();
            match unit {
                TimeUnit::Second => zoned::<TimestampSecondType>(values, zone),
                TimeUnit::Millisecond => zoned::<TimestampMillisecondType>(values, zone),
                TimeUnit::Microsecond => zoned::<TimestampMicrosecondType>(values, zone),
                TimeUnit::Nanosecond => zoned::<TimestampNanosecondType>(values, zone),
            }
        }
        _ => primitive::<Int64Type, _>(values, |value| value),
    }
}

fn primitive<T: ArrowPrimitiveType, V: Copy>(
    values: &[Option<V>],
    convert: impl Fn(V) -> T::Native,
) -> ArrayRef {
    let array: PrimitiveArray<T> = values.iter().map(|value| value.map(&convert)).collect();
    Arc::new(array)
}

fn zoned<T: arrow_array::types::ArrowTimestampType>(
    values: &[Option<i64>],
    zone: Option<Arc<str>>,
) -> ArrayRef {
    let array: PrimitiveArray<T> = values.iter().copied().collect();
    Arc::new(array.with_timezone_opt(zone))
}

/// A float, unless it would be another number.
fn float(number: &Number, short: bool, path: &str) -> Result<f64, String> {
    let value = number.as_f64().unwrap_or_default();
    let is_exact = number.as_i64().is_none_or(|integer| value as i128 == i128::from(integer));
    if !is_exact || (short && f64::from(value as f32).to_bits() != value.to_bits()) {
        let floats = if short { "floats of 32 bits" } else { "floats" };
        return Err(format!("column `{path}` holds {floats}, and none is exactly {number}{}", declare(path)));
    }
    Ok(value)
}

fn timestamp(text: &str, unit: TimeUnit, zoned: bool, path: &str) -> Result<i64, String> {
    let Some(moment) = Moment::parse(text) else {
        return Err(unread(path, text, "timestamp", "2024-02-29T12:30:00Z"));
    };
    if moment.has_zone != zoned {
        let (held, found) = if zoned { ("", "none") } else { ("out", "one") };
        return Err(format!("column `{path}` holds timestamps with{held} a zone, and `{text}` has {found}"));
    }
    moment.count(unit).ok_or_else(|| {
        let unit = match unit {
            TimeUnit::Second => "seconds",
            TimeUnit::Millisecond => "milliseconds",
            TimeUnit::Microsecond => "microseconds",
            TimeUnit::Nanosecond => "nanoseconds",
        };
        format!("column `{path}` holds timestamps in {unit}, and `{text}` is none")
    })
}

fn decimal(data_type: &DataType, value: &Value, path: &str) -> Result<i256, String> {
    let (DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale)) = data_type else {
        return Err(misfit(data_type, value, path));
    };
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let digits = decimal_digits(&text, *precision, scale.unsigned_abs());
    digits.and_then(|digits| i256::from_string(&digits)).ok_or_else(|| {
        format!("column `{path}` is declared `decimal({precision},{scale})`, and `{text}` is none without rounding")
    })
}

fn unread(path: &str, text: &str, what: &str, example: &str) -> String {
    let shown: String = text.chars().take(100).collect();
    format!("column `{path}` is declared a {what} such as `{example}` in `columns:`, and `{shown}` is none")
}

/// The message about a value of another kind than its column.
pub(super) fn misfit(data_type: &DataType, value: &Value, path: &str) -> String {
    format!("column `{path}` holds {}, and this one is {}{}", plural(data_type), word(value), declare(path))
}
