//! This module says of each column of a `write` which type it gets, and where the type comes from, as far as that is known before
//! the run.

use std::sync::Arc;

use crate::data::{WriteOptions, known_columns};

/// The columns of a `write` of typed columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenColumns {
    /// The step whose files say types.
    pub source: Option<Arc<str>>,
    /// In their order; none, when only the items can say them, or the files of `source` are not there yet.
    pub columns: Vec<WrittenColumn>,
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
        };
        return Some(WrittenColumns { source: None, columns: names.iter().zip(types).map(column).collect() });
    }
    let source = options.typed.source.as_ref();
    let known = source.map(|source| known_columns(source)).unwrap_or_default();
    let from = if options.typed.columns_of.is_some() { TypeOrigin::Declared } else { TypeOrigin::Source };
    let column = |(name, kind): (&str, Option<&str>)| WrittenColumn {
        name: name.to_owned(),
        kind: kind.map(str::to_owned),
        origin: if kind.is_some() { from } else { TypeOrigin::Guessed },
    };
    let known_kind = |name: &str| known.iter().find(|(other, _)| other == name)?.1.as_deref();
    let columns = match &options.columns {
        Some(names) => names.iter().map(|name| column((name, known_kind(name)))).collect(),
        // Where the source's columns are not known yet, the others alone would look like all.
        None if known.is_empty() => Vec::new(),
        None => {
            let set = source.map(|source| source.set.as_slice()).unwrap_or_default();
            let given = known.iter().map(|(name, kind)| (name.as_str(), kind.as_deref()));
            let is_known = |name: &&String| known.iter().any(|(other, _)| other == *name);
            let further = set.iter().filter(|name| !is_known(name)).map(|name| (name.as_str(), None));
            given.chain(further).map(column).collect()
        }
    };
    Some(WrittenColumns { source: source.map(|source| Arc::clone(&source.step)), columns })
}
