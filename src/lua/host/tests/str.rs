//! These tests cover `str`.

use proptest::prelude::*;

use super::{check, check_error, vm};

#[test]
fn white_space_is_unicodes_and_goes_at_the_wanted_end() {
    check(r#"str.trim("\u{a0}\u{2003} a\u{3000}b \u{85}\r\n")"#, r#""a\u{3000}b""#);
    check(r#"str.ltrim("\t\n a ")"#, r#""a ""#);
    check(r#"str.rtrim(" a\u{2028}\u{205f}")"#, r#"" a""#);
    check(r#"str.trim(" \u{1680} ")"#, r#""""#);
    check(r#"str.trim("\u{200b}a")"#, r#""\u{200b}a""#);
}

#[test]
fn bytes_that_are_not_utf8_are_not_white_space() {
    check(r#"str.trim(" \xa0\x85 ")"#, r#""\xa0\x85""#);
    check(r#"str.squeeze("\xe2\x80  \xc2 x\xff ")"#, r#""\xe2\x80 \xc2 x\xff""#);
    check(r#"str.split("a\xff,b", ",")"#, r#"{"a\xff", "b"}"#);
}

#[test]
fn squeeze_leaves_single_spaces_between_words() {
    check(r#"str.squeeze("")"#, r#""""#);
    check(r#"str.squeeze(" \t\n ")"#, r#""""#);
    check(r#"str.squeeze("a")"#, r#""a""#);
    check(r#"str.squeeze("\u{a0}é\u{2003}\u{2003}ü \u{a0}")"#, r#""é ü""#);
    check(r#"str.squeeze("naïve café")"#, r#""naïve café""#);
}

#[test]
fn split_takes_a_separator_none_or_an_empty_one() {
    check(r#"str.split("a,,b,", ",")"#, r#"{"a", "", "b", ""}"#);
    check(r#"str.split("", ",")"#, r#"{""}"#);
    check(r#"str.split("a,b,c", ",", 2)"#, r#"{"a", "b,c"}"#);
    check(r#"str.split("a,b,c", ",", 1)"#, r#"{"a,b,c"}"#);
    check(r#"str.split("  a b\n c ")"#, r#"{"a", "b", "c"}"#);
    check(r#"str.split("  a b\n c ", nil, 2)"#, r#"{"a", "b\n c"}"#);
    check(r#"str.split("   ")"#, "{}");
    check(r#"str.split("hé!", "")"#, r#"{"h", "é", "!"}"#);
    check(r#"str.split("hé!", "", 2)"#, r#"{"h", "é!"}"#);
    check(r#"str.split("a.b", ".")"#, r#"{"a", "b"}"#);
    check_error(
        r#"str.split("a", ",", 0)"#,
        "bad argument #3 to `str.split` (a number of pieces above 0 expected, got 0)",
    );
}

#[test]
fn lines_end_at_line_feeds_only() {
    check(r#"str.lines("")"#, "{}");
    check(r#"str.lines("\n")"#, r#"{""}"#);
    check(r#"str.lines("a\n\nb")"#, r#"{"a", "", "b"}"#);
    check(r#"str.lines("a\rb\r\nc\r")"#, r#"{"a\rb", "c\r"}"#);
}

#[test]
fn places_are_characters() {
    check(r#"str.len("")"#, "0");
    check(r#"str.len("日本語")"#, "3");
    check(r#"str.sub("日本語", 2)"#, r#""本語""#);
    check(r#"str.sub("日本語", -1)"#, r#""語""#);
    check(r#"str.sub("日本語", 0, 1)"#, r#""日""#);
    check(r#"str.sub("日本語", -9, 9)"#, r#""日本語""#);
    check(r#"str.sub("日本語", 3, 2)"#, r#""""#);
    check(r#"str.sub("日本語", 9)"#, r#""""#);
    check(r#"str.sub("abc", 2, 1e15)"#, r#""bc""#);
}

#[test]
fn truncate_counts_its_suffix() {
    check(r#"str.truncate("hello", 5)"#, r#""hello""#);
    check(r#"str.truncate("hello", 4)"#, r#""hel…""#);
    check(r#"str.truncate("hello", 4, "")"#, r#""hell""#);
    check(r#"str.truncate("hello", 2, "...")"#, r#""..""#);
    check(r#"str.truncate("hello", 0)"#, r#""""#);
    check(r#"str.truncate("日本語テキスト", 4, "..")"#, r#""日本..""#);
    check_error(
        r#"str.truncate("hello", -1)"#,
        "bad argument #2 to `str.truncate` (a number of characters expected, got a negative number)",
    );
}

#[test]
fn case_is_that_of_all_scripts() {
    check(r#"str.lower("ΑΣ İ Ⅷ")"#, r#""ας i̇ ⅷ""#);
    check(r#"str.upper("ǆ ŉ")"#, r#""Ǆ ʼN""#);
    check(r#"str.lower("plain"), str.upper("PLAIN")"#, r#""plain", "PLAIN""#);
}

#[test]
fn normalization_knows_four_forms() {
    check(r#"str.normalize("ﬁ", "NFKC")"#, r#""fi""#);
    check(r#"str.normalize("é", "NFD")"#, r#""e\u{301}""#);
    check(r#"str.normalize("①é", "NFKD")"#, r#""1e\u{301}""#);
    check(r#"str.normalize("e\u{301}")"#, r#""é""#);
    check_error(
        r#"str.normalize("a", "nfc")"#,
        "bad argument #2 to `str.normalize` (`NFC`, `NFD`, `NFKC` or `NFKD` expected, got `nfc`)",
    );
}

#[test]
fn what_counts_characters_refuses_other_bytes() {
    for call in [
        "len(s)",
        "sub(s, 1)",
        "lower(s)",
        "upper(s)",
        "normalize(s)",
        "slug(s)",
        "truncate(s, 1)",
        "words(s)",
    ] {
        let name = call.split('(').next().unwrap();
        check_error(
            &format!(r#"local s = "ab\xff" return str.{call}"#),
            &format!("bad argument #1 to `str.{name}` (valid UTF-8 expected, byte 3 is not)"),
        );
    }
}

#[test]
fn prefixes_suffixes_and_parts_are_plain_text() {
    check(
        r#"str.starts_with("a.b", ""), str.ends_with("", "x"), str.contains("a", "")"#,
        "true, false, true",
    );
    check(
        r#"str.starts_with("a", "ab"), str.ends_with("ab", "b"), str.contains("a.b", "%.")"#,
        "false, true, false",
    );
}

#[test]
fn distance_is_levenshteins() {
    check(r#"str.distance("", "abc")"#, "3");
    check(r#"str.distance("same", "same")"#, "0");
    check(r#"str.distance("flaw", "lawn")"#, "2");
    check(r#"str.distance("日本", "日本語")"#, "1");
}

#[test]
fn messages_name_the_type_that_came() {
    check_error("str.trim(item)", "bad argument #1 to `str.trim` (string expected, got nil)");
    check_error("str.trim(5)", "bad argument #1 to `str.trim` (string expected, got number)");
    check_error("str.trim({})", "bad argument #1 to `str.trim` (string expected, got table)");
    check_error("str.sub('a', 1.5)", "bad argument #2 to `str.sub` (integer expected, got number)");
    check_error("str.sub('a', '1')", "bad argument #2 to `str.sub` (integer expected, got string)");
}

proptest! {
    #[test]
    fn for_every_text_squeeze_is_what_splitting_and_joining_gives(text in "[ a-zé\u{a0}\u{2003}\u{3000}\t\n€]{0,40}") {
        let lua = vm(std::path::Path::new("."));
        lua.globals().raw_set("text", text.clone()).unwrap();
        let squeezed: String = lua.load("return str.squeeze(text)").eval().unwrap();
        let joined: String = lua.load("return table.concat(str.split(text), ' ')").eval().unwrap();
        let expect = text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(&squeezed, &expect);
        prop_assert_eq!(&joined, &expect);
        let trimmed: String = lua.load("return str.rtrim(str.ltrim(text))").eval().unwrap();
        prop_assert_eq!(trimmed, text.trim());
    }

    #[test]
    fn for_every_text_and_place_sub_is_string_sub_on_characters(text in "[a-cé日😀]{0,8}", first in -10_i64..10, last in -10_i64..10) {
        let lua = vm(std::path::Path::new("."));
        // One byte for each character makes the VM's own function the model.
        let letters: Vec<char> = text.chars().collect();
        let model: String = ('a'..='z').take(letters.len()).collect();
        let places: String = lua.load(format!("return string.sub('{model}', {first}, {last})")).eval().unwrap();
        let expect: String = places.bytes().map(|byte| letters[usize::from(byte - b'a')]).collect();
        let got: String = lua.load(format!("return str.sub('{text}', {first}, {last})")).eval().unwrap();
        prop_assert_eq!(got, expect);
    }
}

#[test]
fn slugs_are_ascii_with_single_hyphens() {
    check("str.slug('  Déjà -- vu! ')", "'deja-vu'");
    check("str.slug('!?'), str.slug('')", "'', ''");
}
