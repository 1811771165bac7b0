//! These tests check that every list of items that is written reads back as the same items.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{options, write_all};
use crate::data::{Column, ColumnType, Compression, Dialect, Format, ReadOptions, open};
use crate::value::Chunk;

/// Writes `lines` as `format` and reads them again.
fn round_trip(
    format: Format,
    compression: Compression,
    pretty: bool,
    lines: &[String],
    header: bool,
) -> Vec<String> {
    round_trip_with(format, compression, pretty, lines, header, None)
}

fn round_trip_with(
    format: Format,
    compression: Compression,
    pretty: bool,
    lines: &[String],
    header: bool,
    columns: Option<Vec<Column>>,
) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a folder");
    let mut write = options(&dir.path().join("out"), format);
    (write.compression, write.pretty) = (compression, pretty);
    write.columns =
        columns.as_ref().map(|columns| columns.iter().map(|column| column.name.clone()).collect());
    let pieces: Vec<String> = lines.chunks(3).map(<[String]>::concat).collect();
    write_all(&write, &pieces.iter().map(String::as_str).collect::<Vec<_>>()).expect("writable");
    let read = ReadOptions {
        format: Some(format),
        compression: Some(compression),
        columns,
        dialect: Dialect { header, ..Dialect::default() },
        ..ReadOptions::of("out", dir.path())
    };
    let mut reader = open(&read).expect("readable");
    let (mut chunk, mut bad, mut seen) = (Chunk::default(), Vec::new(), Vec::new());
    loop {
        let more = reader.read(4, 100, &mut chunk, &mut bad).expect("readable");
        seen.extend((0..chunk.len()).map(|at| String::from_utf8(chunk.item(at).to_vec()).expect("UTF-8")));
        if !more {
            assert_eq!(bad, []);
            return seen;
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a,\"\t \u{e4}\\\\]{0,6}", "(?s).{0,4}"]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn compression() -> impl Strategy<Value = Compression> {
    prop::sample::select(vec![Compression::None, Compression::Gzip, Compression::Zstd])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn for_every_list_of_values_json_reads_back_the_same(
        items in prop::collection::vec(value(), 0..12),
        compression in compression(),
        pretty in any::<bool>(),
    ) {
        let lines: Vec<String> = items.iter().map(|item| format!("{item}\n")).collect();
        prop_assert_eq!(&round_trip(Format::Jsonl, compression, false, &lines, true), &lines);
        prop_assert_eq!(&round_trip(Format::Json, compression, pretty, &lines, true), &lines);
    }

    #[test]
    fn for_every_table_of_strings_rows_read_back_the_same(
        names in prop::collection::hash_set(text(), 1..5),
        rows in prop::collection::vec(prop::collection::vec(text(), 5), 1..8),
        compression in compression(),
        tabs in any::<bool>(),
    ) {
        let object = |row: &Vec<String>| {
            let pairs = names.iter().cloned().zip(row.iter().cloned().map(Value::from));
            format!("{}\n", Value::Object(pairs.collect()))
        };
        let lines: Vec<String> = rows.iter().map(object).collect();
        // A single field that is empty makes a line that is no row, which is refused.
        let is_empty = |text: &String| names.len() == 1 && text.is_empty();
        let has_blank_line = names.iter().any(is_empty) || rows.iter().any(|row| is_empty(&row[0]));
        let format = if tabs && !has_blank_line { Format::Tsv } else { Format::Csv };
        prop_assert_eq!(&round_trip(format, compression, false, &lines, true), &lines);
    }

    #[test]
    fn for_every_typed_table_numbers_read_back_exactly(
        rows in prop::collection::vec((any::<i64>(), any::<f64>(), any::<bool>()), 0..8),
    ) {
        let finite = rows.iter().filter(|row| row.1.is_finite());
        let lines: Vec<String> = finite
            .map(|(id, price, ok)| {
                let mut text = Vec::new();
                crate::value::json::write_float(&mut text, *price);
                format!("{{\"id\":{id},\"price\":{},\"ok\":{ok}}}\n", String::from_utf8_lossy(&text))
            })
            .collect();
        let column = Column::typed;
        let columns = vec![
            column("id", ColumnType::Integer),
            column("price", ColumnType::Number),
            column("ok", ColumnType::Boolean),
        ];
        prop_assert_eq!(
            &round_trip_with(Format::Csv, Compression::None, false, &lines, true, Some(columns)),
            &lines
        );
    }

    #[test]
    fn for_every_list_of_single_lines_text_reads_back_the_same(
        items in prop::collection::vec("[^\n]{0,6}[^\n\r]", 0..8),
    ) {
        let lines: Vec<String> = items.iter().map(|item| format!("{}\n", Value::from(item.as_str()))).collect();
        let seen = round_trip(Format::Lines, Compression::None, false, &lines, true);
        let same = |line: &String| serde_json::from_str::<String>(line).expect("a string");
        prop_assert_eq!(seen.iter().map(same).collect::<Vec<_>>(), items);
    }
}
