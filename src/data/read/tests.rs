//! These tests use the readers from outside: files go in, items and bad rows come out.

mod archives;
mod bounds;
mod dialects;
mod documents;
mod origin;
mod splits;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::*;
use crate::data::{BadRow, Column, ColumnType, ListPath, TextEncoding};
use crate::value::Chunk;

/// How `path` is read when nothing else is said.
fn options(root: &Path, path: &str) -> ReadOptions {
    ReadOptions::of(path, root)
}

/// One line for each item, for each bad row and for the error, if there is one.
fn transcript(reader: Result<Box<dyn Reader>, DataError>, max_items: usize, max_bytes: usize) -> String {
    let (mut items, mut rejects) = (String::new(), String::new());
    let result = reader.and_then(|mut reader| {
        let (mut chunk, mut bad, mut good, mut count) = (Chunk::default(), Vec::new(), 0, 0);
        loop {
            let more = reader.read(max_items, max_bytes, &mut chunk, &mut bad)?;
            good += chunk.len() as u64;
            assert!(chunk.len() <= max_items);
            items.push_str(std::str::from_utf8(&chunk.text).expect("proved"));
            for row in bad.drain(..) {
                let BadRow { index, file, line, message, text } = row;
                count += 1;
                writeln!(rejects, "bad {index} {file}:{line} {message} <{text}>").expect("memory");
            }
            if !more {
                assert_eq!(reader.rows(), good + count);
                return Ok(());
            }
        }
    });
    let error = result.err().map(|error| format!("error {error}\n")).unwrap_or_default();
    items + &rejects + &error
}

/// Reads `content` as the file `name`.
fn check_with(name: &str, content: &[u8], change: impl Fn(&mut ReadOptions), expect: &str) {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join(name), content).expect("writable");
    for (max_items, max_bytes) in [(1000, 1 << 16), (1, 1)] {
        let mut options = options(dir.path(), name);
        change(&mut options);
        assert_eq!(transcript(open(&options), max_items, max_bytes), expect);
    }
}

fn check(name: &str, content: &[u8], expect: &str) {
    check_with(name, content, |_| {}, expect);
}

fn columns(list: &[(&str, ColumnType)]) -> Vec<Column> {
    list.iter().map(|(name, kind)| Column::typed(name, *kind)).collect()
}

#[test]
fn json_lines_may_have_a_bom_carriage_returns_and_blank_lines_at_the_end() {
    check("a.jsonl", b"\xEF\xBB\xBF{\"a\": 1}\r\n2\n\n \t\r\n", "{\"a\": 1}\r\n2\n");
    check("a.ndjson", b"1\n2", "1\n2\n");
    check("a.jsonl", b"", "");
    check("a.jsonl", b"\n\n", "");
    check("a.jsonl", b"\xEF\xBB\xBF", "");
}

#[test]
fn lines_that_are_no_json_are_bad_rows_with_their_places() {
    let (name, text) = ("a.jsonl", b"1\n\n\"\xFF\"\n4\n");
    check(name, text, "1\n4\nbad 2 a.jsonl:3 the text is not valid UTF-8 at byte 2 <\"\u{FFFD}\">\n");
}

#[test]
fn unproved_lines_are_handed_on_with_their_origin() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("a.jsonl"), "1\n\nx\n4\n \n\n5\n").expect("writable");
    let mut reader = open(&ReadOptions { validate: false, ..options(dir.path(), "a.jsonl") }).expect("there");
    let (mut chunk, mut bad) = (Chunk::default(), Vec::new());
    assert!(reader.read(2, 100, &mut chunk, &mut bad).expect("readable"));
    assert_eq!((chunk.text.as_slice(), chunk.len()), (&b"1\n"[..], 1));
    reader.read(9, 100, &mut chunk, &mut bad).expect("readable");
    assert_eq!((chunk.text.as_slice(), chunk.len()), (&b"x\n4\n5\n"[..], 3));
    let origin = chunk.origin.expect("a file");
    assert_eq!([0, 1, 2].map(|at| origin.line_of(at)), [3, 4, 7]);
    assert_eq!((&*origin.file, bad.len(), reader.rows()), ("a.jsonl", 0, 4));
}

