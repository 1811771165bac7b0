//! This module finds the types of a source's columns before its items are read, over all its files.

use super::file::format_of;
use super::parquet::{StoredColumn, TypedColumns, typed_columns};
use crate::data::pattern;
use crate::data::{DataError, ReadOptions, TypeSource};

/// The columns that items of a source have when they are written, with their types where all files agree on them. Nothing
/// is known of a source that has no types.
///
/// # Errors
/// Fails when a file cannot be read.
pub(in crate::data) fn source_columns(source: &TypeSource) -> Result<TypedColumns, DataError> {
    let mut columns = of_files(&source.read)?;
    if let Some(fields) = &source.fields {
        let field = |(name, origin): &(String, String)| {
            let (_, stored) = columns.iter().find(|(name, _)| name == origin)?;
            Some((name.clone(), stored.as_ref().and_then(|stored| stored.renamed(name))))
        };
        columns = fields.iter().filter_map(field).collect();
    }
    for (name, stored) in &mut columns {
        if source.without.contains(name) {
            *stored = None;
        } else if source.may_lack {
            *stored = stored.take().and_then(StoredColumn::nullable);
        }
    }
    Ok(columns)
}

fn of_files(options: &ReadOptions) -> Result<TypedColumns, DataError> {
    let files = pattern::find(&options.root, &options.path)?.into_files();
    let mut all: Option<TypedColumns> = None;
    for found in &files {
        if !format_of(options, found)?.has_types() {
            return Ok(Vec::new());
        }
        let columns = typed_columns(&found.path, &found.name, options.columns.as_deref())?;
        all = Some(match all {
            None => columns,
            Some(before) => common(before, &columns),
        });
    }
    Ok(all.unwrap_or_default())
}

/// The columns of two files: a type is known where both have it, and a column that one lacks may be null.
fn common(before: TypedColumns, next: &TypedColumns) -> TypedColumns {
    let find = |columns: &TypedColumns, name: &str| -> Option<Option<StoredColumn>> {
        columns.iter().find(|(other, _)| other == name).map(|(_, stored)| stored.clone())
    };
    let new: TypedColumns = next
        .iter()
        .filter(|(name, _)| find(&before, name).is_none())
        .map(|(name, stored)| (name.clone(), stored.clone().and_then(StoredColumn::nullable)))
        .collect();
    let agreed = |(name, stored): (String, Option<StoredColumn>)| {
        let stored = match find(next, &name) {
            None => stored.and_then(StoredColumn::nullable),
            Some(other) => stored.zip(other).and_then(|(stored, other)| stored.common(other)),
        };
        (name, stored)
    };
    before.into_iter().map(agreed).chain(new).collect()
}
