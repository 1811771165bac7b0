//! These tests read files whose footers say what some programs have written, and every reader understands.

use std::io::Write as _;

use arrow_array::Int64Array;
use parquet::file::metadata::{
    ColumnChunkMetaData, ColumnChunkMetaDataBuilder, ParquetMetaData, ParquetMetaDataReader,
    ParquetMetaDataWriter,
};

use super::*;

/// The same file with a further footer, in which the first column lies where `change` says.
fn with_column(
    mut bytes: Vec<u8>,
    change: impl FnOnce(&ColumnChunkMetaData, ColumnChunkMetaDataBuilder) -> ColumnChunkMetaDataBuilder,
) -> Vec<u8> {
    let opened = tempfile::tempfile().expect("a file");
    (&opened).write_all(&bytes).expect("writable");
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&opened).expect("sound");
    let mut group = metadata.row_group(0).clone().into_builder();
    let mut columns = group.take_columns();
    let column = change(&columns[0], columns[0].clone().into_builder());
    columns[0] = column.build().expect("a column");
    let group = group.set_column_metadata(columns).build().expect("a group");
    let changed = ParquetMetaData::new(metadata.file_metadata().clone(), vec![group]);
    ParquetMetaDataWriter::new(&mut bytes, &changed).finish().expect("memory");
    bytes
}

fn two_columns(properties: WriterProperties) -> Vec<u8> {
    let numbers = |all: [i64; 3]| Arc::new(Int64Array::from_iter_values(all)) as ArrayRef;
    file_with(vec![("a", numbers([5, 6, 5])), ("b", numbers([7, 8, 9]))], properties)
}

const ITEMS: [&str; 3] = [r#"{"a":5,"b":7}"#, r#"{"a":6,"b":8}"#, r#"{"a":5,"b":9}"#];

#[test]
fn a_dictionary_at_byte_0_is_none() {
    let plain = two_columns(WriterProperties::builder().set_dictionary_enabled(false).build());
    for place in [0, -1, 4] {
        let bytes = with_column(plain.clone(), |_, column| column.set_dictionary_page_offset(Some(place)));
        assert_eq!(items(bytes), ITEMS, "{place}");
    }
}

#[test]
fn the_header_of_a_dictionary_counts_even_if_its_program_left_it_out() {
    // The dictionary holds two numbers of eight bytes.
    let header = |column: &ColumnChunkMetaData| {
        column.data_page_offset() - column.dictionary_page_offset().expect("a dictionary") - 16
    };
    let short = |bytes, keeps_place: bool| {
        with_column(bytes, |old, column| {
            let column = column.set_total_compressed_size(old.compressed_size() - header(old));
            let place = old.dictionary_page_offset().expect("a dictionary");
            let without = |column: ColumnChunkMetaDataBuilder| {
                column.set_dictionary_page_offset(None).set_data_page_offset(place)
            };
            if keeps_place { column } else { without(column) }
        })
    };
    let by =
        |program: &str| two_columns(WriterProperties::builder().set_created_by(program.to_owned()).build());
    for keeps_place in [true, false] {
        assert_eq!(items(short(by("parquet-mr version 1.2.8"), keeps_place)), ITEMS);
    }
    assert_eq!(items(by("parquet-mr")), ITEMS);
    assert!(fault(short(by("flowrun"), true)).starts_with("cannot read `0`"));
}

#[test]
fn an_empty_list_may_leave_out_its_type() {
    let bytes = file(vec![("v", Arc::new(Int64Array::from(Vec::<i64>::new())))]);
    // Where the footer says that there are no rows, and lists no row groups: field 3 is 0, field 4 a list of structs.
    let none = [0x16, 0x00, 0x19, 0x0c];
    let at = bytes.windows(4).rposition(|window| window == none).expect("the footer says it");
    let mut untyped = bytes;
    untyped[at + 3] = 0;
    assert_eq!(items(untyped), [""; 0]);
}
