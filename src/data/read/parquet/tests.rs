//! These tests read files of all types, which they make themselves, and look at every value.

mod exact_values;
mod generated;
mod old_writers;
mod refused;

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::data_type::DataType;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::data::tests::sources::Given;
use crate::data::{BadRow, Column, DataError, Format, open};
use crate::value::Chunk;

/// The items of a file and its bad rows.
type Rows = (Vec<String>, Vec<BadRow>);

fn read(bytes: Vec<u8>, columns: Option<Vec<Column>>) -> Result<Rows, DataError> {
    let mut given = Given::new(Format::Parquet, &[bytes]);
    given.options.columns = columns;
    let mut reader = open(&given.options)?;
    let (mut chunk, mut items, mut all_bad) = (Chunk::default(), Vec::new(), Vec::new());
    loop {
        let more = reader.read(7, 1 << 16, &mut chunk, &mut all_bad)?;
        let text = |at| String::from_utf8(chunk.item(at).to_vec()).expect("text").trim_end().to_owned();
        items.extend((0..chunk.len()).map(text));
        if !more {
            return Ok((items, all_bad));
        }
    }
}

/// The items of a file without bad rows.
#[track_caller]
fn items(bytes: Vec<u8>) -> Vec<String> {
    let (items, bad) = read(bytes, None).expect("readable");
    assert_eq!(bad, []);
    items
}

/// What is wrong with the rows that are bad.
#[track_caller]
fn bad_rows(bytes: Vec<u8>) -> Vec<(u64, String)> {
    let (_, bad) = read(bytes, None).expect("readable");
    bad.into_iter().map(|row| (row.line, row.message)).collect()
}

/// The reason for which a file is refused.
#[track_caller]
fn fault(bytes: Vec<u8>) -> String {
    read(bytes, None).expect_err("a fault").to_string()
}

/// A file with these columns.
fn file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    file_with(columns, WriterProperties::default())
}

fn file_with(columns: Vec<(&str, ArrayRef)>, properties: WriterProperties) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    );
    let batch = batch.expect("columns of one length");
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).expect("a schema");
    writer.write(&batch).expect("memory");
    writer.into_inner().expect("memory")
}

/// A file with one column of this type of the format, such as `required int96 t`, and these values.
fn stored<T: DataType>(column: &str, values: &[T::T]) -> Vec<u8> {
    stored_by::<T>("flowrun", column, values)
}

/// The same, as if written by another program.
fn stored_by<T: DataType>(program: &str, column: &str, values: &[T::T]) -> Vec<u8> {
    let properties = WriterProperties::builder().set_created_by(program.to_owned()).build();
    let schema = parse_message_type(&format!("message table {{ {column}; }}")).expect("a schema");
    let mut writer =
        SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties)).expect("memory");
    let mut group = writer.next_row_group().expect("memory");
    let mut column = group.next_column().expect("memory").expect("there is one");
    column.typed::<T>().write_batch(values, None, None).expect("memory");
    column.close().expect("memory");
    group.close().expect("memory");
    writer.into_inner().expect("memory")
}
