//! These tests copy Parquet files of every type that the format has, and look at what the copies say of themselves.

use std::fs::File;
use std::sync::Arc;

use ::parquet::basic::{LogicalType, Repetition};
use ::parquet::column::writer::ColumnWriter;
use ::parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::record::RowAccessor as _;
use ::parquet::schema::parser::parse_message_type;
use ::parquet::schema::types::{ColumnDescriptor, Type};

use crate::project::{Project, Summary};

/// Columns of every type: widths, units, zones, ways to store them, nulls at every level, and lists as older programs wrote them.
const EVERY_TYPE: &str = "message spark_schema {
  required boolean b; optional int32 i8 (integer(8,true)); required int32 i16 (integer(16,true)); optional int32 i32;
  optional int64 i64; required int64 i64s (integer(64,true)); optional int32 u8 (integer(8,false));
  optional int32 u16 (integer(16,false)); optional int32 u32 (integer(32,false)); required int64 u64 (integer(64,false));
  optional int32 day (date); optional int32 clock (time(millis,true)); optional int64 fine (time(micros,false));
  optional int64 finer (time(nanos,true)); optional int64 ms (timestamp(millis,true)); required int64 us (timestamp(micros,false));
  optional int64 ns (timestamp(nanos,true)); optional int96 old; optional float f; required double d;
  optional fixed_len_byte_array(2) half (float16); optional binary s (string); optional binary e (enum); optional binary j (json);
  optional binary bson (bson); optional binary raw; optional fixed_len_byte_array(3) three;
  optional fixed_len_byte_array(16) uuid (uuid); optional fixed_len_byte_array(12) span (interval);
  optional int32 dec4 (decimal(5,2)); optional int64 dec8 (decimal(17,0)); optional fixed_len_byte_array(20) dec20 (decimal(38,5));
  optional fixed_len_byte_array(40) dec40 (decimal(90,60)); optional binary decn (decimal(50,10));
  optional int32 none (unknown);
  optional group list (list) { repeated group list { optional int64 element (timestamp(millis,false)); } }
  required group tight (list) { repeated group list { required float element; } }
  optional group two (list) { repeated int32 array; }
  repeated int32 bare; repeated group pairs { required int32 a; optional binary b (string); }
  optional group map (map) { repeated group key_value { required int32 key (date); optional double value; } }
  required group numbers (map) { repeated group key_value { required int64 key; required group value { optional int32 x; } } }
  optional group deep { required group in { optional int32 a (integer(8,false)); required int96 t; }
    optional group l (list) { repeated group list { optional group element (list) { repeated group list { optional boolean element; } } } } }
}";