#[test]
fn an_array_is_read_element_by_element_and_compacted() {
    check("a.json", b"[]", "");
    check("a.json", b" [ ] \n", "");
    check(
        "a.json",
        b"\xEF\xBB\xBF[\n  {\"a b\": [1, 2 ],\r\n \"c\":\t\"x \\\" ] y\"},\n-1.50, null\n]\n",
        "{\"a b\":[1,2],\"c\":\"x \\\" ] y\"}\n-1.50\nnull\n",
    );
}

#[test]
fn an_element_that_is_no_json_is_a_bad_row() {
    let seen = |content: &[u8]| {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("a.json"), content).expect("writable");
        transcript(open(&options(dir.path(), "a.json")), 10, 100)
    };
    let text = seen(b"[1,\n1 2,\n{\"a\" 1},\n4]");
    assert!(text.starts_with("1\n4\nbad 2 a.json:2 "), "{text}");
    assert!(text.contains("<1 2>\nbad 3 a.json:3 "), "{text}");
}

#[test]
fn a_document_that_is_an_object_is_one_item() {
    let object = b"\xEF\xBB\xBF\n{ \"name\": \"x y\",\n  \"rows\": [1, {\"b\": -0}]\r\n}\n\n";
    check("a.json", object, "{\"name\":\"x y\",\"rows\":[1,{\"b\":-0}]}\n");
    check("a.json", b"{}", "{}\n");
    check("a.json", b"{\"a\":\n{}\n", "error a.json:1: the file ends before the `}` of the object\n");
    check("a.json", b"{\"a\": \"b", "error a.json:1: the file ends within a string\n");
    check(
        "a.json",
        b"\n{\"a\"\n: [}",
        "error a.json:3: expected `]`, found `}`, in the object that begins on line 2\n",
    );
    check(
        "a.json",
        b"{\"a\"\n: x}",
        "bad 1 a.json:1 expected a value, found `x` at byte 6; the row takes 2 lines, 1 to 2 <{\"a\":x}>\n",
    );
    // It is no item before the file has ended.
    let behind = "expected nothing behind the object, found";
    let lines = "another one; `format: jsonl` reads one object a line";
    check("a.json", b"{\"a\": 1}\n{\"a\": 2}\n", &format!("error a.json:2: {behind} {lines}\n"));
    let list = "`,`; a list of objects stands in `[` and `]`";
    check("a.json", b"{\"a\": 1},\n{\"a\": 2}\n", &format!("error a.json:1: {behind} {list}\n"));
    check("a.json", b"{\"a\": 1} 2", &format!("error a.json:1: {behind} a number\n"));
}

#[test]
fn lines_of_json_are_counted_whatever_ends_them() {
    for end in ["\n", "\r\n", "\r"] {
        let text = "[1,||2,|{\"a\"|:x},|3".replace('|', end);
        check(
            "a.json",
            text.as_bytes(),
            "1\n2\nbad 3 a.json:4 expected a value, found `x` at byte 6; the row takes 2 lines, 4 to 5 <{\"a\":x}>\n\
             error a.json:1: the file ends before the `]` of the array\n",
        );
        let at = |options: &mut ReadOptions| options.at = ListPath::parse("b").ok();
        let text = "{\"a\":|1,|\"b\":[1,|2],|\"c\":|x}".replace('|', end);
        let expect = "1\n2\nerror a.json:6: expected a value, found `x`\n";
        check_with("a.json", text.as_bytes(), at, expect);
    }
}

