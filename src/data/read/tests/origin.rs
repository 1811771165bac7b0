//! These tests read items that say where they were read.

use std::fs;

use super::{check_with, open, options, transcript};
use crate::data::{Column, OriginFields, ReadOptions};

fn wanted(options: &mut ReadOptions) {
    options.origin = OriginFields { file: Some("at".into()), line: Some("line".into()) };
}

/// Reads `content` as the file `name` with both fields.
fn check(name: &str, content: &[u8], expect: &str) {
    check_with(name, content, wanted, expect);
}

#[test]
fn items_of_every_format_say_on_which_line_they_begin() {
    check(
        "a.jsonl",
        b"{\"a\": 1}\n\n{}\r\n { } \n{\"b\\\\\":[\"at\"]}",
        "{\"a\": 1,\"at\":\"a.jsonl\",\"line\":1}\n{\"at\":\"a.jsonl\",\"line\":3}\n{ \"at\":\"a.jsonl\",\"line\":4}\n\
         {\"b\\\\\":[\"at\"],\"at\":\"a.jsonl\",\"line\":5}\n",
    );
    check(
        "a.json",
        b"[{},{},\n\n{\"a\":\n1}]",
        "{\"at\":\"a.json\",\"line\":1}\n{\"at\":\"a.json\",\"line\":1}\n{\"a\":1,\"at\":\"a.json\",\"line\":3}\n",
    );
    check(
        "a.csv",
        b"\na\n\"1\n\"\n\n\n2\n3,3\n4\n",
        "{\"a\":\"1\\n\",\"at\":\"a.csv\",\"line\":3}\n{\"a\":\"2\",\"at\":\"a.csv\",\"line\":7}\n\
         {\"a\":\"4\",\"at\":\"a.csv\",\"line\":9}\nbad 3 a.csv:8 the row has 2 instead of 1 field <3,3>\n",
    );
}

#[test]
fn an_item_that_cannot_have_the_fields_is_a_bad_row() {
    check(
        "a.jsonl",
        b"[1]\nx\n{\"at\":1}\n{\"\\u0061t\":1}\n{\"a\":2}\n",
        "{\"a\":2,\"at\":\"a.jsonl\",\"line\":5}\n\
         bad 1 a.jsonl:1 `origin` is for items that are maps, and this is none <[1]>\n\
         bad 2 a.jsonl:2 expected a value, found `x` at byte 1 <x>\n\
         bad 3 a.jsonl:3 the item has a field `at`, which `origin` names <{\"at\":1}>\n\
         bad 4 a.jsonl:4 the item has a field `at`, which `origin` names <{\"\\u0061t\":1}>\n",
    );
}

#[test]
fn one_of_the_fields_is_enough_and_names_are_quoted() {
    let change = |options: &mut ReadOptions| options.origin.line = Some("a\"b".into());
    check_with("a.csv", b"x\n1\n", change, "{\"x\":\"1\",\"a\\\"b\":2}\n");
}

#[test]
fn files_of_a_pattern_have_their_own_lines() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in [("a.csv", "x\n1\n"), ("b.csv", "x\n2\n3\n")] {
        fs::write(dir.path().join(name), text).expect("writable");
    }
    let mut options = options(dir.path(), "?.csv");
    wanted(&mut options);
    options.origin.file = None;
    assert_eq!(
        transcript(open(&options), 10, 100),
        "{\"x\":\"1\",\"line\":2}\n{\"x\":\"2\",\"line\":2}\n{\"x\":\"3\",\"line\":3}\n"
    );
    options.origin.file = Some("f".into());
    let seen = transcript(open(&options), 1, 1);
    assert!(seen.starts_with("{\"x\":\"1\",\"f\":\"a.csv\",\"line\":2}\n"), "{seen}");
}

#[test]
fn what_has_no_fields_is_refused() {
    let seen = |path: &str, change: &dyn Fn(&mut ReadOptions)| {
        let mut options = options("/".as_ref(), path);
        wanted(&mut options);
        options.format = crate::data::Format::of_path(path).ok();
        change(&mut options);
        options.check().err().map(|error| error.to_string())
    };
    let bare = |options: &mut ReadOptions| options.dialect.header = false;
    assert_eq!(
        seen("a.txt", &|_| {}).as_deref(),
        Some("`origin` is not for `lines`, whose items are strings")
    );
    assert_eq!(
        seen("a.csv", &bare).as_deref(),
        Some("`origin` is not for rows without names; give them with `columns`")
    );
    let named = |options: &mut ReadOptions| {
        bare(options);
        options.columns = Some(vec![Column::named("a")]);
    };
    assert_eq!(seen("a.csv", &named), None);
    let twice = |options: &mut ReadOptions| options.origin.line = Some("at".into());
    assert_eq!(seen("a.csv", &twice).as_deref(), Some("`origin` names `at` twice"));
}
