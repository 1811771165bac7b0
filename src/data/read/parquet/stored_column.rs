//! A stored column is one of a Parquet file as it lies there: its part of the schema, how the library reads it, and what its
//! values mean. Writers take it over whole, so that a column which only passes through stays what it was.

use std::path::Path;
use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor, Type, TypePtr};

use super::kind::{IntegerKind, Kind};
use super::nodes::{Change, changed};
use super::schema::{hints, kinds, own_kinds, stored};
use super::union::{leaf_count, union};
use crate::data::read::guard::guarded;
use crate::data::read::row_groups::{OpenFile, open};
use crate::data::{Column, ColumnType, DataError};

/// The columns of a file in its order, or those that are chosen in theirs; without a stored one where it is read as
/// another type, or cannot be written as it lies there.
pub(in crate::data) type TypedColumns = Vec<(String, Option<StoredColumn>)>;

/// One column as it lies in a file.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::data) struct StoredColumn {
    /// Its part of the schema.
    pub(in crate::data) node: TypePtr,
    /// How the library reads and writes it, without any meaning.
    pub(in crate::data) field: FieldRef,
    /// What the values of its leaves mean.
    pub(in crate::data) kinds: Vec<Kind>,
    /// What another program's own schema in the file says of it.
    pub(in crate::data) hint: Option<Hint>,
}

/// A column in another program's own schema.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::data) struct Hint {
    /// As the library understands it, which need not be all.
    pub(in crate::data) field: FieldRef,
    /// The text of that schema, as long as the column is what it was there.
    pub(in crate::data) text: Option<Arc<str>>,
    /// Where it stands among how many.
    pub(in crate::data) place: (usize, usize),
}

impl Hint {
    /// What two files have in common. Their schemas may say other things beside the type, such as what pandas notes.
    fn common(self, other: &Self) -> Option<Self> {
        let is_same = self.text == other.text && self.place == other.place;
        let text = self.text.filter(|_| is_same);
        (self.field.data_type() == other.field.data_type()).then_some(Self { text, ..self })
    }

    fn changed(self, change: impl FnOnce(Field) -> Field) -> Self {
        let field = FieldRef::new(change(self.field.as_ref().clone()));
        Self { field, text: None, ..self }
    }
}

impl StoredColumn {
    /// A column whose part of the schema says all; what cannot be written so is an error.
    pub(in crate::data) fn of_node(node: Type) -> Result<Self, ParquetError> {
        let kinds = own_kinds(&table(Arc::new(node.clone()))?)
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(ParquetError::General)?;
        Self::new(Arc::new(node), kinds, None)
    }

    fn new(node: TypePtr, kinds: Vec<Kind>, hint: Option<Hint>) -> Result<Self, ParquetError> {
        // Keys are never null, and some programs say that they may be.
        let node = changed(&node, Change::RequiredKeys).unwrap_or(node);
        let descriptor = table(Arc::clone(&node))?;
        let schema = parquet_to_arrow_schema(&stored(&descriptor, false)?, None)?;
        let [field] = &**schema.fields() else {
            return Err(ParquetError::General("a group has no columns".to_owned()));
        };
        let mut levels = Vec::new();
        push_levels(field, (0, 0), &mut levels);
        let says = |leaf: &ColumnDescPtr| (leaf.max_def_level(), leaf.max_rep_level());
        if !levels.iter().copied().eq(descriptor.columns().iter().map(says)) {
            return Err(ParquetError::General("its nulls and lists are told in another way".to_owned()));
        }
        Ok(Self { field: Arc::clone(field), node, kinds, hint })
    }

    /// A schema of this column alone.
    pub(super) fn table(&self) -> Result<SchemaDescriptor, ParquetError> {
        table(Arc::clone(&self.node))
    }

    /// The same column with other meanings of its values.
    pub(in crate::data) fn meaning(self, kinds: Vec<Kind>) -> Self {
        Self { kinds, ..self }
    }

    /// The same column with what another program said of parts of it. `hints` makes of the column's field the one that says so;
    /// `None`: nothing was said.
    pub(in crate::data) fn hinted(
        self,
        hints: impl Fn(&Field) -> Option<Field>,
    ) -> Result<Self, ParquetError> {
        let plain = parquet_to_arrow_schema(&self.table()?, None)?;
        let field = plain.fields().first().and_then(|field| hints(field));
        let hint = field.map(|field| Hint { field: Arc::new(field), text: None, place: (0, 0) });
        Ok(Self { hint, ..self })
    }

    /// The same column under another name.
    pub(in crate::data) fn renamed(&self, name: &str) -> Option<Self> {
        if self.node.name() == name {
            return Some(self.clone());
        }
        let hint = self.hint.clone().map(|hint| hint.changed(|field| field.with_name(name)));
        let node = changed(&self.node, Change::Name(name))?;
        Self::new(node, self.kinds.clone(), hint).ok()
    }

