//! This module writes columns to a file, in row groups. A row group is in memory, packed, until it is full.

use std::io;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::{Fields, Schema};
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnDescPtr;

use super::file_schema::FileSchema;
use crate::data::write::output::Output;

/// Rows of a group at most.
const ROWS_MAX: usize = 1 << 20;

/// A file that is being written.
pub(super) struct FileWriter {
    file: SerializedFileWriter<Output>,
    factory: ArrowRowGroupWriterFactory,
    fields: Fields,
    /// The group that is being filled.
    group: Option<RowGroup>,
    /// How large a group becomes.
    group_bytes: usize,
}

struct RowGroup {
    leaves: Vec<ArrowColumnWriter>,
    rows: usize,
}

impl FileWriter {
    pub(super) fn new(
        output: Output,
        schema: &FileSchema,
        properties: WriterProperties,
        group_bytes: usize,
    ) -> Result<Self, ParquetError> {
        let properties = Arc::new(properties);
        // The writers of columns are those of what is written, which need not be what the file says.
        let written =
            SerializedFileWriter::new(io::sink(), schema.written.root_schema_ptr(), Arc::clone(&properties))?;
        let arrow = Arc::new(Schema::new(schema.fields.clone()));
        let factory = ArrowRowGroupWriterFactory::new(&written, arrow);
        let mut file = SerializedFileWriter::new(output, Arc::clone(&schema.said), properties)?;
        schema.hints.iter().for_each(|hints| file.append_key_value_metadata(hints.clone()));
        Ok(Self { file, factory, fields: schema.fields.clone(), group: None, group_bytes })
    }

    /// Adds rows.
    pub(super) fn write(&mut self, rows: usize, columns: &[ArrayRef]) -> Result<(), ParquetError> {
        if rows == 0 {
            return Ok(());
        }
        let group = match &mut self.group {
            Some(group) => group,
            none => {
                let at = self.file.flushed_row_groups().len();
                none.insert(RowGroup { leaves: self.factory.create_column_writers(at)?, rows: 0 })
            }
        };
        let mut writers = group.leaves.iter_mut();
        for (field, column) in self.fields.iter().zip(columns) {
            for leaf in compute_leaves(field, column)? {
                let writer = writers.next().ok_or_else(|| {
                    ParquetError::General(format!("`{}` has more leaves than its schema", field.name()))
                })?;
                writer.write(&leaf)?;
            }
        }
        group.rows += rows;
        let bytes = group.leaves.iter().map(ArrowColumnWriter::get_estimated_total_bytes).sum::<usize>();
        if bytes >= self.group_bytes || group.rows >= ROWS_MAX { self.flush() } else { Ok(()) }
    }

    /// Ends the group at hand.
    fn flush(&mut self) -> Result<(), ParquetError> {
        let Some(group) = self.group.take() else { return Ok(()) };
        let leaves = self.file.schema_descr().columns().to_vec();
        let mut next = self.file.next_row_group()?;
        for (writer, leaf) in group.leaves.into_iter().zip(&leaves) {
            let mut chunk = writer.close()?;
            describe(&mut chunk, leaf)?;
            chunk.append_to_row_group(&mut next)?;
        }
        next.close()?;
        Ok(())
    }

    /// Ends the file.
    pub(super) fn finish(mut self) -> Result<Output, ParquetError> {
        self.flush()?;
        self.file.into_inner()
    }
}

/// Lets a chunk be one of the column that the file says, where another one was written.
fn describe(chunk: &mut ArrowColumnChunk, leaf: &ColumnDescPtr) -> Result<(), ParquetError> {
    let close = chunk.close_mut();
    let written = &close.metadata;
    if written.column_descr() == leaf.as_ref() {
        return Ok(());
    }
    let mut said = ColumnChunkMetaData::builder(Arc::clone(leaf))
        .set_compression_codec(written.compression_codec())
        .set_encodings_mask(*written.encodings_mask())
        .set_total_compressed_size(written.compressed_size())
        .set_total_uncompressed_size(written.uncompressed_size())
        .set_num_values(written.num_values())
        .set_data_page_offset(written.data_page_offset())
        .set_dictionary_page_offset(written.dictionary_page_offset())
        .set_repetition_level_histogram(written.repetition_level_histogram().cloned())
        .set_definition_level_histogram(written.definition_level_histogram().cloned());
    if let Some(stats) = written.page_encoding_stats() {
        said = said.set_page_encoding_stats(stats.clone());
    }
    close.metadata = said.build()?;
    Ok(())
}
