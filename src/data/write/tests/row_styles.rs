//! These tests write tables in every style, and read what was written as its readers do.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{check_with, options, write_all};
use crate::data::{
    Compression, Dialect, Format, LineEnd, Quote, Quoting, ReadOptions, RowStyle, WriteOptions, open,
};
use crate::value::Chunk;

fn style(change: impl Fn(&mut RowStyle)) -> impl Fn(&mut WriteOptions) {
    move |options| change(&mut options.rows)
}

#[test]
fn quoting_says_which_fields_are_in_quotes() {
    let items = ["{\"a\":\"x,y\",\"b\":null}\n{\"a\":\"q\\\"\",\"b\":1}\n"];
    let quoting = |quoting| style(move |rows| rows.quoting = Some(quoting));
    check_with(Format::Csv, quoting(Quoting::Needed), &items, "a,b\n\"x,y\",\n\"q\"\"\",1\n");
    check_with(Format::Csv, quoting(Quoting::All), &items, "\"a\",\"b\"\n\"x,y\",\"\"\n\"q\"\"\",\"1\"\n");
    check_with(Format::Tsv, quoting(Quoting::Needed), &items, "a\tb\nx,y\t\n\"q\"\"\"\t1\n");
    check_with(
        Format::Csv,
        quoting(Quoting::None),
        &items,
        "cannot write item 1 to `out`: the value of `a`: it would be read as something else without quotes, and `quoting` is `none`; say `quoting: needed`",
    );
    check_with(Format::Csv, quoting(Quoting::None), &["{\"a\":\"x\"}\n"], "a\nx\n");
    check_with(
        Format::Csv,
        quoting(Quoting::None),
        &["{\"sep=;\":1}\n"],
        "cannot write the column name `sep=;` to `out`: it would be read as something else without quotes, and `quoting` is `none`; say `quoting: needed`",
    );
}

#[test]
fn lines_end_and_files_begin_as_asked_for() {
    let crlf = style(|rows| (rows.line_end, rows.bom) = (LineEnd::Crlf, true));
    check_with(Format::Csv, &crlf, &["{\"a\":\"x\\ny\"}\n"], "\u{feff}a\r\n\"x\ny\"\r\n");
    check_with(Format::Csv, &crlf, &["{\"\u{feff}a\":1}\n"], "\u{feff}\u{feff}a\r\n1\r\n");
    check_with(Format::Csv, &crlf, &[], "");
    let semicolons = style(|rows| rows.delimiter = Some(b';'));
    check_with(Format::Csv, &semicolons, &["{\"a\":1.5,\"b;\":\"x,y\"}\n"], "a;\"b;\"\n1.5;x,y\n");
    check_with(
        Format::Tsv,
        &semicolons,
        &["{\"a\":\"x;y\"}\n"],
        "cannot write item 1 to `out`: the value of `a`: it holds the delimiter, which has no escape; say `quoting: needed`",
    );
}

#[test]
fn a_lone_null_is_a_row() {
    for (format, quoting) in [
        (Format::Csv, None),
        (Format::Csv, Some(Quoting::All)),
        (Format::Tsv, Some(Quoting::Needed)),
        (Format::Tsv, Some(Quoting::All)),
    ] {
        let quote = if quoting == Some(Quoting::All) { "\"" } else { "" };
        let expect = format!("{quote}a{quote}\n\"\"\n{quote}1{quote}\n");
        check_with(format, style(|rows| rows.quoting = quoting), &["{\"a\":null}\n{\"a\":1}\n"], &expect);
    }
}

#[test]
fn all_columns_are_the_keys_of_all_items_in_order_of_first_appearance() {
    let all = style(|rows| rows.all_columns = true);
    let items = ["{\"b\":1}\n{}\n", "{\"a\":2,\"b\":3}\n{\"c\":null}\n"];
    check_with(Format::Csv, &all, &items, "b,a,c\n1,,\n,,\n3,2,\n,,\n");
    check_with(Format::Tsv, &all, &items, "b\ta\tc\n1\t\t\n\t\t\n3\t2\t\n\t\t\n");
    check_with(Format::Csv, &all, &[], "");
    check_with(
        Format::Csv,
        &all,
        &["{}\n{}\n"],
        "cannot write item 1 to `out`: no item has a key, and the keys are the columns; say `columns`",
    );
    check_with(
        Format::Csv,
        &all,
        &["{\"a\":1}\n", "7\n"],
        "cannot write item 2 to `out`: it is a number, and a row is made of an object",
    );
    // More than is read at once.
    let item = |at: usize| format!("{{\"k{}\":\"value {at}\"}}\n", at % 10);
    let row = |at: usize| format!("{}value {at}{}\n", ",".repeat(at % 10), ",".repeat(9 - at % 10));
    let (many, rows): (Vec<String>, Vec<String>) = (0..30_000).map(|at| (item(at), row(at))).unzip();
    let (many, rows) = (many.concat(), rows.concat());
    let dir = tempfile::tempdir().expect("a folder");
    let mut options = options(&dir.path().join("out"), Format::Csv);
    all(&mut options);
    write_all(&options, &[&many]).expect("writable");
    let seen = std::fs::read_to_string(dir.path().join("out")).expect("there");
    let differs = seen.lines().skip(1).zip(rows.lines()).position(|(seen, row)| seen != row);
    assert_eq!((differs, seen.lines().count()), (None, 30_001));
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let both = |options: &mut WriteOptions| {
        (options.columns, options.rows.all_columns) = (Some(vec!["a".into()]), true);
    };
    check_with(Format::Csv, both, &[], "`all_columns` and `columns` both say which columns there are");
    let bom = style(|rows| rows.bom = true);
    check_with(Format::Jsonl, bom, &[], "`bom` is for `csv` and `tsv`, not for `jsonl`");
    let backslash = style(|rows| rows.delimiter = Some(b'\\'));
    check_with(Format::Tsv, backslash, &[], "`delimiter` cannot be `\\\\`, with which escapes begin");
}