    /// The same column with nulls; `None` where it can have none.
    pub(in crate::data) fn nullable(self) -> Option<Self> {
        match self.node.get_basic_info().repetition() {
            Repetition::OPTIONAL => Some(self),
            Repetition::REPEATED => None,
            Repetition::REQUIRED => {
                let hint = self.hint.map(|hint| hint.changed(|field| field.with_nullable(true)));
                Self::new(changed(&self.node, Change::Nullable)?, self.kinds, hint).ok()
            }
        }
    }

    /// What two files have in common: the column, where they agree on it, or one that holds the values of both.
    pub(in crate::data) fn common(self, other: Self) -> Option<Self> {
        let can_be_null = |one: &Self| one.node.get_basic_info().repetition() == Repetition::OPTIONAL;
        let (one, other) = match (can_be_null(&self), can_be_null(&other)) {
            (true, false) => (self, other.nullable()?),
            (false, true) => (self.nullable()?, other),
            _ => (self, other),
        };
        if one.node != other.node || one.kinds != other.kinds {
            let (node, kinds) = union((&one.node, &one.kinds), (&other.node, &other.kinds))?;
            return Self::new(node, kinds, None).ok();
        }
        let hint = one.hint.zip(other.hint).and_then(|(hint, other)| hint.common(&other));
        Some(Self { hint, ..one })
    }
}

/// A schema of one column.
fn table(node: TypePtr) -> Result<SchemaDescriptor, ParquetError> {
    let root = Type::group_type_builder("schema").with_fields(vec![node]).build()?;
    Ok(SchemaDescriptor::new(Arc::new(root)))
}

/// How deep the values of each leaf lie, as the library counts when it writes them.
fn push_levels(field: &FieldRef, (nulls, lists): (i16, i16), levels: &mut Vec<(i16, i16)>) {
    let nulls = nulls + i16::from(field.is_nullable());
    match field.data_type() {
        DataType::Struct(fields) => {
            fields.iter().for_each(|field| push_levels(field, (nulls, lists), levels));
        }
        DataType::List(element) => push_levels(element, (nulls + 1, lists + 1), levels),
        DataType::Map(entries, _) => push_levels(entries, (nulls + 1, lists + 1), levels),
        _ => levels.push((nulls, lists)),
    }
}

/// The columns of a file.
pub(in crate::data::read) fn columns(
    path: &Path,
    name: &str,
    wanted: Option<&[Column]>,
) -> Result<TypedColumns, DataError> {
    let OpenFile { metadata, .. } = open(path, name)?;
    let file = metadata.file_metadata();
    let kinds = kinds(file);
    let roots = file.schema_descr().root_schema().get_fields();
    let hints = hints(file).filter(|(hints, _)| hints.len() == roots.len());
    let mut leaves = kinds.into_iter();
    let column = |(at, node): (usize, &TypePtr)| {
        let hint = hints.as_ref().map(|(hints, text)| Hint {
            field: Arc::clone(&hints[at]),
            text: Some(Arc::clone(text)),
            place: (at, roots.len()),
        });
        let kinds: Result<_, _> = leaves.by_ref().take(leaf_count(node)).collect();
        let stored = kinds
            .ok()
            .and_then(|kinds| guarded(name, || StoredColumn::new(Arc::clone(node), kinds, hint)).ok());
        (node.name().to_owned(), stored)
    };
    let all: TypedColumns = roots.iter().enumerate().map(column).collect();
    Ok(match wanted {
        None => all,
        Some(wanted) => wanted.iter().map(|column| chosen(column, &all)).collect(),
    })
}

/// A chosen column: integers that are asked for as text are text.
fn chosen(column: &Column, all: &TypedColumns) -> (String, Option<StoredColumn>) {
    let stored = all.iter().find(|(name, _)| *name == column.name).and_then(|(_, stored)| stored.as_ref());
    let is_integer = |stored: &&StoredColumn| {
        use IntegerKind::{Signed, Unsigned};
        matches!(stored.kinds.as_slice(), [Kind::Integer(Signed | Unsigned)]) && !stored.node.is_group()
    };
    let as_text = stored.filter(|stored| column.kind == Some(ColumnType::String) && is_integer(stored));
    let stored = match as_text {
        Some(stored) => text(&column.name, stored.node.get_basic_info().repetition()).ok(),
        None => stored.cloned(),
    };
    (column.name.clone(), stored)
}

/// A column of text.
fn text(name: &str, repetition: Repetition) -> Result<StoredColumn, ParquetError> {
    let node = Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
        .with_logical_type(Some(LogicalType::String))
        .with_repetition(repetition);
    StoredColumn::of_node(node.build()?)
}
