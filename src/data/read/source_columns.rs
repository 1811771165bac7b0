//! This module finds the types of a source's columns before its items are read, over all its files.

use super::file::format_of;
use super::parquet::{StoredColumn, TypedColumns, typed_columns};
use crate::data::pattern;
use crate::data::{DataError, ReadOptions, TypePartner, TypeSource};

/// What sources say of the columns of their items.
#[derive(Debug, Clone, Default)]
pub(in crate::data) struct KnownColumns {
    /// The columns of the source itself.
    pub(in crate::data) own: TypedColumns,
    /// Those that hold items of other sources, and the columns of these.
    pub(in crate::data) partners: Vec<(String, KnownColumns)>,
}

/// The columns that items of a source have when they are written, with their types where all files agree on them. Nothing
/// is known of a source that has no types.
///
/// # Errors
/// Fails when a file cannot be read.
pub(in crate::data) fn source_columns(source: &TypeSource) -> Result<KnownColumns, DataError> {
    let own = match &source.base {
        Some(base) => passed_on(source, &of_files(&base.read)?),
        None => Vec::new(),
    };
    // Why the files of another source cannot be read is said by the step that reads them.
    let partner =
        |partner: &TypePartner| (partner.name.clone(), source_columns(&partner.source).unwrap_or_default());
    Ok(KnownColumns { own, partners: source.partners.iter().map(partner).collect() })
}

/// The columns of the items that come of those of a source.
fn passed_on(source: &TypeSource, columns: &TypedColumns) -> TypedColumns {
    let all = columns.iter().map(|(name, _)| name).filter(|_| source.rest);
    let mut names: Vec<&String> = all.filter(|name| !source.removed.contains(name)).collect();
    for (name, _) in &source.fields {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.into_iter().filter_map(|name| column_of(source, columns, name)).collect()
}

/// The column of this name; `None` where the source gives none.
fn column_of(
    source: &TypeSource,
    columns: &TypedColumns,
    name: &str,
) -> Option<(String, Option<StoredColumn>)> {
    let own = source.rest.then_some(name);
    let named = source.fields.iter().filter(|(known, _)| known == name).map(|(_, origin)| &**origin);
    let found = own.into_iter().chain(named).filter_map(|origin| {
        let (_, stored) = columns.iter().find(|(known, _)| known == origin)?;
        Some(stored.as_ref().and_then(|stored| stored.renamed(name)))
    });
    let both = |one: Option<StoredColumn>, other| one.zip(other).and_then(|(one, other)| one.common(other));
    let stored = found.reduce(both)?.filter(|_| !source.without.iter().any(|without| without == name));
    let stored = if source.may_lack { stored.and_then(StoredColumn::nullable) } else { stored };
    Some((name.to_owned(), stored))
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