#[test]
fn what_is_no_array_is_named() {
    check("a.json", b"", "error a.json:1: expected a JSON array or object, found an empty file\n");
    check("a.json", b"\n 1", "error a.json:2: expected a JSON array or object, found a number\n");
    check("a.json", b"[1] 2", "1\nerror a.json:1: expected nothing behind the array, found a number\n");
    check("a.json", b"[1,\n]", "1\nerror a.json:2: expected a value, found `]`\n");
    check("a.json", b"[1\n,2", "1\nerror a.json:1: the file ends before the `]` of the array\n");
    check("a.json", b"[\"a", "error a.json:1: the file ends within a string\n");
    check("a.json", b"[{\"a\":[1}]", "error a.json:1: expected `]`, found `}`\n");
    let begun = "error a.json:3: expected `]`, found `}`, in the element that begins on line 2\n";
    check("a.json", b"[\n{\"a\":\n[1}]", begun);
}

#[test]
fn rows_become_objects_by_the_names_of_the_header() {
    check(
        "a.csv",
        b"\xEF\xBB\xBFid,\"the \"\"name\"\"\"\r\n1,\"a,\r\nb\"\r\n2,\r\n\r\n",
        "{\"id\":\"1\",\"the \\\"name\\\"\":\"a,\\r\\nb\"}\n{\"id\":\"2\",\"the \\\"name\\\"\":\"\"}\n",
    );
    check("a.tsv", b"a\tb\n1,5\t2\n", "{\"a\":\"1,5\",\"b\":\"2\"}\n");
    check_with(
        "a.csv",
        b"a;b\n1,5;2\n",
        |o| o.dialect.delimiter = Some(b';'),
        "{\"a\":\"1,5\",\"b\":\"2\"}\n",
    );
    check("a.csv", b"", "");
    check("a.csv", b"a,b\n", "");
}

#[test]
fn columns_select_and_type() {
    use ColumnType::{Boolean, Integer, Number, String};
    let change = |options: &mut ReadOptions| {
        options.columns =
            Some(columns(&[("ok", Boolean), ("id", Integer), ("price", Number), ("name", String)]));
    };
    check_with(
        "a.csv",
        b"id,x,name,price,ok\n7,-,a,1.5,true\nseven,-,b,2,true\n8,-,c,x,true\n9,-,d,1,false\n",
        change,
        "{\"ok\":true,\"id\":7,\"price\":1.5,\"name\":\"a\"}\n{\"ok\":false,\"id\":9,\"price\":1,\"name\":\"d\"}\n\
         bad 2 a.csv:3 column `id`: `seven` is not an integer <seven,-,b,2,true>\n\
         bad 3 a.csv:4 column `price`: `x` is not a number <8,-,c,x,true>\n",
    );
    check_with(
        "a.csv",
        b"id,name\n1,a\n",
        change,
        "error a.csv:1: no column `ok`; the header names `id`, `name`\n",
    );
    check_with(
        "a.csv",
        b"",
        change,
        "error a.csv:1: the file is empty; a row that names the columns is missing\n",
    );
}

#[test]
fn without_a_header_rows_are_lists_or_named_by_position() {
    check_with(
        "a.csv",
        b"1,2\n3,4\n5\n",
        |o| o.dialect.header = false,
        "[\"1\",\"2\"]\n[\"3\",\"4\"]\nbad 3 a.csv:3 the row has 1 instead of 2 fields <5>\n",
    );
    let change = |options: &mut ReadOptions| {
        options.dialect.header = false;
        options.columns = Some(columns(&[("a", ColumnType::Integer), ("b", ColumnType::String)]));
    };
    check_with("a.csv", b"1,2\n", change, "{\"a\":1,\"b\":\"2\"}\n");
}