/// A file of one row group. `fill` fills each leaf, which it gets with its place.
fn table(schema: &str, fill: impl Fn(usize, &ColumnDescriptor, &mut ColumnWriter<'_>)) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).expect("memory");
    let leaves = writer.schema_descr().columns().to_vec();
    let mut group = writer.next_row_group().expect("memory");
    for (at, leaf) in leaves.iter().enumerate() {
        let mut column = group.next_column().expect("memory").expect("one more");
        fill(at, leaf, column.untyped());
        column.close().expect("memory");
    }
    group.close().expect("memory");
    writer.into_inner().expect("memory")
}

/// Three rows: values, nulls where the column may be null as a whole, values.
fn file(schema: &str) -> Vec<u8> {
    let roots = parse_message_type(schema).expect("a schema").get_fields().to_vec();
    table(schema, |at, leaf, column| {
        let root = roots.iter().find(|root| root.name() == leaf.path().parts()[0]).expect("a root");
        let full = leaf.max_def_level();
        let empty = if root.get_basic_info().repetition() == Repetition::REQUIRED { full } else { 0 };
        let defs = if is_null(leaf) { [full - 1; 3] } else { [full, empty, full] };
        let count = defs.iter().filter(|def| **def == full).count();
        fill(column, leaf.type_length(), at as u8, count, &defs);
    })
}

/// Whether a leaf holds nothing but nulls.
fn is_null(leaf: &ColumnDescriptor) -> bool {
    leaf.logical_type_ref() == Some(&LogicalType::Unknown)
}

/// Small values, because those of some types must not be large.
fn fill(column: &mut ColumnWriter<'_>, length: i32, seed: u8, count: usize, defs: &[i16]) {
    let (defs, reps) = (Some(defs), Some(&[0_i16; 3][..]));
    let small = |at: usize| seed.wrapping_mul(3).wrapping_add(at as u8) % 100;
    // Text, and the digits of JSON too.
    let bytes = |at: usize| vec![b'0' + small(at) % 10; length.max(1) as usize];
    let written = match column {
        ColumnWriter::BoolColumnWriter(column) => {
            column.write_batch(&(0..count).map(|at| at % 2 == 0).collect::<Vec<_>>(), defs, reps)
        }
        ColumnWriter::Int32ColumnWriter(column) => {
            column.write_batch(&(0..count).map(|at| small(at).into()).collect::<Vec<_>>(), defs, reps)
        }
        ColumnWriter::Int64ColumnWriter(column) => {
            column.write_batch(&(0..count).map(|at| small(at).into()).collect::<Vec<_>>(), defs, reps)
        }
        ColumnWriter::Int96ColumnWriter(column) => {
            let time = |at: usize| Int96::from(vec![small(at).into(), 7, 2_440_588 + at as u32]);
            column.write_batch(&(0..count).map(time).collect::<Vec<_>>(), defs, reps)
        }
        ColumnWriter::FloatColumnWriter(column) => column.write_batch(
            &(0..count).map(|at| f32::from(small(at)) / 3.0).collect::<Vec<_>>(),
            defs,
            reps,
        ),
        ColumnWriter::DoubleColumnWriter(column) => column.write_batch(
            &(0..count).map(|at| f64::from(small(at)) / 3.0).collect::<Vec<_>>(),
            defs,
            reps,
        ),
        ColumnWriter::ByteArrayColumnWriter(column) => column.write_batch(
            &(0..count).map(|at| ByteArray::from(bytes(at))).collect::<Vec<_>>(),
            defs,
            reps,
        ),
        ColumnWriter::FixedLenByteArrayColumnWriter(column) => {
            // What is longer than a UUID are decimals.
            let lead = if length > 16 { length as usize - 1 } else { 0 };
            let fixed = |at| {
                let value: Vec<u8> =
                    std::iter::repeat_n(0, lead).chain(bytes(at)).take(length as usize).collect();
                FixedLenByteArray::from(value)
            };
            column.write_batch(&(0..count).map(fixed).collect::<Vec<_>>(), defs, reps)
        }
    };
    written.expect("memory");
}

/// The columns of a file, as the file says them.
fn columns(project: &Project, name: &str) -> Vec<Arc<Type>> {
    let file = SerializedFileReader::new(File::open(project.path(name)).expect("a file")).expect("sound");
    file.metadata().file_metadata().schema().get_fields().to_vec()
}

#[track_caller]
fn run(project: &Project) -> Summary {
    let summary = project.json(&["--no-state"]);
    assert_eq!(summary.code, 0, "{}", summary.value);
    summary
}

#[test]
fn every_type_is_what_it_was_after_steps_that_change_nothing() {
    let project = Project::with(
        "steps:
  docs: { read: in.parquet }
  copy: { from: docs, write: copy.parquet }
  kept: { from: docs, filter: item.i16 ~= 1000 }
  first: { from: kept, unique: item.d }
  sorted: { from: first, sort: item.i64 }
  few: { from: sorted, take: 5 }
  save: { from: few, write: { path: out.parquet, compression: zstd, row_group: 1KB } }
  some: { from: docs, write: { path: some.parquet, columns: [old, deep, map] } }
  other: { from: docs, map: \"return { when = item.old, inner = item.deep }\" }
  renamed: { from: other, write: renamed.parquet }
  none: { from: docs, filter: \"false\" }
  empty: { from: none, write: empty.parquet }
",
    )
    .file("in.parquet", file(EVERY_TYPE))
    .file(
        "back.yaml",
        "steps:
  a: { read: in.parquet }
  b: { read: copy.parquet }
  c: { read: out.parquet }
  a_text: { from: a, write: a.jsonl }
  b_text: { from: b, write: b.jsonl }
  c_sorted: { from: c, sort: item.i64 }
  a_sorted: { from: a, sort: item.i64 }
  c_text: { from: c_sorted, write: c.jsonl }
  d_text: { from: a_sorted, write: d.jsonl }
",
    );
    run(&project);
    let all = columns(&project, "in.parquet");
    for name in ["copy.parquet", "out.parquet", "empty.parquet"] {
        for (found, expect) in columns(&project, name).iter().zip(&all) {
            assert_eq!(found, expect, "{name}");
        }
        assert_eq!(columns(&project, name).len(), all.len(), "{name}");
    }
    let find = |name: &str| Arc::clone(all.iter().find(|column| column.name() == name).expect("there"));
    assert_eq!(columns(&project, "some.parquet"), ["old", "deep", "map"].map(find));
    let renamed: Vec<String> =
        columns(&project, "renamed.parquet").iter().map(|one| format!("{one:?}")).collect();
    let expect = [("old", "when"), ("deep", "inner")]
        .map(|(from, to)| format!("{:?}", find(from)).replacen(&format!("{from:?}"), &format!("{to:?}"), 1));
    assert_eq!(renamed, expect);
    project.run(&["back.yaml", "--no-state"]).ok();
    assert_eq!(project.read("a.jsonl"), project.read("b.jsonl"));
    assert_eq!(project.read("c.jsonl"), project.read("d.jsonl"));
    assert_eq!(project.read("a.jsonl").lines().count(), 3);
}

/// Numbers that JSON does not have, beside texts that look like them.
fn beyond_json() -> Vec<u8> {
    let schema = "message m { optional double d; required float f; optional binary s (string); required int64 u (integer(64,false)); }";
    table(schema, |_, _, column| {
        let written = match column {
            ColumnWriter::DoubleColumnWriter(column) => {
                column.write_batch(&[f64::NAN, f64::NEG_INFINITY, 1.5], Some(&[1, 1, 0, 1]), None)
            }
            ColumnWriter::FloatColumnWriter(column) => {
                column.write_batch(&[f32::INFINITY, 0.1, -0.0, f32::NAN], None, None)
            }
            ColumnWriter::ByteArrayColumnWriter(column) => {
                column.write_batch(&["NaN".into(), "Infinity".into()], Some(&[1, 0, 0, 1]), None)
            }
            ColumnWriter::Int64ColumnWriter(column) => column.write_batch(&[-1, 1, 2, i64::MIN], None, None),
            _ => panic!("there are four columns"),
        };
        written.expect("memory");
    })
}

#[test]
fn numbers_that_json_does_not_have_pass_where_no_function_looks_at_them() {
    let project = Project::with(
        "steps:
  docs: { read: in.parquet }
  copy: { from: docs, write: copy.parquet }
  few: { from: docs, take: 9 }
  save: { from: few, write: out.parquet }
  drawn: { from: docs, sample: 4 }
  draw: { from: drawn, write: drawn.parquet }
  parts: { from: docs, write: { path: \"parts/{part}.parquet\", rows: 9, columns_of: docs } }
",
    )
    .file("in.parquet", beyond_json())
    .file(
        "seen.yaml",
        "steps:
  docs: { read: { path: in.parquet, min_success_ratio: 0 } }
  copy: { from: docs, write: seen.parquet }
  text: { from: docs, write: seen.jsonl }
",
    )
    .file(
        "nulls.yaml",
        "steps:
  docs: { read: { path: in.parquet, columns: { d: number?, f: number?, s: string } } }
  text: { from: docs, write: nulls.jsonl }
  digits: { read: { path: in.parquet, columns: { u: string } } }
  texts: { from: digits, write: texts.parquet }
",
    );
    run(&project);
    for name in ["in.parquet", "copy.parquet", "out.parquet", "drawn.parquet", "parts/1.parquet"] {
        let file = SerializedFileReader::new(File::open(project.path(name)).expect("a file")).expect("sound");
        let rows = file.get_row_iter(None).expect("rows").map(|row| row.expect("a row"));
        let shown = |row: ::parquet::record::Row| {
            let (double, float, text) =
                (row.get_double(0).ok(), row.get_float(1).ok(), row.get_string(2).ok());
            format!("{double:?} {float:?} {text:?} {}", row.get_ulong(3).expect("there"))
        };
        let rows: Vec<String> = rows.map(shown).collect();
        let expect = [
            "Some(NaN) Some(inf) Some(\"NaN\") 18446744073709551615",
            "Some(-inf) Some(0.1) None 1",
            "None Some(-0.0) None 2",
            "Some(1.5) Some(NaN) Some(\"Infinity\") 9223372036854775808",
        ];
        assert_eq!(rows, expect, "{name}");
    }
    // Where somebody gets items, such rows are bad ones for all who read the source.
    project.run(&["seen.yaml", "--no-state"]).ok();
    assert_eq!(project.read("seen.jsonl"), "{\"d\":null,\"f\":-0.0,\"s\":null,\"u\":2}\n");
    project.run(&["nulls.yaml", "--no-state"]).ok();
    let texts =
        SerializedFileReader::new(File::open(project.path("texts.parquet")).expect("a file")).expect("sound");
    let texts = texts.get_row_iter(None).expect("rows").map(|row| row.expect("a row"));
    let texts: Vec<String> = texts.map(|row| row.get_string(0).expect("a text").clone()).collect();
    assert_eq!(texts, ["18446744073709551615", "1", "2", "9223372036854775808"]);
    assert_eq!(
        project.read("nulls.jsonl"),
        "{\"d\":null,\"f\":null,\"s\":\"NaN\"}\n{\"d\":null,\"f\":0.10000000149011612,\"s\":null}\n{\"d\":null,\"f\":-0.0,\"s\":null}\n{\"d\":1.5,\"f\":null,\"s\":\"Infinity\"}\n"
    );
}

#[test]
fn a_text_that_may_be_a_number_is_not_written_as_either() {
    let of = |column: &str| file(&format!("message m {{ required int64 id; optional {column} }}"));
    let project = Project::with(
        "steps:\n  docs: { read: \"in/*.parquet\" }\n  copy: { from: docs, write: copy.parquet }\n",
    )
    .file("in/1.parquet", of("binary v (string);"))
    .file("in/2.parquet", nan());
    let summary = project.json(&["--no-state"]);
    let reason = summary.step("copy")["reason"].as_str().unwrap_or_default().to_owned();
    assert!(
        summary.code == 1 && reason.contains("column `v` holds") && reason.contains("`NaN`"),
        "{}",
        summary.value
    );
}

/// A file with a NaN in the column `v`.
fn nan() -> Vec<u8> {
    table("message m { required double v; }", |_, _, column| {
        let ColumnWriter::DoubleColumnWriter(values) = column else { panic!("doubles") };
        values.write_batch(&[f64::NAN], None, None).expect("memory");
    })
}
