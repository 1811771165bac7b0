//! These tests look into Parquet files for what their options ask for.

use std::fmt::Write as _;
use std::fs::File;

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::basic::Compression as Codec;
use arrow_schema::DataType;

use super::*;
use crate::data::{ColumnCompression, DeclaredType};

/// The types of the columns, the codec of the first one, and how many row groups there are.
fn written(change: impl Fn(&mut WriteOptions), lines: &str) -> Result<(Vec<DataType>, Codec, usize), String> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("out");
    let mut options = options(&path, Format::Parquet);
    change(&mut options);
    write_all(&options, &[lines]).map_err(|error| error.to_string())?;
    let file = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).expect("a file")).expect("sound");
    let types = file.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    let groups = file.metadata().row_groups();
    let codec = groups.first().map_or(Codec::UNCOMPRESSED, |group| group.column(0).compression());
    Ok((types, codec, groups.len()))
}

fn typed(columns: &[(&str, &str)]) -> impl Fn(&mut WriteOptions) {
    let columns: Vec<(String, DeclaredType)> = columns
        .iter()
        .map(|(name, text)| ((*name).to_owned(), DeclaredType::parse(text).expect("a type")))
        .collect();
    move |options| {
        options.columns = Some(columns.iter().map(|(name, _)| name.clone()).collect());
        options.typed.types = Some(columns.iter().map(|(_, declared)| declared.clone()).collect());
    }
}

#[test]
fn declared_types_are_those_of_the_file_whatever_the_items_hold() {
    let columns = [
        ("i", "integer"),
        ("n", "number"),
        ("b", "boolean"),
        ("s", "string!"),
        ("d", "date"),
        ("t", "time"),
        ("at", "timestamp"),
        ("fine", "timestamp"),
        ("small", "decimal(12,2)"),
        ("large", "decimal(76,0)"),
        ("l", "[integer]"),
        ("m", "{x: number}"),
    ];
    let items = "{\"s\":\"\"}\n{\"s\":\"a\",\"at\":\"2024-02-29T12:30:00\",\"fine\":\"2024-02-29T12:30:00.000000001Z\"}\n";
    let (types, ..) = written(typed(&columns), items).expect("fits");
    let text = types.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let expect = "Int64; Float64; Boolean; Utf8; Date32; Time64(µs); Timestamp(µs); Timestamp(ns, \"UTC\"); Decimal128(12, 2); Decimal256(76, 0); List(Int64, field: 'element'); Struct(\"x\": Float64)";
    assert_eq!(text, expect);
    let (empty, ..) = written(typed(&columns), "").expect("no items fit any type");
    assert_eq!(empty.len(), types.len());
}

#[test]
fn what_does_not_fit_a_declared_type_is_named() {
    let refused = |kind: &str, value: &str| {
        let item = format!("{{\"v\":{value}}}\n");
        written(typed(&[("v", kind)]), &item)
            .expect_err("no fit")
            .replace("cannot write item 1 to `out`: ", "")
    };
    for (kind, value, expect) in [
        ("integer", "1.5", "column `v` holds integers, and this one is a float; `columns:` says so"),
        ("integer!", "null", "column `v` holds no nulls (`!` in `columns:`), and this one is null"),
        (
            "date",
            "\"2024-02-30\"",
            "column `v` is declared a date such as `2024-02-29` in `columns:`, and `2024-02-30` is none",
        ),
        (
            "decimal(4,2)",
            "\"100\"",
            "column `v` is declared `decimal(4,2)`, and `100` is none without rounding",
        ),
        (
            "decimal(4,2)",
            "0.001",
            "column `v` is declared `decimal(4,2)`, and `0.001` is none without rounding",
        ),
        (
            "[date]",
            "[\"x\"]",
            "column `v[]` is declared a date such as `2024-02-29` in `columns:`, and `x` is none",
        ),
        ("{a: integer}", "{\"b\":1}", "`v.b` is not in the type that `columns:` gives `v`; add it there"),
        ("{a: integer!}", "{}", "column `v.a` holds no nulls (`!` in `columns:`), and this one is null"),
    ] {
        assert_eq!(refused(kind, value), expect, "{kind} {value}");
    }
    let mixed = "{\"v\":\"2024-01-01T00:00:00Z\"}\n{\"v\":\"2024-01-01T00:00:00\"}\n";
    let found = written(typed(&[("v", "timestamp")]), mixed).expect_err("two kinds of times");
    assert!(
        found.ends_with("column `v` holds timestamps with a zone, and `2024-01-01T00:00:00` has none"),
        "{found}"
    );
}