#[test]
fn bad_rows_of_tables_have_the_line_where_they_start() {
    check(
        "a.csv",
        b"\na,b\n\"1\n\n1\",2\n\n\n3\n\xFF,4\n\"5\"x,5\n\"6\n\n6\"x\n7,\"7\n",
        "{\"a\":\"1\\n\\n1\",\"b\":\"2\"}\n\
         bad 2 a.csv:8 the row has 1 instead of 2 fields <3>\n\
         bad 3 a.csv:9 column `a`: the text is not UTF-8; if it is in another encoding, say that, such as `encoding: windows-1252` <\u{FFFD},4>\n\
         bad 4 a.csv:10 text follows the closing quote of field 1 <5>\n\
         bad 5 a.csv:11 text follows the closing quote of field 1; the row takes 3 lines, 11 to 13 <6\n\n6>\n\
         error a.csv:14: the quote of field 2 is never closed\n",
    );
    check(
        "a.csv",
        b"a,b,a\n",
        "error a.csv:1: the header names column `a` twice, as columns 1 and 3; say with `columns` which others to take\n",
    );
}

#[test]
fn carriage_returns_end_lines_where_nothing_else_does() {
    check("a.csv", b"a,b\r1,\"2\r3\"\r\r4,5", "{\"a\":\"1\",\"b\":\"2\\r3\"}\n{\"a\":\"4\",\"b\":\"5\"}\n");
    check("a.jsonl", b"1\r\r2\rx\r", "1\n2\nbad 3 a.jsonl:4 expected a value, found `x` at byte 1 <x>\n");
    check("a.txt", b"a\rb\r", "\"a\\rb\"\n");
    // A line feed says that they end nothing.
    check("a.csv", b"\"a\rb\"\n1\n", "{\"a\\rb\":\"1\"}\n");
    let long = [&b"x".repeat(64 * 1024)[..], b"\r\n1\r\n"].concat();
    check("a.txt", &long, &format!("\"{}\"\n\"1\"\n", "x".repeat(64 * 1024)));
    check("a.csv", &long, &format!("{{\"{}\":\"1\"}}\n", "x".repeat(64 * 1024)));
}

#[test]
fn text_is_decoded_by_its_mark_or_else_by_what_is_said() {
    let latin1 = |o: &mut ReadOptions| o.encoding = TextEncoding::of_label("latin1").ok();
    check_with("a.csv", b"n\xE4me\n\x80\n", latin1, "{\"n\u{e4}me\":\"\u{20ac}\"}\n");
    check_with("a.jsonl", b"\"\xE9\"\n", latin1, "\"\u{e9}\"\n");
    check_with("a.json", b"[\"\xE9\",\n1]", latin1, "\"\u{e9}\"\n1\n");
    check_with("a.txt", b"\xE9\r\n", latin1, "\"\u{e9}\"\n");
    check_with("a.txt", b"\xEF\xBB\xBF\xC3\xA9\n", latin1, "\"\u{e9}\"\n");
    for (mark, pair) in
        [(b"\xFF\xFE", u16::to_le_bytes as fn(u16) -> [u8; 2]), (b"\xFE\xFF", u16::to_be_bytes)]
    {
        let bytes: Vec<u8> = "a,b\r\n1,\u{1F600}\r\n".encode_utf16().flat_map(pair).collect();
        check_with("a.csv", &[&mark[..], &bytes].concat(), latin1, "{\"a\":\"1\",\"b\":\"\u{1F600}\"}\n");
    }
    let utf16 = b"a\0,\0b\0\n\0";
    check("a.csv", utf16, "error a.csv:1: the text looks like UTF-16; if it is, say `encoding: utf-16le`\n");
}

#[test]
fn what_cannot_be_decoded_is_a_bad_row() {
    let shift_jis = |o: &mut ReadOptions| o.encoding = TextEncoding::of_label("shift_jis").ok();
    let (csv, said) = (b"a,b\n\x93\xFA,1\n\x81,2\n3,4\n", "the text is not Shift_JIS");
    let rows = "{\"a\":\"\u{65e5}\",\"b\":\"1\"}\n{\"a\":\"3\",\"b\":\"4\"}\n";
    check_with("a.csv", csv, shift_jis, &format!("{rows}bad 2 a.csv:3 column `a`: {said} <\u{FFFD},2>\n"));
    let expect = format!("2\nbad 1 a.jsonl:1 {said} <\"\u{FFFD}\">\n");
    check_with("a.jsonl", b"\"\x81\"\n2\n", shift_jis, &expect);
    let unproved = |o: &mut ReadOptions| {
        shift_jis(o);
        o.validate = false;
    };
    check_with("a.jsonl", b"\"\x81\"\n2\n", unproved, &expect);
    let expect = format!("2\nbad 1 a.json:1 {said}; the row takes 2 lines, 1 to 2 <[\"\u{FFFD}\"]>\n");
    check_with("a.json", b"[[\n\"\x81\"],2]", shift_jis, &expect);
    let expect = "\"2\"\nbad 1 a.txt:1 the line is not Shift_JIS <\u{FFFD}>\n";
    check_with("a.txt", b"\x81\n2\n", shift_jis, expect);
}

