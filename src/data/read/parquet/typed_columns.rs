//! This module says which types the columns of Parquet files have, so that writers can give them to what was read.
//! A type that no writer has is left out: the values say it then.

use std::path::Path;
use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, TimeUnit};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::schema::types::ColumnDescPtr;

use super::kind::{BytesKind, Digits, IntegerKind, Kind};
use super::schema::{kinds, stored};
use crate::data::read::guard::guarded;
use crate::data::read::row_groups::{OpenFile, open};
use crate::data::{Column, ColumnType, DataError};

/// The columns of a file in its order, or those that are chosen in theirs; without a field where no writer has the type.
pub(in crate::data) type TypedColumns = Vec<(String, Option<FieldRef>)>;

/// The columns of a file.
pub(in crate::data::read) fn columns(
    path: &Path,
    name: &str,
    wanted: Option<&[Column]>,
) -> Result<TypedColumns, DataError> {
    let OpenFile { metadata, .. } = open(path, name)?;
    let file = metadata.file_metadata();
    let schema = guarded(name, || stored(file))?;
    let arrow = guarded(name, || parquet_to_arrow_schema(&schema, None))?;
    let kinds = kinds(file);
    let mut leaves = file.schema_descr().columns().iter().zip(&kinds);
    let typed = |field: &FieldRef| (field.name().clone(), typed(field, &mut leaves));
    let all: TypedColumns = arrow.fields().iter().map(typed).collect();
    Ok(match wanted {
        None => all,
        Some(wanted) => wanted.iter().map(|column| chosen(column, &all)).collect(),
    })
}

/// A chosen column: integers that are asked for as text are text.
fn chosen(column: &Column, all: &TypedColumns) -> (String, Option<FieldRef>) {
    let field = all.iter().find(|(name, _)| *name == column.name).and_then(|(_, field)| field.clone());
    let as_text =
        |field: &FieldRef| column.kind == Some(ColumnType::String) && field.data_type().is_integer();
    let field = field.filter(|field| !as_text(field));
    (column.name.clone(), field)
}

/// A field with the meaning of its leaves, which are taken from the front in any case.
fn typed<'a>(
    field: &FieldRef,
    leaves: &mut impl Iterator<Item = (&'a ColumnDescPtr, &'a Result<Kind, String>)>,
) -> Option<FieldRef> {
    let data_type = match field.data_type() {
        DataType::Struct(fields) => {
            let fields: Vec<Option<FieldRef>> = fields.iter().map(|field| typed(field, leaves)).collect();
            DataType::Struct(fields.into_iter().collect::<Option<Fields>>()?)
        }
        DataType::List(element) => DataType::List(typed(element, leaves)?),
        DataType::Map(entries, sorted) => {
            let DataType::Struct(fields) = entries.data_type() else { return None };
            let fields: Vec<Option<FieldRef>> = fields.iter().map(|field| typed(field, leaves)).collect();
            let [key, value] = <[_; 2]>::try_from(fields).ok()?;
            // Keys of any type are text in items.
            let name = key.as_ref().map_or("key", |key| key.name());
            let key = Arc::new(Field::new(name, DataType::Utf8, false));
            let pair = DataType::Struct(Fields::from(vec![key, value?]));
            DataType::Map(Arc::new(Field::new(entries.name(), pair, false)), *sorted)
        }
        stored => {
            let (column, kind) = leaves.next()?;
            leaf(stored, column, *kind.as_ref().ok()?)?
        }
    };
    Some(Arc::new(Field::new(field.name(), data_type, field.is_nullable())))
}

fn leaf(stored: &DataType, column: &ColumnDescPtr, kind: Kind) -> Option<DataType> {
    let width = || match column.logical_type_ref() {
        Some(parquet::basic::LogicalType::Integer(integer)) => u32::from(integer.bit_width.unsigned_abs()),
        _ if *stored == DataType::Int32 => 32,
        _ => 64,
    };
    let decimal = |scale| {
        let precision = u8::try_from(column.type_precision()).ok()?;
        let scale = i8::try_from(scale).ok()?;
        match precision {
            1..=38 => Some(DataType::Decimal128(precision, scale)),
            39..=76 => Some(DataType::Decimal256(precision, scale)),
            _ => None,
        }
    };
    Some(match kind {
        Kind::Boolean => DataType::Boolean,
        Kind::Integer(IntegerKind::Signed) => match width() {
            8 => DataType::Int8,
            16 => DataType::Int16,
            32 => DataType::Int32,
            _ => DataType::Int64,
        },
        Kind::Integer(IntegerKind::Unsigned) => match width() {
            8 => DataType::UInt8,
            16 => DataType::UInt16,
            32 => DataType::UInt32,
            _ => DataType::UInt64,
        },
        Kind::Integer(IntegerKind::Date) => DataType::Date32,
        Kind::Integer(IntegerKind::TimeOfDay(digits @ (6 | 9))) => DataType::Time64(unit(digits)),
        Kind::Integer(IntegerKind::TimeOfDay(digits)) => DataType::Time32(unit(digits)),
        Kind::Integer(IntegerKind::Timestamp { digits, utc }) => {
            DataType::Timestamp(unit(digits), utc.then(|| "UTC".into()))
        }
        Kind::Integer(IntegerKind::Decimal(scale)) | Kind::Bytes(BytesKind::Decimal(scale)) => {
            decimal(scale)?
        }
        Kind::Float { .. } if matches!(stored, DataType::Float32 | DataType::Float64) => stored.clone(),
        Kind::Bytes(BytesKind::Text) => DataType::Utf8,
        Kind::Bytes(BytesKind::Raw) => stored.clone(),
        _ => return None,
    })
}

fn unit(digits: Digits) -> TimeUnit {
    match digits {
        0 => TimeUnit::Second,
        3 => TimeUnit::Millisecond,
        6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}
