//! This module makes the parts of a schema for types that no file has said: those that were declared or guessed.

use std::sync::Arc;

use parquet::basic::{
    ConvertedType, DecimalType, LogicalType, Repetition, TimeType, TimeUnit, TimestampType, Type as Physical,
};
use parquet::errors::ParquetError;
use parquet::schema::types::Type;

/// A type that has no others in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeafSchema {
    Boolean,
    Integer,
    Float,
    Text,
    Date,
    Time,
    Timestamp { utc: bool, nanos: bool },
    Decimal { precision: u8, scale: u8 },
}

/// A column of such values, or such values in one.
pub(super) fn leaf(name: &str, kind: LeafSchema, required: bool) -> Result<Type, ParquetError> {
    let unit = |nanos| if nanos { TimeUnit::NANOS } else { TimeUnit::MICROS };
    let (physical, logical) = match kind {
        LeafSchema::Boolean => (Physical::BOOLEAN, None),
        LeafSchema::Integer => (Physical::INT64, None),
        LeafSchema::Float => (Physical::DOUBLE, None),
        LeafSchema::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        LeafSchema::Date => (Physical::INT32, Some(LogicalType::Date)),
        LeafSchema::Time => {
            let time = TimeType { is_adjusted_to_u_t_c: false, unit: TimeUnit::MICROS };
            (Physical::INT64, Some(LogicalType::Time(time)))
        }
        LeafSchema::Timestamp { utc, nanos } => {
            let time = TimestampType { is_adjusted_to_u_t_c: utc, unit: unit(nanos) };
            (Physical::INT64, Some(LogicalType::Timestamp(time)))
        }
        LeafSchema::Decimal { precision, scale } => return decimal(name, precision, scale, required),
    };
    Type::primitive_type_builder(name, physical)
        .with_logical_type(logical)
        .with_repetition(repetition(required))
        .build()
}

/// Decimals lie in the fewest bytes that hold all their digits.
fn decimal(name: &str, precision: u8, scale: u8, required: bool) -> Result<Type, ParquetError> {
    let (physical, length) = match precision {
        0..=9 => (Physical::INT32, -1),
        10..=18 => (Physical::INT64, -1),
        _ => {
            let bits = f64::from(precision) * std::f64::consts::LOG2_10 + 1.0;
            (Physical::FIXED_LEN_BYTE_ARRAY, (bits / 8.0).ceil() as i32)
        }
    };
    let (precision, scale) = (i32::from(precision), i32::from(scale));
    Type::primitive_type_builder(name, physical)
        .with_length(length)
        .with_logical_type(Some(LogicalType::Decimal(DecimalType { scale, precision })))
        .with_precision(precision)
        .with_scale(scale)
        .with_repetition(repetition(required))
        .build()
}

/// Lists of such an element.
pub(super) fn list(name: &str, element: Type, required: bool) -> Result<Type, ParquetError> {
    let repeated = Type::group_type_builder("list")
        .with_fields(vec![Arc::new(element)])
        .with_repetition(Repetition::REPEATED)
        .build()?;
    Type::group_type_builder(name)
        .with_fields(vec![Arc::new(repeated)])
        .with_logical_type(Some(LogicalType::List))
        .with_converted_type(ConvertedType::LIST)
        .with_repetition(repetition(required))
        .build()
}

/// Maps with these keys.
pub(super) fn group(name: &str, fields: Vec<Type>, required: bool) -> Result<Type, ParquetError> {
    Type::group_type_builder(name)
        .with_fields(fields.into_iter().map(Arc::new).collect())
        .with_repetition(repetition(required))
        .build()
}

fn repetition(required: bool) -> Repetition {
    if required { Repetition::REQUIRED } else { Repetition::OPTIONAL }
}
