//! This writer writes items to a Parquet file: one row an item, in row groups of bounded size. `shape` finds the
//! types of the columns from the first items.

mod shape;

use std::sync::Arc;

use arrow_json::ReaderBuilder;
use arrow_json::reader::Decoder;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use self::shape::ItemsShape;
use crate::data::write::output::Output;
use crate::data::{DataError, Writer};
use crate::value::json::to_value;

use super::items::items;

/// Items that say what the columns are: so many, or so many bytes of them.
const SAMPLE_ITEMS: u64 = 10_000;
const SAMPLE_BYTES: usize = 16 << 20;
/// Items that are made into columns at once, and bytes of them.
const BATCH_ITEMS: usize = 1024;
const BATCH_BYTES: usize = 4 << 20;
/// Bytes of a row group as far as it is in memory.
const GROUP_BYTES: usize = 64 << 20;

/// The writer of a Parquet file.
pub(super) struct ParquetWriter {
    name: Arc<str>,
    columns: Option<Vec<String>>,
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
    writer: ArrowWriter<Output>,
    decoder: Decoder,
    pending: Vec<u8>,
    count: usize,
}

impl ParquetWriter {
    /// Writes to `output`, all keys of the items or these.
    pub(super) fn new(output: Output, columns: Option<Vec<String>>) -> Self {
        let name = Arc::clone(output.name());
        let shape = ItemsShape::new(columns.as_deref());
        Self { name, columns, shape, state: ParquetState::Sampling(Box::new(output), Vec::new()), items: 0 }
    }

    fn refuse(&self, item: u64, message: String) -> DataError {
        DataError::Item { file: self.name.to_string(), item, message }
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> DataError {
        let source = std::io::Error::other(error.to_string());
        DataError::Io { intent: "write", path: (&*self.name).into(), source }
    }

    fn add(&mut self, item: &[u8]) -> Result<(), DataError> {
        self.items += 1;
        let value = to_value(item).map_err(|error| self.refuse(self.items, error.to_string()))?;
        let sampling = matches!(self.state, ParquetState::Sampling(..));
        let seen = if sampling { self.shape.widen(&value) } else { self.shape.check(&value) };
        seen.map_err(|message| self.refuse(self.items, message))?;
        match &mut self.state {
            ParquetState::Sampling(_, lines) => {
                lines.extend_from_slice(item);
                lines.push(b'\n');
                if self.items >= SAMPLE_ITEMS || lines.len() >= SAMPLE_BYTES {
                    self.settle()?;
                }
                Ok(())
            }
            ParquetState::Writing(writing) => writing.add(item).map_err(|error| self.broken(&error)),
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
        // A column may have become a float after integers that no float holds.
        for (item, line) in (1..).zip(items(&lines)) {
            let value = to_value(line).map_err(|error| self.refuse(item, error.to_string()))?;
            self.shape.check(&value).map_err(|message| self.refuse(item, message))?;
        }
        let schema = self.shape.schema(self.columns.as_deref()).map_err(DataError::Usage)?;
        let schema = Arc::new(schema);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = ArrowWriter::try_new(*output, Arc::clone(&schema), Some(properties))
            .map_err(|error| self.broken(&error))?;
        let decoder = ReaderBuilder::new(schema)
            .with_batch_size(BATCH_ITEMS)
            .build_decoder()
            .map_err(|error| self.broken(&error))?;
        let mut writing = Box::new(Writing { writer, decoder, pending: Vec::new(), count: 0 });
        for line in items(&lines) {
            writing.add(line).map_err(|error| self.broken(&error))?;
        }
        self.state = ParquetState::Writing(writing);
        Ok(())
    }
}

impl Writing {
    fn add(&mut self, item: &[u8]) -> Result<(), parquet::errors::ParquetError> {
        self.pending.extend_from_slice(item);
        self.pending.push(b'\n');
        self.count += 1;
        if self.count >= BATCH_ITEMS || self.pending.len() >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Makes columns of the items at hand.
    fn flush(&mut self) -> Result<(), parquet::errors::ParquetError> {
        let mut rest = self.pending.as_slice();
        while !rest.is_empty() {
            let used = self.decoder.decode(rest)?;
            rest = &rest[used..];
            if let Some(batch) = self.decoder.flush()? {
                self.writer.write(&batch)?;
            } else if used == 0 {
                break;
            }
        }
        self.pending.clear();
        self.count = 0;
        if self.writer.in_progress_size() >= GROUP_BYTES {
            self.writer.flush()?;
        }
        Ok(())
    }
}

impl Writer for ParquetWriter {
    fn write(&mut self, lines: &[u8]) -> Result<(), DataError> {
        items(lines).try_for_each(|item| self.add(item))
    }

    fn commit(mut self: Box<Self>) -> Result<(), DataError> {
        self.settle()?;
        let ParquetState::Writing(mut writing) = std::mem::replace(&mut self.state, ParquetState::Broken)
        else {
            return Err(self.broken(&"it was not written to its end"));
        };
        writing.flush().map_err(|error| self.broken(&error))?;
        let output = writing.writer.into_inner().map_err(|error| self.broken(&error))?;
        output.commit()
    }
}
