//! These tests cover values that no item can hold, and files that contradict themselves.

use std::io::Write as _;

use arrow_array::builder::{Float64Builder, Int64Builder, ListBuilder, MapBuilder};
use arrow_array::{Float64Array, Int64Array, RecordBatchOptions, Time64MicrosecondArray, UInt64Array};
use arrow_schema::{Field, Schema};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::metadata::{KeyValue, ParquetMetaData, ParquetMetaDataReader, ParquetMetaDataWriter};

use super::super::kind::{Kind, NotFiniteAs};
use super::super::shape::Shape;
use super::*;
use crate::data::ColumnType;

#[test]
fn what_json_has_no_number_for_is_a_bad_row_with_its_column() {
    let floats = Float64Array::from(vec![Some(1.0), Some(f64::NAN), None, Some(f64::NEG_INFINITY)]);
    let (items, bad) = read(file(vec![("v", Arc::new(floats))]), None).expect("readable");
    assert_eq!(items, [r#"{"v":1.0}"#, r#"{"v":null}"#]);
    let bad: Vec<(u64, &str)> = bad.iter().map(|row| (row.line, row.message.as_str())).collect();
    let expect = [
        (2, "column `v`: the value is NaN, which JSON has no number for"),
        (4, "column `v`: the value is infinite, which JSON has no number for"),
    ];
    assert_eq!(bad, expect);
    let asked = Shape::Leaf(Kind::FLOAT).as_asked(ColumnType::Number, true);
    assert!(matches!(asked, Some(Shape::Leaf(Kind::Float(NotFiniteAs::Null)))));
}

#[test]
fn the_place_of_a_value_leads_through_lists_and_maps() {
    let mut lists = ListBuilder::new(ListBuilder::new(Float64Builder::new()));
    lists.values().values().append_value(f64::NAN);
    lists.values().append(true);
    lists.append(true);
    let found = bad_rows(file(vec![("a", Arc::new(lists.finish()))]));
    assert!(found[0].1.starts_with("column `a[][]`: the value is NaN"), "{found:?}");
    let mut maps = MapBuilder::new(None, Float64Builder::new(), Float64Builder::new());
    maps.keys().append_value(1.0);
    maps.values().append_value(f64::INFINITY);
    maps.append(true).expect("pairs");
    let found = bad_rows(file(vec![("m", Arc::new(maps.finish()))]));
    assert!(found[0].1.starts_with("column `m{}`: the value is infinite"), "{found:?}");
}

#[test]
fn what_no_item_holds_is_a_bad_row() {
    let large = bad_rows(file(vec![("h", Arc::new(UInt64Array::from(vec![1, 1 << 63])))]));
    assert_eq!(large[0].0, 2);
    assert!(large[0].1.starts_with("column `h`: 9223372036854775808 does not fit"), "{large:?}");
    let time = bad_rows(file(vec![("t", Arc::new(Time64MicrosecondArray::from(vec![259_200_000_000])))]));
    assert!(time[0].1.starts_with("column `t`: a time of day lies outside of the day"), "{time:?}");
    let text =
        stored::<ByteArrayType>("required binary s (string)", &[ByteArray::from(vec![0xff]), "ok".into()]);
    assert_eq!(bad_rows(text.clone()), [(1, "column `s`: the text is not UTF-8".to_owned())]);
    assert_eq!(read(text, None).expect("readable").0, [r#"{"s":"ok"}"#]);
}

#[test]
fn a_map_with_a_key_twice_is_a_bad_row() {
    let mut maps = MapBuilder::new(None, Int64Builder::new(), Int64Builder::new());
    for keys in [[1, 2, 3, 2], [1, 2, 3, 4]] {
        maps.keys().append_slice(&keys);
        maps.values().append_slice(&[5, 6, 7, 8]);
        maps.append(true).expect("pairs");
    }
    let bytes = file(vec![("m", Arc::new(maps.finish()))]);
    let expect = "column `m`: the key \"2\" stands twice, and an item has one value for a key";
    assert_eq!(bad_rows(bytes.clone()), [(1, expect.to_owned())]);
    assert_eq!(read(bytes, None).expect("readable").0, [r#"{"m":{"1":5,"2":6,"3":7,"4":8}}"#]);
}

#[test]
fn a_name_that_stands_twice_is_named() {
    let column = |name: &str| Field::new(name, arrow_schema::DataType::Int64, false);
    let schema = Arc::new(Schema::new(vec![column("a"), column("b"), column("a")]));
    let array = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![array(), array(), array()]).expect("fits");
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).expect("a schema");
    writer.write(&batch).expect("memory");
    let bytes = writer.into_inner().expect("memory");
    let chosen = |name: &str| vec![Column::typed(name, ColumnType::Integer)];
    assert!(fault(bytes.clone()).starts_with("`0` has more than one column `a`"));
    let found = read(bytes.clone(), Some(chosen("a"))).expect_err("ambiguous").to_string();
    assert!(found.starts_with("`0` has more than one column `a`"), "{found}");
    assert_eq!(read(bytes, Some(chosen("b"))).expect("one `b`").0, [r#"{"b":1}"#]);
}

#[test]
fn a_footer_that_contradicts_itself_is_a_fault_of_the_file() {
    let bytes = file(vec![("v", Arc::new(Int64Array::from(vec![1, 2, 3])))]);
    // The rows of the file, 3 as a varint of twice that, between the schema and the row groups.
    let rows = [0x16, 0x06, 0x19];
    let at = bytes.windows(3).rposition(|window| window == rows).expect("the footer says it");
    let mut changed = bytes;
    changed[at + 1] = 0;
    assert_eq!(fault(changed), "0:1: the footer says that there are 0 rows, and the row groups have 3");
}

#[test]
fn a_file_that_ends_before_all_its_rows_is_a_fault_after_those_that_are_there() {
    let bytes = file(vec![("v", Arc::new(Int64Array::from(vec![1, 2, 3])))]);
    let opened = tempfile::tempfile().expect("a file");
    (&opened).write_all(&bytes).expect("writable");
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&opened).expect("sound");
    let group = metadata.row_group(0).clone().into_builder().set_num_rows(5).build().expect("a group");
    let changed = ParquetMetaData::new(metadata.file_metadata().clone(), vec![group]);
    let mut bytes = bytes;
    ParquetMetaDataWriter::new(&mut bytes, &changed).finish().expect("memory");
    let found = fault(bytes);
    assert!(found.contains("the file ends after 3 rows") || found.starts_with("cannot read `0`"), "{found}");
}

#[test]
fn a_schema_of_another_program_that_cannot_be_taken_is_left_aside() {
    let batch = RecordBatch::try_from_iter([("v", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
    let batch = batch.expect("a column");
    for schema in ["", "AAAA", "not base64", "/////wAAAAA="] {
        let pairs = Some(vec![KeyValue::new("ARROW:schema".to_owned(), schema.to_owned())]);
        let properties = WriterProperties::builder().set_key_value_metadata(pairs).build();
        let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true).with_properties(properties);
        let mut writer =
            ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options).expect("a schema");
        writer.write(&batch).expect("memory");
        assert_eq!(items(writer.into_inner().expect("memory")), [r#"{"v":1}"#], "{schema}");
    }
}

#[test]
fn tables_may_be_empty_narrow_or_wide() {
    assert_eq!(items(file(vec![("v", Arc::new(Int64Array::from(Vec::<i64>::new())))])), [""; 0]);
    let schema = Arc::new(Schema::empty());
    let options = RecordBatchOptions::new().with_row_count(Some(2));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), vec![], &options).expect("no columns");
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).expect("a schema");
    writer.write(&batch).expect("memory");
    let narrow = items(writer.into_inner().expect("memory"));
    assert!(narrow == ["{}", "{}"] || narrow.is_empty(), "{narrow:?}");
    let names: Vec<String> = (0..10_000).map(|at| format!("c{at}")).collect();
    let array: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
    let wide = items(file(names.iter().map(|name| (name.as_str(), Arc::clone(&array))).collect()));
    assert!(
        wide.len() == 2 && wide[0].starts_with(r#"{"c0":1,"c1":1,"#) && wide[1].ends_with(r#""c9999":null}"#)
    );
}
