//! This writer writes items to a Parquet file: one row an item, in row groups of bounded size. `shape` finds the
//! types of the columns, and `column` fills them.

mod alike;
mod beyond_json;
mod column;
mod decimals;
mod file_schema;
mod floats;
mod integers;
mod leaf;
mod manner;
mod row_group;
mod schema_parts;
mod shape;
mod texts;
mod words;

use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use serde_json::Map;

use self::alike::AlikeRows;
use self::column::FieldBuilders;
use self::file_schema::FileSchema;
use self::manner::KeysOf;
use self::row_group::FileWriter;
use self::shape::{ItemsShape, pairs};
use crate::data::read::KnownColumns;
use crate::data::write::output::Output;
use crate::data::{ColumnCompression, DataError, Ledger, TypedOptions, Writer, Written};
use crate::value::json::to_value;

use super::items::items;
use super::table::Object;

/// Items that say what the columns are: so many, or so many bytes of them.
const SAMPLE_ITEMS: u64 = 10_000;
const SAMPLE_BYTES: usize = 16 << 20;
/// Items that are made into columns at once, and bytes of them.
const BATCH_ITEMS: usize = 1024;
const BATCH_BYTES: usize = 4 << 20;
/// Bytes of a row group as far as it is in memory, unless others are asked for.
const GROUP_BYTES: usize = 64 << 20;

/// The writer of a Parquet file.
pub(super) struct ParquetWriter {
    name: Arc<str>,
    options: TypedOptions,
    shape: ItemsShape,
    state: ParquetState,
    items: u64,
}

enum ParquetState {
    /// The columns are still to be known: the items so far, as lines.
    Sampling(Box<Output>, Vec<u8>),
    Writing(Box<Writing>),
    /// Something went wrong and was said.
    Broken,
}

struct Writing {
    writer: FileWriter,
    columns: FieldBuilders,
    rows: AlikeRows,
    has_columns: bool,
    /// Whether keys that are no columns are left out.
    skips: bool,
    /// Items in `columns`, and how long their text was.
    count: usize,
    bytes: usize,
}

impl ParquetWriter {
    /// Writes to `output`, all keys of the items or these, whose types may be declared or `known` from elsewhere.
    pub(super) fn new(
        output: Output,
        columns: Option<&[String]>,
        options: TypedOptions,
        known: KnownColumns,
    ) -> Self {
        let name = Arc::clone(output.name());
        let base = options.source.as_ref().and_then(|source| source.base.as_ref());
        let is_beyond_json = base.is_some_and(|base| base.read.keeps_beyond_json);
        let shape = match &options.types {
            Some(types) => ItemsShape::declared(columns.unwrap_or_default(), types),
            None => ItemsShape::known(columns, known, is_beyond_json),
        };
        Self { name, options, shape, state: ParquetState::Sampling(Box::new(output), Vec::new()), items: 0 }
    }

