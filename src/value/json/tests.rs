//! These tests say what is JSON and what is not, each kind once; where a reader stops is tested beside it.

mod model;
mod ways;

use super::{to_value, validate};

#[track_caller]
fn refuse(text: &str) {
    assert!(validate(text.as_bytes()).is_err() && to_value(text.as_bytes()).is_err(), "{text:?}");
}

#[test]
fn lists_and_objects_that_are_none_are_refused() {
    let texts = r#"
        [,1] | [1,,2] | [1,] | [1, | [ | ] | [1]] | [[1] | [1} | {] | [1:2] | [*] | [1 2] | 1 2 | {} [] | [[],
        { | {}} | {,} | {"a":1,} | {"a":1,,"b":2} | {"a"::1} | {"a",1} | {"a"} | {a:1} | {'a':1} | {null:1} | {"a":}
        {:1} | {[1]:2} | {"a":1 "b":2} | {"a":1}# | {"a":/* */1} | {"a":1}// | {"a":1,# | {"a" | {"a":"b | {"a":1]
    "#;
    texts
        .lines()
        .flat_map(|line| line.split(" | "))
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .for_each(refuse);
}

#[test]
fn numbers_and_words_that_are_none_are_refused() {
    let texts = "
        +1 .5 -.5 1. -1. 1.e2 01 -01 00 - --1 1-2 1e 1e+ 1e- 1eE2 1.2.3 0x1f 0b1 1_000 1a \u{ff11} 1\u{ff0e}0 \u{2212}1
        NaN -NaN Infinity -Infinity inf True NULL nul truth nullx undefined 'a' a \u{201c}a\u{201d} `a`
    ";
    texts.split_ascii_whitespace().for_each(refuse);
}

#[test]
fn strings_that_are_none_are_refused() {
    let texts = r#"
        " "a "a"b" "\" "\a" "\'" "\0" "\x41" "\U0041" "\u" "\u004" "\u00g0" "\u{41}" "\u+041" "\u-041" "\ud800"
        "\ud800\u" "\ud800\n" "\ud800x" "\udc00\ud800" "\😀" \u0022a"
    "#;
    texts.split_ascii_whitespace().for_each(refuse);
    ["\"a\nb\"", "\"a\tb\"", "\"a\0b\"", "\"\u{1f}\"", "\"\\\n\"", "\"\\u00\n0\""]
        .into_iter()
        .for_each(refuse);
}

#[test]
fn other_white_space_and_other_encodings_are_refused() {
    let texts = ["", " ", "\u{c}1", "1\u{b}", "\u{85}1", "1\u{a0}", "1\u{2028}", "[\u{2060}]", "\0", "[1]\0"];
    texts.into_iter().for_each(refuse);
    // A byte order mark belongs to a file, and its reader takes it away.
    ["\u{feff}", "\u{feff}1", "[\u{feff}]"].into_iter().for_each(refuse);
    let bytes: [&[u8]; 8] = [
        b"\"\xe9\"",
        b"\"\xc0\xaf\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xf4\x90\x80\x80\"",
        b"\"\xe2\x82\"",
        b"[\xff]",
        b"1\xe5",
        b"\xff\xfe1\0",
    ];
    for text in bytes {
        let error = validate(text).expect_err("no UTF-8");
        assert_eq!(error.message, "the text is not valid UTF-8", "{text:?}");
    }
}

#[test]
fn all_that_is_json_is_read() {
    for (text, value) in [
        ("[ ]", "[]"),
        (" \t\r\n[1\n,\t2 ]\r\n", "[1,2]"),
        ("[null,null,null,7]", "[null,null,null,7]"),
        (r#"{"":0}"#, r#"{"":0}"#),
        (r#"{"\u0061":1,"a":2}"#, r#"{"a":2}"#),
        (r#"{"a\u0000b":1}"#, r#"{"a\u0000b":1}"#),
        (r#""""#, r#""""#),
        (r#""a/*b*/c,:[]{}""#, r#""a/*b*/c,:[]{}""#),
        (r#""\"\\\/\b\f\n\r\t""#, r#""\"\\/\b\f\n\r\t""#),
        (r#""\u0000\u001f\u005C""#, r#""\u0000\u001f\\""#),
        (r#""\uD83D\uDE00\udbff\udfff""#, "\"\u{1f600}\u{10ffff}\""),
        (r#""\uFFFE\uFFFF\uFDD0""#, "\"\u{fffe}\u{ffff}\u{fdd0}\""),
        ("\"\u{7f}\u{80}\u{2028}\u{feff}\u{10fffe}\"", "\"\u{7f}\u{80}\u{2028}\u{feff}\u{10fffe}\""),
        ("-0e+1", "-0.0"),
        ("0E-0", "0.0"),
        ("10.0e1", "100.0"),
    ] {
        assert_eq!(validate(text.as_bytes()), Ok(()), "{text}");
        assert_eq!(to_value(text.as_bytes()).expect("valid").to_string(), value, "{text}");
    }
}
