//! This module takes a file's schema apart: into columns as they are stored, which the library reads, and into what
//! their values mean, which is applied here to each single value. So nothing is converted twice, and what cannot be
//! converted is one row's matter.

use std::sync::Arc;

use arrow_schema::{DataType, Fields, TimeUnit};
use parquet::arrow::{ARROW_SCHEMA_META_KEY, parquet_to_arrow_schema};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit as StoredUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::metadata::FileMetaData;
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor, Type};

use super::kind::{BytesKind, Digits, IntegerKind, Kind, Scale};
use crate::data::read::guard::guarded;

/// Bytes of a time as Impala and Spark wrote it, and of an interval.
const TWELVE: i32 = 12;

/// The columns as they are stored: no leaf has a meaning there.
pub(super) fn stored(
    columns: &SchemaDescriptor,
    keeps_int96: bool,
) -> Result<SchemaDescriptor, ParquetError> {
    Ok(SchemaDescriptor::new(Arc::new(bare(columns.root_schema(), keeps_int96)?)))
}

/// Whether a program's pages of times of 96 bits are longer than their values, which the library allows for no other type of
/// twelve bytes. It writes them from 64 bits of nanoseconds, and into these the library reads them.
pub(super) fn pads_int96(file: &FileMetaData) -> bool {
    file.created_by().is_some_and(|program| program.starts_with("fastparquet"))
}

fn bare(node: &Type, keeps_int96: bool) -> Result<Type, ParquetError> {
    let info = node.get_basic_info();
    let Type::PrimitiveType { physical_type, type_length, .. } = node else {
        let fields = node.get_fields().iter().map(|field| bare(field, keeps_int96).map(Arc::new));
        let group = Type::group_type_builder(info.name())
            .with_fields(fields.collect::<Result<_, _>>()?)
            .with_converted_type(info.converted_type());
        let has_repetition = info.has_repetition();
        return if has_repetition { group.with_repetition(info.repetition()) } else { group }.build();
    };
    // The twelve bytes lie in the file like any others.
    let (physical, length) = match physical_type {
        Physical::INT96 if !keeps_int96 => (Physical::FIXED_LEN_BYTE_ARRAY, TWELVE),
        other => (*other, *type_length),
    };
    let leaf = Type::primitive_type_builder(info.name(), physical).with_length(length);
    leaf.with_repetition(info.repetition()).build()
}

/// What the values of each leaf mean, in the order of the file, or why they cannot be read.
pub(super) fn kinds(file: &FileMetaData) -> Vec<Result<Kind, String>> {
    let leaves = hints(file).map(|(fields, _)| {
        let mut leaves = Vec::new();
        fields.iter().for_each(|field| push_leaves(field.data_type(), &mut leaves));
        leaves
    });
    // One that is of another file is left aside.
    let hints = leaves.filter(|leaves| leaves.len() == file.schema_descr().num_columns());
    let hint = |at: usize| hints.as_ref().map(|leaves| &leaves[at]);
    let leaf = |(at, column): (usize, &ColumnDescPtr)| kind_of(column, hint(at));
    file.schema_descr().columns().iter().enumerate().map(leaf).collect()
}

/// What the values of each leaf mean by the schema alone.
pub(super) fn own_kinds(columns: &SchemaDescriptor) -> Vec<Result<Kind, String>> {
    columns.columns().iter().map(|column| kind_of(column, None)).collect()
}

/// The columns as another program's own schema in the file has them, which is a hint, and the text of that schema; `None` where
/// there is none or it cannot be taken.
pub(super) fn hints(file: &FileMetaData) -> Option<(Fields, Arc<str>)> {
    let pairs = file.key_value_metadata()?;
    let text = pairs.iter().find(|pair| pair.key == ARROW_SCHEMA_META_KEY)?.value.as_deref()?;
    // The bytes of that schema are the file's: damage in them may panic.
    let schema = guarded("", || parquet_to_arrow_schema(file.schema_descr(), Some(pairs)));
    schema.ok().map(|schema| (schema.fields, text.into()))
}

fn kind_of(column: &ColumnDescPtr, hint: Option<&DataType>) -> Result<Kind, String> {
    kind(column.self_type(), hint).map_err(|what| format!("column `{}` {what}", column.path().string()))
}

fn push_leaves(data_type: &DataType, leaves: &mut Vec<DataType>) {
    match data_type {
        DataType::Struct(fields) => fields.iter().for_each(|field| push_leaves(field.data_type(), leaves)),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _)
        | DataType::RunEndEncoded(_, field) => push_leaves(field.data_type(), leaves),
        DataType::Dictionary(_, value) => push_leaves(value, leaves),
        leaf => leaves.push(leaf.clone()),
    }
}

fn kind(leaf: &Type, hint: Option<&DataType>) -> Result<Kind, String> {
    let Type::PrimitiveType { basic_info, physical_type, type_length, scale, .. } = leaf else {
        return Err("has no values".to_owned());
    };
    let stored = Stored { physical: *physical_type, length: *type_length };
    let (logical, converted) = (basic_info.logical_type_ref(), basic_info.converted_type());
    let scale = match logical {
        Some(LogicalType::Decimal(decimal)) => decimal.scale,
        _ => *scale,
    };
    let said = match logical {
        Some(logical) => stored.logical(logical),
        None if converted == ConvertedType::NONE => hint.and_then(|hint| stored.hinted(hint)),
        None => stored.converted(converted),
    };
    let is_decimal = matches!(logical, Some(LogicalType::Decimal(_)))
        || (logical.is_none() && converted == ConvertedType::DECIMAL);
    if is_decimal {
        let scale = Scale::try_from(scale).ok().filter(|scale| *scale <= super::decimals::SCALE_MAX);
        let scale = scale.ok_or("holds decimals with more digits behind the point than can be read")?;
        return stored.decimal(scale).ok_or_else(|| "holds decimals as what is no number".to_owned());
    }
    Ok(said.unwrap_or_else(|| stored.plain()))
}

