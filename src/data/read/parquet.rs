//! This reader makes items from Parquet files: one row an item, read a few at a time. The library decodes what is stored;
//! what it means is applied here: `schema` finds it, and `cell` writes it.

mod cell;
mod columns;
mod decimals;
mod kind;
mod nodes;
mod schema;
mod shape;
mod stored_column;
#[cfg(test)]
mod tests;
mod times;
mod type_text;
mod union;
mod values;

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::ParquetStatisticsPolicy;

use self::cell::{NamedCell, push_fields};
use self::columns::{FileColumns, ReadColumns};
pub(in crate::data) use self::kind::{BytesKind, Digits, IntegerKind, Kind, NotANumber, half_to_float};
pub(in crate::data) use self::nodes::{Change, changed};
use self::shape::NamedShape;
pub(super) use self::stored_column::columns as typed_columns;
pub(in crate::data) use self::stored_column::{StoredColumn, TypedColumns};
pub(in crate::data) use self::type_text::type_text;
use crate::data::read::guard::guarded;
use crate::data::read::lines::too_long;
use crate::data::read::row_groups::{RowGroups, open};
use crate::data::{BadRow, Column, DataError, FileMark, Position, Reader};
use crate::value::{Chunk, Extent, ITEM_BYTES_MAX, Origin};

/// Bytes that the rows read at once should have, uncompressed.
const BATCH_BYTES: usize = 4 << 20;
/// Rows read at once at most.
const BATCH_ROWS: usize = 4096;

/// The reader of a Parquet file.
pub(super) struct ParquetReader {
    name: Arc<str>,
    batches: ParquetRecordBatchReader,
    shapes: Vec<NamedShape>,
    /// Where the columns of `shapes` stand among those that are read.
    places: Vec<usize>,
    /// The rows at hand, and how many of them are handed out.
    batch: Option<(RecordBatch, usize)>,
    /// Whether it is told which rows the items are.
    tells_lines: bool,
    rows: u64,
    bad: u64,
    mark: FileMark,
    groups: RowGroups,
}

