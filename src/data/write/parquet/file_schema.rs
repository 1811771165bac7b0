//! This module puts the columns of a file together: what the file says of them, and what the library takes.

use std::sync::Arc;

use arrow_schema::{FieldRef, Fields, Schema};
use parquet::arrow::{ARROW_SCHEMA_META_KEY, encode_arrow_schema, parquet_to_arrow_schema};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

use super::words::LeafType;
use crate::data::read::{BytesKind, Change, Kind, StoredColumn, changed};

/// The name that other programs give to what holds the columns.
const ROOT: &str = "schema";

/// The columns of a file.
pub(super) struct FileSchema {
    /// What the file says.
    pub(super) said: TypePtr,
    /// What the library writes: it has no way to write times of 96 bits, whose pages are those of twelve bytes.
    pub(super) written: SchemaDescriptor,
    /// The columns as the library takes them.
    pub(super) fields: Fields,
    /// The leaves of all columns.
    pub(super) leaves: Vec<LeafType>,
    /// What other programs said of the columns.
    pub(super) hints: Option<KeyValue>,
}

impl FileSchema {
    pub(super) fn of(columns: &[StoredColumn]) -> Result<Self, ParquetError> {
        let nodes = columns.iter().map(|column| Arc::clone(&column.node)).collect();
        let said = Arc::new(Type::group_type_builder(ROOT).with_fields(nodes).build()?);
        let written = changed(&said, Change::Int96AsBytes).unwrap_or_else(|| Arc::clone(&said));
        let written = SchemaDescriptor::new(written);
        let fields = columns.iter().map(|column| Arc::clone(&column.field)).collect();
        let kinds = columns.iter().flat_map(|column| &column.kinds);
        let leaf = |(leaf, kind): (_, &Kind)| LeafType::of(leaf, *kind);
        let leaves = written.columns().iter().map(|leaf| &**leaf).zip(kinds).map(leaf).collect();
        let hints = hints(columns, &said)?;
        Ok(Self { said, written, fields, leaves, hints })
    }

    /// The leaves of which the least and the largest value mean nothing.
    pub(super) fn without_order(&self) -> impl Iterator<Item = parquet::schema::types::ColumnPath> {
        let leaves = self.written.columns().iter().zip(&self.leaves);
        let has_none = |leaf: &LeafType| {
            matches!(leaf.kind, Kind::Bytes(BytesKind::Int96 | BytesKind::Interval) | Kind::Null)
        };
        leaves.filter(move |(_, leaf)| has_none(leaf)).map(|(column, _)| column.path().clone())
    }
}

/// The schema of another program, where it said more of a column than Parquet does.
fn hints(columns: &[StoredColumn], said: &TypePtr) -> Result<Option<KeyValue>, ParquetError> {
    if columns.iter().all(|column| column.hint.is_none()) {
        return Ok(None);
    }
    let pair = |text: String| Ok(Some(KeyValue::new(ARROW_SCHEMA_META_KEY.to_owned(), text)));
    if let Some(text) = whole(columns) {
        return pair(text.to_string());
    }
    let plain = parquet_to_arrow_schema(&SchemaDescriptor::new(Arc::clone(said)), None)?;
    let field = |(column, plain): (&StoredColumn, &FieldRef)| {
        Arc::clone(column.hint.as_ref().map_or(plain, |hint| &hint.field))
    };
    let fields: Fields = columns.iter().zip(plain.fields()).map(field).collect();
    pair(encode_arrow_schema(&Schema::new(fields)))
}

/// The text of that schema, where the columns are all of those that it is about.
fn whole(columns: &[StoredColumn]) -> Option<&Arc<str>> {
    let first = columns.first()?.hint.as_ref()?.text.as_ref()?;
    let is_same = |(at, column): (usize, &StoredColumn)| {
        column
            .hint
            .as_ref()
            .is_some_and(|hint| hint.text.as_ref() == Some(first) && hint.place == (at, columns.len()))
    };
    columns.iter().enumerate().all(is_same).then_some(first)
}