#[test]
fn compression_and_row_groups_are_as_asked() {
    let lines = (0..20_000).fold(String::new(), |mut lines, id| {
        let _ = writeln!(lines, "{{\"id\":{id}}}");
        lines
    });
    let with = |compression, row_group| {
        let change = move |options: &mut WriteOptions| {
            options.typed.compression = compression;
            options.typed.row_group = row_group;
        };
        let (_, codec, groups) = written(change, &lines).expect("fits");
        (codec, groups)
    };
    assert_eq!(with(None, None), (Codec::SNAPPY, 1));
    assert_eq!(with(Some(ColumnCompression::None), None), (Codec::UNCOMPRESSED, 1));
    assert!(matches!(with(Some(ColumnCompression::Zstd), None), (Codec::ZSTD(_), 1)));
    assert!(matches!(with(Some(ColumnCompression::Gzip), None), (Codec::GZIP(_), 1)));
    let (_, groups) = with(None, Some(20_000));
    assert!((2..=20).contains(&groups), "{groups}");
}

/// The bytes of the file, or the error, that items come to.
fn file_of(change: impl Fn(&mut WriteOptions), lines: &str) -> Result<Vec<u8>, String> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("out");
    let mut options = options(&path, Format::Parquet);
    change(&mut options);
    // A text that is longer has its faults elsewhere.
    let without_place =
        |error: DataError| error.to_string().split(" at byte").next().unwrap_or_default().to_owned();
    write_all(&options, &[lines]).map_err(without_place)?;
    Ok(fs::read(&path).expect("a file"))
}

#[test]
fn rows_are_the_same_with_and_without_a_tree_of_their_values() {
    let columns = [
        ("i", "integer"),
        ("n", "number"),
        ("b", "boolean"),
        ("s", "string"),
        ("d", "date"),
        ("p", "decimal(20,2)"),
        ("l", "[integer]"),
        ("m", "{x: number}"),
        ("k", "string!"),
    ];
    let values = [
        "0",
        "-0",
        "-0.0",
        "1.0",
        "1e2",
        "0.1",
        "-7",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "1e400",
        "123456789012345678.25",
        "null",
        "true",
        "false",
        "\"\"",
        "\"é\"",
        "\"a\\\"b\"",
        "\"2024-02-29\"",
        "\"1.25\"",
        "[]",
        "[1,null]",
        "[1.5]",
        "{}",
        "{\"x\":1}",
        "{\"x\":null,\"x\":2}",
        "{\"y\":1}",
    ];
    let (mut fit, mut refused) = (0, 0);
    for name in columns.map(|(name, _)| name).into_iter().chain(["new"]) {
        for value in values {
            for (before, behind) in [("", ",\"k\":\"a\""), ("\"k\":1,\"k\":\"a\",", "")] {
                let plain = format!("{{\"k\":\"first\"}}\n{{{before}\"{name}\":{value}{behind}}}\n");
                // A key that is written with an escape is read in the common way.
                let first = u32::from(name.as_bytes()[0]);
                let escaped =
                    plain.replace(&format!("\"{name}\":"), &format!("\"\\u{first:04x}{}\":", &name[1..]));
                assert_ne!(plain, escaped);
                let wanted = |options: &mut WriteOptions| typed(&columns)(options);
                let found = file_of(wanted, &plain);
                assert_eq!(found, file_of(wanted, &escaped), "{plain}");
                *if found.is_ok() { &mut fit } else { &mut refused } += 1;
                let guessed = file_of(|_| {}, &plain);
                assert_eq!(guessed, file_of(|_| {}, &escaped), "{plain}");
            }
        }
    }
    assert!(fit > 100 && refused > 100, "{fit} {refused}");
}

#[test]
fn decimals_take_all_digits_of_numbers() {
    let columns = [
        ("p", "decimal(38,19)"),
        ("l", "[decimal(16,2)]"),
        ("m", "{x: decimal(20,2), y: number}"),
        ("n", "number"),
    ];
    let wanted = |options: &mut WriteOptions| typed(&columns)(options);
    for numbers in [
        "{\"p\":0.1234567890123456789,\"l\":[90071992547409.93,1.5e1,null],\"m\":{\"x\":12345678901234567.89,\"y\":0.5},\"n\":0.25}\n",
        // Keys in another order, one of them twice.
        "{\"n\":0.25,\"m\":{\"y\":0.5,\"x\":12345678901234567.89},\"p\":1,\"l\":[90071992547409.93,15,null],\"p\":0.1234567890123456789}\n",
    ] {
        let texts = "{\"p\":\"0.1234567890123456789\",\"l\":[\"90071992547409.93\",\"15\",null],\"m\":{\"x\":\"12345678901234567.89\",\"y\":0.5},\"n\":0.25}\n";
        assert_eq!(file_of(wanted, numbers), file_of(wanted, texts), "{numbers}");
        assert!(file_of(wanted, numbers).is_ok(), "{numbers}");
    }
    let refused = file_of(wanted, "{\"l\":[90071992547409.935]}\n").expect_err("more digits than it holds");
    assert!(refused.contains("90071992547409.935"), "{refused}");
}