/// How the values of a leaf lie in the file.
#[derive(Clone, Copy)]
struct Stored {
    physical: Physical,
    length: i32,
}

impl Stored {
    /// What values mean of which nothing is said.
    fn plain(self) -> Kind {
        match self.physical {
            Physical::BOOLEAN => Kind::Boolean,
            Physical::INT32 | Physical::INT64 => Kind::Integer(IntegerKind::Signed),
            Physical::FLOAT | Physical::DOUBLE => Kind::FLOAT,
            Physical::INT96 => Kind::Bytes(BytesKind::Int96),
            Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => Kind::Bytes(BytesKind::Raw),
        }
    }

    fn is_integer(self) -> bool {
        matches!(self.physical, Physical::INT32 | Physical::INT64)
    }

    fn is_bytes(self) -> bool {
        matches!(self.physical, Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY)
    }

    fn has_length(self, length: i32) -> bool {
        self.physical == Physical::FIXED_LEN_BYTE_ARRAY && self.length == length
    }

    fn decimal(self, scale: Scale) -> Option<Kind> {
        let integer = || Kind::Integer(IntegerKind::Decimal(scale));
        let bytes = || Kind::Bytes(BytesKind::Decimal(scale));
        self.is_integer().then(integer).or_else(|| self.is_bytes().then(bytes))
    }

    fn integer(self, kind: IntegerKind) -> Option<Kind> {
        self.is_integer().then_some(Kind::Integer(kind))
    }

    fn bytes(self, kind: BytesKind) -> Option<Kind> {
        self.is_bytes().then_some(Kind::Bytes(kind))
    }

    /// What a logical type says, where it fits how the values are stored.
    fn logical(self, logical: &LogicalType) -> Option<Kind> {
        match logical {
            LogicalType::Unknown => Some(Kind::Null),
            LogicalType::String | LogicalType::Json | LogicalType::Enum => self.bytes(BytesKind::Text),
            LogicalType::Date => self.integer(IntegerKind::Date),
            LogicalType::Time(time) => self.integer(IntegerKind::TimeOfDay(digits(time.unit))),
            LogicalType::Timestamp(time) => self.integer(IntegerKind::Timestamp {
                digits: digits(time.unit),
                utc: time.is_adjusted_to_u_t_c,
            }),
            LogicalType::Integer(integer) if !integer.is_signed => self.integer(IntegerKind::Unsigned),
            LogicalType::Uuid if self.has_length(16) => Some(Kind::Bytes(BytesKind::Uuid)),
            LogicalType::Float16 if self.has_length(2) => Some(Kind::FLOAT),
            _ => None,
        }
    }

    /// What the older annotation says.
    fn converted(self, converted: ConvertedType) -> Option<Kind> {
        let moment = |digits| self.integer(IntegerKind::Timestamp { digits, utc: true });
        match converted {
            ConvertedType::UTF8 | ConvertedType::JSON | ConvertedType::ENUM => self.bytes(BytesKind::Text),
            ConvertedType::DATE => self.integer(IntegerKind::Date),
            ConvertedType::TIME_MILLIS => self.integer(IntegerKind::TimeOfDay(3)),
            ConvertedType::TIME_MICROS => self.integer(IntegerKind::TimeOfDay(6)),
            ConvertedType::TIMESTAMP_MILLIS => moment(3),
            ConvertedType::TIMESTAMP_MICROS => moment(6),
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => self.integer(IntegerKind::Unsigned),
            ConvertedType::INTERVAL if self.has_length(TWELVE) => Some(Kind::Bytes(BytesKind::Interval)),
            _ => None,
        }
    }

    /// What a program's own schema says of values of which the file says nothing.
    fn hinted(self, hint: &DataType) -> Option<Kind> {
        match (self.physical, hint) {
            (Physical::INT64, DataType::Timestamp(unit, zone)) => {
                self.integer(IntegerKind::Timestamp { digits: unit_digits(*unit), utc: zone.is_some() })
            }
            (Physical::INT64, DataType::Duration(unit)) => {
                self.integer(IntegerKind::Duration(unit_digits(*unit)))
            }
            (Physical::INT32, DataType::Time32(unit)) | (Physical::INT64, DataType::Time64(unit)) => {
                self.integer(IntegerKind::TimeOfDay(unit_digits(*unit)))
            }
            (Physical::INT64, DataType::Date64) => self.integer(IntegerKind::DateMillis),
            (Physical::BYTE_ARRAY, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => {
                self.bytes(BytesKind::Text)
            }
            _ => None,
        }
    }
}

fn digits(unit: StoredUnit) -> Digits {
    match unit {
        StoredUnit::MILLIS => 3,
        StoredUnit::MICROS => 6,
        StoredUnit::NANOS => 9,
    }
}

fn unit_digits(unit: TimeUnit) -> Digits {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}