#[test]
fn a_single_item_is_written_as_itself() {
    let single = |options: &mut WriteOptions| options.single = true;
    check_with(Format::Json, single, &["{\"a\":[1.0]}\n"], "{\"a\":[1.0]}\n");
    let pretty = |options: &mut WriteOptions| (options.single, options.pretty) = (true, true);
    check_with(Format::Json, pretty, &["{\"a\":1}\n"], "{\n  \"a\": 1\n}\n");
    check_with(
        Format::Json,
        single,
        &["1\n", "2\n"],
        "cannot write item 2 to `out`: it is one too many, as `single` writes exactly one; take it away to write a list",
    );
    let none = "cannot write `out`: there is no item, and `single` writes exactly one";
    check_with(Format::Json, single, &[], none);
    check_with(Format::Jsonl, single, &[], "`single` is for `json`, not for `jsonl`");
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a,;|\"\t \u{e4}\\\\]{0,6}", "(?s).{0,4}", "sep=[;,]", "\u{feff}?#?"]
}

fn styles() -> impl Strategy<Value = (Format, RowStyle)> {
    let quoting = prop::sample::select(vec![None, Some(Quoting::Needed), Some(Quoting::All)]);
    let quoting = prop_oneof![4 => quoting, 1 => Just(Some(Quoting::None))];
    let delimiter = prop::sample::select(vec![None, Some(b';'), Some(b'|')]);
    (any::<bool>(), quoting, delimiter, any::<[bool; 3]>()).prop_map(
        |(tabs, quoting, delimiter, [bom, crlf, all_columns])| {
            let line_end = if crlf { LineEnd::Crlf } else { LineEnd::Lf };
            let format = if tabs { Format::Tsv } else { Format::Csv };
            (format, RowStyle { delimiter, quoting, bom, line_end, all_columns })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn for_every_style_rows_read_back_the_same_or_are_refused(
        names in prop::collection::hash_set(text(), 1..4),
        rows in prop::collection::vec(prop::collection::vec(text(), 4), 1..8),
        (format, style) in styles(),
    ) {
        let object = |row: &Vec<String>| {
            let pairs = names.iter().cloned().zip(row.iter().cloned().map(Value::from));
            format!("{}\n", Value::Object(pairs.collect::<Map<_, _>>()))
        };
        let lines: Vec<String> = rows.iter().map(object).collect();
        let dir = tempfile::tempdir().expect("a folder");
        let mut write = options(&dir.path().join("out"), format);
        write.rows = style.clone();
        let refuses = style.quoting == Some(Quoting::None) || (format == Format::Tsv && style.quoting.is_none());
        if let Err(error) = write_all(&write, &[&lines.concat()]) {
            prop_assert!(refuses && error.to_string().contains("say `quoting: needed`"), "{error}");
            return Ok(());
        }
        let is_quoted = matches!(style.quoting, Some(Quoting::Needed | Quoting::All));
        let quote = (format == Format::Tsv && is_quoted).then_some(Quote::Character(b'"'));
        let read = ReadOptions {
            format: Some(format),
            compression: Some(Compression::None),
            dialect: Dialect { delimiter: style.delimiter, quote, ..Dialect::default() },
            ..ReadOptions::of("out", dir.path())
        };
        let mut reader = open(&read).expect("readable");
        let (mut chunk, mut bad) = (Chunk::default(), Vec::new());
        let more = match reader.read(usize::MAX, usize::MAX, &mut chunk, &mut bad) {
            Ok(more) => more,
            // Zero bytes among few letters are what the reader knows UTF-16 by, and it asks rather than guess.
            Err(error) => {
                prop_assert!(error.to_string().contains("looks like UTF-16"), "{error}");
                return Ok(());
            }
        };
        prop_assert!(!more && bad.is_empty(), "{bad:?}");
        prop_assert_eq!(String::from_utf8(chunk.text).expect("UTF-8"), lines.concat());
    }
}
