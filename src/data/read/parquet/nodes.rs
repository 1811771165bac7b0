//! This module changes parts of a Parquet schema, which are fixed once they are built: it builds them anew, with all that
//! they said.

use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{Type, TypePtr};

/// Bytes of a time as Impala and Spark wrote it.
const INT96_BYTES: i32 = 12;

/// What becomes different.
#[derive(Clone, Copy)]
pub(in crate::data) enum Change<'a> {
    /// The name of the part.
    Name(&'a str),
    /// The part may be null.
    Nullable,
    /// Keys of maps are never null.
    RequiredKeys,
    /// Times of 96 bits are twelve bytes, of which the library writes the same pages.
    Int96AsBytes,
}

/// The same part with a change, which an unusual file may not allow.
pub(in crate::data) fn changed(node: &Type, change: Change<'_>) -> Option<TypePtr> {
    rebuilt(node, change, false).ok().map(Arc::new)
}

fn rebuilt(node: &Type, change: Change<'_>, is_key: bool) -> Result<Type, ParquetError> {
    let info = node.get_basic_info();
    let name = if let Change::Name(name) = change { name } else { info.name() };
    let id = info.has_id().then(|| info.id());
    let repetition = info.has_repetition().then(|| match change {
        Change::Nullable => Repetition::OPTIONAL,
        Change::RequiredKeys if is_key && info.repetition() == Repetition::OPTIONAL => Repetition::REQUIRED,
        _ => info.repetition(),
    });
    let Type::PrimitiveType { physical_type, type_length, scale, precision, .. } = node else {
        let fields = fields(node, change)?;
        let group = Type::group_type_builder(name)
            .with_fields(fields)
            .with_converted_type(info.converted_type())
            .with_logical_type(info.logical_type_ref().cloned())
            .with_id(id);
        return match repetition {
            Some(repetition) => group.with_repetition(repetition),
            None => group,
        }
        .build();
    };
    let (physical, length) = match (change, physical_type) {
        (Change::Int96AsBytes, Physical::INT96) => (Physical::FIXED_LEN_BYTE_ARRAY, INT96_BYTES),
        (_, physical) => (*physical, *type_length),
    };
    Type::primitive_type_builder(name, physical)
        .with_length(length)
        .with_scale(*scale)
        .with_precision(*precision)
        .with_converted_type(info.converted_type())
        .with_logical_type(info.logical_type_ref().cloned())
        .with_repetition(repetition.unwrap_or(Repetition::REQUIRED))
        .with_id(id)
        .build()
}

/// The parts below a group, as far as the change is about them.
fn fields(group: &Type, change: Change<'_>) -> Result<Vec<TypePtr>, ParquetError> {
    match change {
        Change::Name(_) | Change::Nullable => Ok(group.get_fields().to_vec()),
        Change::RequiredKeys if is_map(group) => {
            let entries = |entries: &TypePtr| {
                if !entries.is_group() {
                    return Ok(Arc::clone(entries));
                }
                let pairs = entries.get_fields().iter().enumerate();
                let pairs = pairs.map(|(at, field)| rebuilt(field, change, at == 0).map(Arc::new));
                let info = entries.get_basic_info();
                let group = Type::group_type_builder(info.name())
                    .with_fields(pairs.collect::<Result<_, _>>()?)
                    .with_converted_type(info.converted_type())
                    .with_logical_type(info.logical_type_ref().cloned())
                    .with_repetition(info.repetition())
                    .with_id(info.has_id().then(|| info.id()));
                group.build().map(Arc::new)
            };
            group.get_fields().iter().map(entries).collect()
        }
        Change::RequiredKeys | Change::Int96AsBytes => {
            let field = |field: &TypePtr| rebuilt(field, change, false).map(Arc::new);
            group.get_fields().iter().map(field).collect()
        }
    }
}

fn is_map(group: &Type) -> bool {
    let info = group.get_basic_info();
    info.logical_type_ref() == Some(&LogicalType::Map)
        || matches!(info.converted_type(), ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE)
}