#[test]
fn lines_of_text_are_strings() {
    check("a.txt", b"a \"b\"\r\n\n\tc\n\n", "\"a \\\"b\\\"\"\n\"\"\n\"\\tc\"\n\"\"\n");
    let other = "if it is in another encoding, say that, such as `encoding: windows-1252`";
    let expect = format!("\"x\"\n\"y\"\nbad 2 a.log:2 the line is not UTF-8; {other} <\u{FFFD}>\n");
    check("a.log", b"x\n\xFF\ny", &expect);
    check("a.csv", b"a,\xFF\n1,2\n", &format!("error a.csv:1: the header is not UTF-8; {other}\n"));
}

#[test]
fn a_limit_counts_rows() {
    check_with("a.jsonl", b"1\n2\n3\n", |o| o.limit = Some(2), "1\n2\n");
    check_with("a.jsonl", b"1\n2\n3\n", |o| o.limit = Some(0), "");
    check_with(
        "a.jsonl",
        b"\xFF\n2\n3\n",
        |o| o.limit = Some(2),
        "2\nbad 1 a.jsonl:1 the text is not valid UTF-8 at byte 1 <\u{FFFD}>\n",
    );
}

#[test]
fn what_cannot_be_opened_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::create_dir(dir.path().join("data")).expect("writable");
    let seen = |change: &dyn Fn(&mut ReadOptions)| {
        let mut options = options(dir.path(), "a.jsonl");
        change(&mut options);
        open(&options).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(seen(&|_| {}), "cannot open `a.jsonl`: No such file or directory (os error 2)");
    assert_eq!(
        seen(&|o| o.path = "data".into()),
        "`data` is a folder; read its files with a pattern such as `data/*.jsonl`"
    );
    fs::write(dir.path().join("a.xml"), "").expect("writable");
    assert!(seen(&|o| o.path = "a.xml".into()).starts_with("cannot tell the format of `a.xml`"));
    assert!(seen(&|o| o.path = "*.xml".into()).starts_with("cannot tell the format of `a.xml`"));
    fs::write(dir.path().join("a.jsonl"), "").expect("writable");
    assert_eq!(
        seen(&|o| o.dialect.header = false),
        "`header: false` is for `csv` and `tsv`, not for `jsonl`"
    );
    assert_eq!(
        seen(&|o| o.path = "[".into()),
        "cannot use pattern `[`: unclosed character class; missing ']'"
    );
}

#[test]
fn a_pattern_reads_its_files_in_order_and_says_when_there_is_none() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in [("b.jsonl", "3\n"), ("a.csv", "x\n1\n"), ("a.jsonl", "2\nx\n"), ("c.jsonl", "")] {
        fs::write(dir.path().join(name), text).expect("writable");
    }
    let seen = transcript(open(&options(dir.path(), "*.{jsonl,csv}")), 10, 100);
    assert!(seen.starts_with("{\"x\":\"1\"}\n2\n3\nbad 3 a.jsonl:2 "), "{seen}");
    let none = open(&options(dir.path(), "*.txt")).expect("no error");
    assert_eq!(none.notice(), Some("no file matches `*.txt`"));
    assert_eq!(transcript(Ok(none), 10, 100), "");
}