    fn refuse(&self, item: u64, message: String) -> DataError {
        let message = if self.options.types.is_some() { words::declared(message) } else { message };
        DataError::Item { file: self.name.to_string(), item, message }
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> DataError {
        let source = std::io::Error::other(error.to_string());
        DataError::Io { intent: "write", path: (&*self.name).into(), source }
    }

    fn add(&mut self, item: &[u8]) -> Result<(), DataError> {
        self.items += 1;
        match &mut self.state {
            ParquetState::Sampling(_, lines) => {
                let value = to_value(item).map_err(|error| error.to_string());
                lines.extend_from_slice(item);
                lines.push(b'\n');
                let is_full = self.items >= SAMPLE_ITEMS || lines.len() >= SAMPLE_BYTES;
                let widened = value.and_then(|value| self.shape.widen(&value));
                widened.map_err(|message| self.refuse(self.items, message))?;
                if is_full { self.settle() } else { Ok(()) }
            }
            ParquetState::Writing(writing) => {
                let added = writing.add(item);
                let flushed = if added.is_ok() { writing.flush_full() } else { Ok(()) };
                added.map_err(|message| self.refuse(self.items, message))?;
                flushed.map_err(|error| self.broken(&error))
            }
            ParquetState::Broken => Ok(()),
        }
    }

    /// The columns are known now.
    fn settle(&mut self) -> Result<(), DataError> {
        let (output, lines) = match std::mem::replace(&mut self.state, ParquetState::Broken) {
            ParquetState::Sampling(output, lines) => (output, lines),
            settled => {
                self.state = settled;
                return Ok(());
            }
        };
        let columns = self.shape.columns().map_err(DataError::Usage)?;
        let mut schema = FileSchema::of(&columns).map_err(|error| self.broken(&error))?;
        let group_bytes = self.options.row_group.map_or(GROUP_BYTES, |bytes| bytes as usize);
        let writer = FileWriter::new(*output, &schema, self.properties(&schema), group_bytes)
            .map_err(|error| self.broken(&error))?;
        self.shape.mark(&mut schema.leaves);
        let manner = |at| self.shape.manner(at);
        let columns = FieldBuilders::new(&schema.fields, &mut schema.leaves.iter(), KeysOf::Items, manner)
            .map_err(DataError::Usage)?;
        let has_columns = !schema.fields.is_empty();
        let skips = self.shape.is_chosen();
        let rows = AlikeRows::new(&columns, skips);
        let mut writing = Box::new(Writing { writer, columns, rows, has_columns, skips, count: 0, bytes: 0 });
        for (item, line) in (1..).zip(items(&lines)) {
            writing.add(line).map_err(|message| self.refuse(item, message))?;
            writing.flush_full().map_err(|error| self.broken(&error))?;
        }
        self.state = ParquetState::Writing(writing);
        Ok(())
    }

    /// How the columns are packed and what is told of them.
    fn properties(&self, schema: &FileSchema) -> WriterProperties {
        let compression = match self.options.compression.unwrap_or(ColumnCompression::Snappy) {
            ColumnCompression::Zstd => Compression::ZSTD(ZstdLevel::default()),
            ColumnCompression::Snappy => Compression::SNAPPY,
            ColumnCompression::Gzip => Compression::GZIP(parquet::basic::GzipLevel::default()),
            ColumnCompression::None => Compression::UNCOMPRESSED,
        };
        let properties = WriterProperties::builder().set_compression(compression);
        let without = |properties: parquet::file::properties::WriterPropertiesBuilder, leaf| {
            properties.set_column_statistics_enabled(leaf, EnabledStatistics::None)
        };
        schema.without_order().fold(properties, without).build()
    }
}

impl Writing {
    fn add(&mut self, item: &[u8]) -> Result<(), String> {
        if !self.rows.add(&mut self.columns, item)? {
            let value = to_value(item).map_err(|error| error.to_string())?;
            match pairs(&value)? {
                Some(_) if self.columns.has_decimals() => {
                    self.columns.append_object(&Object::read(item)?, self.skips)?;
                }
                Some(row) => self.columns.append(row, self.skips)?,
                None => self.columns.append(&Map::new(), self.skips)?,
            }
        }
        self.count += 1;
        self.bytes += item.len();
        Ok(())
    }

    fn flush_full(&mut self) -> Result<(), ParquetError> {
        if self.count >= BATCH_ITEMS || self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Hands the columns at hand to the file.
    fn flush(&mut self) -> Result<(), ParquetError> {
        let columns = self.columns.finish();
        self.writer.write(self.count, &columns)?;
        (self.count, self.bytes) = (0, 0);
        Ok(())
    }
}

impl Writer for ParquetWriter {
    fn write(&mut self, lines: &[u8]) -> Result<(), DataError> {
        items(lines).try_for_each(|item| self.add(item))
    }

    fn commit(mut self: Box<Self>, ledger: &dyn Ledger) -> Result<Vec<Written>, DataError> {
        self.settle()?;
        let has_columns = matches!(&self.state, ParquetState::Writing(writing) if writing.has_columns);
        if self.items > 0 && !has_columns {
            let message =
                "no item has a key, and a Parquet file without columns has no rows either; say `columns:`";
            return Err(DataError::Usage(message.to_owned()));
        }
        let ParquetState::Writing(mut writing) = std::mem::replace(&mut self.state, ParquetState::Broken)
        else {
            return Err(self.broken(&"it was not written to its end"));
        };
        writing.flush().map_err(|error| self.broken(&error))?;
        let output = writing.writer.finish().map_err(|error| self.broken(&error))?;
        output.commit(ledger)
    }
}