impl ParquetReader {
    /// Opens a file, to read it from a position or from its front; `name` is what the user calls it.
    pub(super) fn open(
        path: &Path,
        name: &Arc<str>,
        columns: Option<&[Column]>,
        from: Option<&Position>,
    ) -> Result<Self, DataError> {
        let opened = open(path, name)?;
        let (metadata, mark) = (&opened.metadata, opened.mark);
        let groups = RowGroups::of(metadata, name)?;
        let file_metadata = metadata.file_metadata();
        let keeps_int96 = schema::pads_int96(file_metadata);
        let stored = guarded(name, || schema::stored(file_metadata.schema_descr(), keeps_int96))?;
        let options = ArrowReaderOptions::new()
            .with_skip_arrow_metadata(true)
            .with_parquet_schema(Arc::new(stored))
            .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll)
            .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
        let typed = Arc::new(opened.metadata_with(name, options.metadata_options())?);
        let arrow = guarded(name, || ArrowReaderMetadata::try_new(typed, options))?;
        let kinds = schema::kinds(file_metadata);
        let (stored, arrow_schema) = (arrow.parquet_schema(), arrow.schema());
        let file_columns = FileColumns { name, stored, arrow: arrow_schema, kinds: &kinds };
        let ReadColumns { shapes, places, roots } = file_columns.choose(columns)?;
        let wanted = ProjectionMask::roots(arrow.parquet_schema(), roots);
        let bytes = metadata.row_groups().iter().map(|group| group.total_byte_size().max(0) as u64);
        let batch_rows = batch_rows(bytes.sum(), groups.rows(), &shapes);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(opened.file, arrow)
            .with_batch_size(batch_rows)
            .with_projection(wanted);
        let (rows, bad) = from.map_or((0, 0), |from| (from.rows, from.bad));
        let builder = match from {
            None => builder,
            Some(position) => {
                let (group, row) = groups.find(name, &mark, position)?;
                builder.with_row_groups((group..groups.len()).collect()).with_offset(row)
            }
        };
        let batches = guarded(name, || builder.build())?;
        let name = Arc::clone(name);
        let tells_lines = false;
        Ok(Self { name, batches, shapes, places, batch: None, tells_lines, rows, bad, mark, groups })
    }

    /// The same, where chunks say which rows their items are.
    pub(super) fn telling_lines(self, tells_lines: bool) -> Self {
        Self { tells_lines, ..self }
    }

    /// The same, where text may stand for numbers that JSON does not have.
    pub(super) fn keeping_beyond_json(mut self, keeps: bool) -> Self {
        if keeps {
            self.shapes.iter_mut().for_each(|column| column.shape.keep_beyond_json());
        }
        self
    }

    /// Reads the next rows, if none are at hand; `None` when there are no more.
    fn take_batch(&mut self) -> Result<Option<(RecordBatch, usize)>, DataError> {
        if let Some((batch, at)) = self.batch.take()
            && at < batch.num_rows()
        {
            return Ok(Some((batch, at)));
        }
        let next = guarded(&self.name, || self.batches.next().transpose())?;
        if next.is_none() && self.rows != self.groups.rows() {
            let (rows, says) = (self.rows, self.groups.rows());
            return Err(self.fault(format!("the file ends after {rows} rows and says that it has {says}")));
        }
        Ok(next.map(|batch| (batch, 0)))
    }

    /// Appends rows from `at` on; says where the rest begins.
    fn push_rows(
        &mut self,
        batch: &RecordBatch,
        at: usize,
        (max_items, max_bytes): (usize, usize),
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<usize, DataError> {
        let arrays = self.places.iter().map(|place| &**batch.column(*place));
        let cells = NamedCell::of(&self.shapes, arrays).map_err(|message| self.fault(message))?;
        let end = batch.num_rows().min(at.saturating_add(max_items));
        let (mut rows, mut bad_rows) = (self.rows, self.bad);
        let mut at = at;
        while at < end && chunk.text.len() < max_bytes {
            let start = chunk.text.len();
            rows += 1;
            let pushed = push_fields(&cells, at, &mut chunk.text, start + ITEM_BYTES_MAX);
            at += 1;
            chunk.text.push(b'\n');
            let message = match pushed {
                Ok(()) if chunk.text.len() - start > ITEM_BYTES_MAX => too_long(),
                Ok(()) => {
                    chunk.end_item_on(rows);
                    continue;
                }
                Err(misfit) => misfit.message(),
            };
            bad_rows += 1;
            bad.push(BadRow::new(rows, &self.name, rows, message, &chunk.text[start..]));
            chunk.text.truncate(start);
        }
        (self.rows, self.bad) = (rows, bad_rows);
        Ok(at)
    }

    fn fault(&self, message: String) -> DataError {
        DataError::Content { file: self.name.to_string(), line: self.rows + 1, message }
    }
}

impl Reader for ParquetReader {
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        chunk.clear();
        chunk.origin = self.tells_lines.then(|| Origin::new(Arc::clone(&self.name), 1));
        let end = self.rows.saturating_add(max_items as u64);
        while self.rows < end {
            let Some((batch, at)) = self.take_batch()? else { return Ok(false) };
            let limits = ((end - self.rows) as usize, max_bytes);
            let at = self.push_rows(&batch, at, limits, chunk, bad)?;
            self.batch = Some((batch, at));
            if chunk.text.len() >= max_bytes {
                break;
            }
        }
        Ok(true)
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn extent(&self) -> Option<Extent> {
        let read = Extent { done: self.rows, of: self.groups.rows() };
        Some(Extent { done: read.share_of(self.mark.size), of: self.mark.size })
    }

    fn position(&self) -> Option<Position> {
        Some(Position::in_file(self.rows, self.bad, self.mark, self.groups.spot(self.rows)?))
    }
}

/// How many rows are read at once: few of those that are long in the file or as text.
fn batch_rows(bytes: u64, rows: u64, shapes: &[NamedShape]) -> usize {
    let names: usize = shapes.iter().map(|column| column.key.len() + "null,".len()).sum();
    let row = usize::try_from(bytes / rows.max(1)).unwrap_or(usize::MAX).max(names).max(1);
    (BATCH_BYTES / row).clamp(1, BATCH_ROWS)
}
