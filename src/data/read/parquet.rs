//! This reader makes items from Parquet files: one row an item, read a few at a time. `values` decides what a value
//! becomes in JSON.

mod values;

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use crate::data::read::fields::COLUMNS_MAX;
use crate::data::read::header::NAMES_BYTES_MAX;
use crate::data::read::lines::too_long;
use crate::data::read::row_groups::{RowGroups, broken, open};
use crate::data::{BadRow, Column, ColumnType, DataError, FileMark, Position, Reader};
use crate::value::{Chunk, Extent, ITEM_BYTES_MAX, Origin, json};

/// Bytes that the rows read at once should have, uncompressed.
const BATCH_BYTES: i64 = 4 << 20;
/// Rows read at once at most.
const BATCH_ROWS: i64 = 4096;

/// The reader of a Parquet file.
pub(super) struct ParquetReader {
    name: Arc<str>,
    batches: ParquetRecordBatchReader,
    /// Where the wanted columns stand among those that are read, when they were chosen.
    order: Option<Vec<usize>>,
    /// The rows at hand as JSON lines, and how much of them is handed out.
    lines: Vec<u8>,
    at: usize,
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
        let (builder, mark) = open(path, name)?;
        bounded(builder.schema(), builder.parquet_schema().num_columns(), name)?;
        let metadata = builder.metadata();
        let rows = metadata.file_metadata().num_rows().max(1);
        let bytes: i64 = metadata.row_groups().iter().map(|group| group.total_byte_size().max(0)).sum();
        let batch = (BATCH_BYTES / (bytes / rows).max(1)).clamp(1, BATCH_ROWS) as usize;
        let chosen = columns.map(|columns| choose(builder.schema(), name, columns)).transpose()?;
        let builder = builder.with_batch_size(batch);
        let (builder, order) = match chosen {
            None => (builder, None),
            Some(chosen) => {
                let wanted = ProjectionMask::roots(builder.parquet_schema(), chosen.iter().copied());
                // What is read comes in the order of the file.
                let place = |at: &usize| chosen.iter().filter(|other| *other < at).count();
                let order = chosen.iter().map(place).collect();
                (builder.with_projection(wanted), Some(order))
            }
        };
        let groups = RowGroups::of(builder.metadata());
        let (rows, bad) = from.map_or((0, 0), |from| (from.rows, from.bad));
        let builder = match from {
            None => builder,
            Some(position) => {
                let (group, row) = groups.find(name, &mark, position)?;
                builder.with_row_groups((group..groups.len()).collect()).with_offset(row)
            }
        };
        let batches = builder.build().map_err(|error| broken(name, &error))?;
        let name = Arc::clone(name);
        let tells_lines = false;
        Ok(Self { name, batches, order, lines: Vec::new(), at: 0, tells_lines, rows, bad, mark, groups })
    }

    /// The same, where chunks say which rows their items are.
    pub(super) fn telling_lines(self, tells_lines: bool) -> Self {
        Self { tells_lines, ..self }
    }

    /// Reads the next rows; `false` when there are none.
    fn fill(&mut self) -> Result<bool, DataError> {
        let Some(batch) = self.batches.next() else { return Ok(false) };
        let ordered = batch.and_then(|batch| match &self.order {
            Some(order) => batch.project(order),
            None => Ok(batch),
        });
        (self.at, self.lines) = (0, std::mem::take(&mut self.lines));
        self.lines.clear();
        ordered.and_then(|batch: RecordBatch| values::push_lines(&batch, &mut self.lines)).map_err(
            |error| DataError::Content {
                file: self.name.to_string(),
                line: self.rows + 1,
                message: error.to_string(),
            },
        )?;
        Ok(true)
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
        for _ in 0..max_items {
            while self.at == self.lines.len() {
                if !self.fill()? {
                    return Ok(false);
                }
            }
            let rest = &self.lines[self.at..];
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let line = &rest[..end];
            self.at += end;
            self.rows += 1;
            match json::validate(line) {
                Ok(()) if line.len() > ITEM_BYTES_MAX => {
                    self.bad += 1;
                    bad.push(BadRow::new(self.rows, &self.name, self.rows, too_long(), line));
                }
                Ok(()) => {
                    chunk.text.extend_from_slice(line);
                    chunk.end_item_on(self.rows);
                }
                Err(error) => {
                    self.bad += 1;
                    bad.push(BadRow::new(self.rows, &self.name, self.rows, error.to_string(), line));
                }
            }
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

/// Refuses more columns than any table has, and names that would make every item large.
fn bounded(schema: &Schema, columns: usize, name: &str) -> Result<(), DataError> {
    let refuse = |what: String| Err(DataError::Content { file: name.to_owned(), line: 1, message: what });
    if columns > COLUMNS_MAX {
        return refuse(format!("the table has more than {COLUMNS_MAX} columns"));
    }
    let bytes: usize = schema.fields().iter().map(|field| field.name().len()).sum();
    if bytes > NAMES_BYTES_MAX {
        return refuse(format!("the names of the columns have more than {NAMES_BYTES_MAX} bytes"));
    }
    Ok(())
}

/// Where the chosen columns stand in the file.
fn choose(schema: &Schema, name: &str, columns: &[Column]) -> Result<Vec<usize>, DataError> {
    let find = |column: &Column| {
        let Ok(at) = schema.index_of(&column.name) else {
            let names: Vec<String> =
                schema.fields().iter().take(20).map(|field| format!("`{}`", field.name())).collect();
            return Err(DataError::Usage(format!(
                "`{name}` has no column `{}`; it has {}",
                column.name,
                names.join(", ")
            )));
        };
        let kind = schema.field(at).data_type();
        if column.kind.is_none_or(|wanted| holds(kind, wanted)) {
            return Ok(at);
        }
        Err(DataError::Usage(format!(
            "column `{}` of `{name}` does not hold what `columns` says: it has the type {kind}",
            column.name
        )))
    };
    columns.iter().map(find).collect()
}

/// Whether what is read from a column of this type is what was asked for.
fn holds(kind: &DataType, wanted: ColumnType) -> bool {
    if let DataType::Dictionary(_, value) = kind {
        return holds(value, wanted);
    }
    let text = matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let bytes = matches!(
        kind,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)
    );
    match wanted {
        ColumnType::Integer => kind.is_integer(),
        ColumnType::Number => kind.is_integer() || kind.is_floating(),
        ColumnType::String => text || bytes || kind.is_temporal() || kind.is_decimal(),
        ColumnType::Boolean => *kind == DataType::Boolean,
    }
}
