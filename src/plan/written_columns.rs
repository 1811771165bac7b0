//! This module says of each column of a `write` which type it gets, and where the type comes from, as far as that is known before
//! the run.

use std::sync::Arc;

use crate::data::{SourceColumn, TypeSource, WriteOptions, known_columns};

/// The columns of a `write` of typed columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenColumns {
    /// The step whose files say types.
    pub source: Option<Arc<str>>,
    /// In their order; none, when only the items can say them, or the files of `source` are not there yet.
    pub columns: Vec<WrittenColumn>,
    /// There may be others, which come from `source` or are guessed.
    pub is_part: bool,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenColumn {
    /// Its name.
    pub name: String,
    /// Its type as `columns` would say it; `None`: the first items say it.
    pub kind: Option<String>,
    /// Where its type comes from.
    pub origin: TypeOrigin,
    /// The step whose files say the type.
    pub source: Option<Arc<str>>,
}

/// Where the type of a column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeOrigin {
    /// From `columns`, or from `columns_of`.
    Declared,
    /// From the source that the items come from.
    Source,
    /// From the first items.
    Guessed,
}

/// The columns of a `write`; `None` where its format has no types.
pub fn written_columns(options: &WriteOptions) -> Option<WrittenColumns> {
    if !options.format.has_types() {
        return None;
    }
    let names = options.columns.as_deref().unwrap_or_default();
    if let Some(types) = &options.typed.types {
        let column = |(name, declared): (&String, &crate::data::DeclaredType)| WrittenColumn {
            name: name.clone(),
            kind: Some(declared.to_string()),
            origin: TypeOrigin::Declared,
            source: None,
        };
        let columns = names.iter().zip(types).map(column).collect();
        return Some(WrittenColumns { source: None, columns, is_part: false });
    }
    let source = options.typed.source.as_deref();
    let known = source.map(known_columns).unwrap_or_default();
    let from = if options.typed.columns_of.is_some() { TypeOrigin::Declared } else { TypeOrigin::Source };
    let column = |name: &str, known: Option<&SourceColumn>| {
        let known = known.filter(|known| known.kind.is_some());
        WrittenColumn {
            name: name.to_owned(),
            kind: known.and_then(|known| known.kind.clone()),
            origin: if known.is_some() { from } else { TypeOrigin::Guessed },
            source: known.zip(source).and_then(|(known, source)| step_of(known, source)),
        }
    };
    // Where the source's columns are not known yet, the others alone are not all.
    let is_part = options.columns.is_none() && known.iter().all(|column| column.is_partner);
    let find = |name: &str| known.iter().find(|column| column.name == name);
    let columns = if let Some(names) = &options.columns {
        names.iter().map(|name| column(name, find(name))).collect()
    } else {
        let set = source.filter(|_| !is_part).map(|source| source.set.as_slice()).unwrap_or_default();
        let further = set.iter().filter(|name| find(name).is_none()).map(|name| column(name, None));
        known.iter().map(|known| column(&known.name, Some(known))).chain(further).collect()
    };
    let source = source.and_then(TypeSource::step).cloned();
    Some(WrittenColumns { source, columns, is_part })
}

/// The step whose files say the type of a column.
fn step_of(column: &SourceColumn, source: &TypeSource) -> Option<Arc<str>> {
    let mut partners = source.partners.iter().filter(|_| column.is_partner);
    let from = match partners.find(|partner| partner.name == column.name) {
        Some(partner) => &partner.source,
        None => source,
    };
    first_step(from).cloned()
}

/// The step that says types first.
fn first_step(source: &TypeSource) -> Option<&Arc<str>> {
    source.step().or_else(|| source.partners.iter().find_map(|partner| first_step(&partner.source)))
}
