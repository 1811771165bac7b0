//! This module finds the columns that are wanted in the schema of a file.

use std::collections::HashMap;

use arrow_schema::{Fields, Schema};
use parquet::schema::types::SchemaDescriptor;

use super::kind::Kind;
use super::shape::{NamedShape, named};
use crate::data::read::fields::COLUMNS_MAX;
use crate::data::read::header::NAMES_BYTES_MAX;
use crate::data::{Column, DataError};

/// Names of columns that a message lists.
const LISTED_MAX: usize = 20;

/// The columns that are read.
pub(super) struct ReadColumns {
    /// In the order of the items.
    pub(super) shapes: Vec<NamedShape>,
    /// Where each stands among the columns that are read, which come in the order of the file.
    pub(super) places: Vec<usize>,
    /// Which groups and leaves below the root of the schema they are.
    pub(super) roots: Vec<usize>,
}

/// The columns of a file.
pub(super) struct FileColumns<'a> {
    pub(super) name: &'a str,
    pub(super) stored: &'a SchemaDescriptor,
    pub(super) arrow: &'a Schema,
    /// What the leaves mean, or why nobody knows.
    pub(super) kinds: &'a [Result<Kind, String>],
}

impl FileColumns<'_> {
    /// All of them, or those that were asked for.
    pub(super) fn choose(&self, wanted: Option<&[Column]>) -> Result<ReadColumns, DataError> {
        let fields = self.arrow.fields();
        self.bounded(fields)?;
        let roots = self.roots();
        if roots.len() != fields.len() {
            return Err(self.refuse("a group of its schema has no columns".to_owned()));
        }
        let mut chosen = match wanted {
            None => self.all(fields)?,
            Some(wanted) => wanted.iter().map(|column| self.find(column)).collect::<Result<_, _>>()?,
        };
        let mut shapes = Vec::with_capacity(chosen.len());
        for (at, column) in chosen.iter().zip((0..).map(|at| wanted.map(|wanted: &[Column]| &wanted[at]))) {
            shapes.push(self.shape(*at, &roots[*at].1, column)?);
        }
        let mut places: Vec<usize> = chosen.clone();
        chosen.sort_unstable();
        for place in &mut places {
            *place = chosen.partition_point(|other| other < place);
        }
        Ok(ReadColumns { shapes, places, roots: chosen.iter().map(|at| roots[*at].0).collect() })
    }

    /// The groups and leaves below the root that hold leaves, and which of them.
    fn roots(&self) -> Vec<(usize, std::ops::Range<usize>)> {
        let mut roots: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
        for leaf in 0..self.stored.num_columns() {
            let root = self.stored.get_column_root_idx(leaf);
            match roots.last_mut() {
                Some((last, leaves)) if *last == root => leaves.end = leaf + 1,
                _ => roots.push((root, leaf..leaf + 1)),
            }
        }
        roots
    }

    fn all(&self, fields: &Fields) -> Result<Vec<usize>, DataError> {
        let mut seen = HashMap::new();
        for (at, field) in fields.iter().enumerate() {
            if seen.insert(field.name(), at).is_some() {
                return Err(self.twice(field.name()));
            }
        }
        Ok((0..fields.len()).collect())
    }

    fn find(&self, column: &Column) -> Result<usize, DataError> {
        let fields = self.arrow.fields();
        let mut found = fields.iter().enumerate().filter(|(_, field)| *field.name() == column.name);
        let Some((at, _)) = found.next() else {
            let names: Vec<String> =
                fields.iter().take(LISTED_MAX).map(|field| format!("`{}`", field.name())).collect();
            return Err(DataError::Usage(format!(
                "`{}` has no column `{}`; it has {}",
                self.name,
                column.name,
                names.join(", ")
            )));
        };
        if found.next().is_some() {
            return Err(self.twice(&column.name));
        }
        Ok(at)
    }

    fn shape(
        &self,
        at: usize,
        leaves: &std::ops::Range<usize>,
        wanted: Option<&Column>,
    ) -> Result<NamedShape, DataError> {
        let field = &self.arrow.fields()[at];
        let mut kinds = self.kinds[leaves.clone()].iter();
        let mut shape = named(field, &mut kinds).map_err(|what| self.refuse(what))?;
        if let Some(column) = wanted
            && let Some(kind) = column.kind
        {
            // What JSON has no number for is null where nulls are expected.
            let asked = shape.shape.as_asked(kind, column.nullable);
            shape.shape = asked.ok_or_else(|| {
                DataError::Usage(format!(
                    "column `{}` of `{}` does not hold what `columns` says: it holds {}",
                    column.name,
                    self.name,
                    shape.shape.word()
                ))
            })?;
        }
        Ok(shape)
    }

    /// Refuses more columns than any table has, and names that would make every item large.
    fn bounded(&self, fields: &Fields) -> Result<(), DataError> {
        if self.stored.num_columns() > COLUMNS_MAX {
            return Err(self.refuse(format!("the table has more than {COLUMNS_MAX} columns")));
        }
        let bytes: usize = fields.iter().map(|field| field.name().len()).sum();
        if bytes > NAMES_BYTES_MAX {
            let what = format!("the names of the columns have more than {NAMES_BYTES_MAX} bytes");
            return Err(self.refuse(what));
        }
        Ok(())
    }

    fn twice(&self, column: &str) -> DataError {
        DataError::Usage(format!(
            "`{}` has more than one column `{column}`, and an item has one value for a name; choose others with `columns`, or write the file anew with different names",
            self.name
        ))
    }

    fn refuse(&self, message: String) -> DataError {
        DataError::Content { file: self.name.to_owned(), line: 1, message }
    }
}
