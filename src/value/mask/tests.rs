//! These tests check what is found, and what is left alone.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

fn check(secrets: &[&str], text: &str, expect: &str) {
    assert_eq!(Mask::new(secrets.iter().copied()).text(text), expect, "{secrets:?}");
}

#[test]
fn a_secret_is_found_as_it_is_and_with_escapes() {
    let secret = "p&s w/\"é";
    for (text, expect) in [
        ("the p&s w/\"é is", "the *** is"),
        ("?k=p%26s%20w%2F%22%C3%A9&x=1", "?k=***&x=1"),
        ("?k=p%26s%20w%2f%22%c3%a9&x=1", "?k=***&x=1"),
        ("?k=p%26s+w/%22é&x=1", "?k=***&x=1"),
        (r#"{"k":"p&s w/\"é"}"#, r#"{"k":"***"}"#),
        (r#"{"k":"p\u0026s w\/\"\u00E9"}"#, r#"{"k":"***"}"#),
        (r#""{\"k\":\"p&s w/\\\"é\"}""#, r#""{\"k\":\"***\"}""#),
        ("p%2526s%2520w%252F%2522%25C3%25A9", "***"),
        ("70267320772f22c3a9 70267320772F22C3A9", "*** ***"),
        ("p&s w/", "p&s w/"),
        ("100 % of \\ it", "100 % of \\ it"),
    ] {
        check(&[secret], text, expect);
    }
}

#[test]
fn overlapping_secrets_are_one_mark_and_neighbours_two() {
    check(&["abcdef", "defghi"], "xabcdefghix", "x***x");
    check(&["abcdef"], "abcdefabcdef", "******");
    check(&["abcdef", "abcdefghi"], "abcdefghi abcdef", "*** ***");
}

#[test]
fn short_secrets_are_found_where_they_stand_alone() {
    check(&["ab"], "ab cab ab1 (ab) x=ab&y a_ab", "*** cab ab1 (***) x=***&y a_ab");
    check(&[""], "nothing", "nothing");
}

#[test]
fn lines_of_a_key_file_are_secrets_too() {
    let key = "-----BEGIN KEY-----\nMIIEowIBAAKC\nab\n-----END KEY-----";
    check(&[key], "bad line MIIEowIBAAKC, ab", "bad line ***, ab");
    check(&[key], &format!("<{key}>"), "<***>");
}

#[test]
fn json_stays_json_whatever_is_masked() {
    let mask = Mask::new(["12345", "a\"b{"].into_iter());
    for (text, expect) in [
        (
            "{\"n\":12345,\"t\":[\"x12345\",true,{\"a\\\"b{\":null}]}",
            r#"{"n":"***","t":["x***",true,{"***":null}]}"#,
        ),
        ("{\"n\": 1}", "{\"n\": 1}"),
    ] {
        assert_eq!(mask.json(text), expect);
    }
}

#[test]
fn without_secrets_nothing_is_copied() {
    let mask = Mask::default();
    assert!(mask.is_empty());
    assert!(matches!(mask.text("a%20b"), Cow::Borrowed(_)));
    assert!(matches!(mask.json("{\"a\":1}"), Cow::Borrowed(_)));
}

#[test]
fn a_secret_is_found_among_bytes_that_are_no_text() {
    let mask = Mask::new(["hush-hush"].into_iter());
    assert!(mask.finds_in(b"\xff\x00hush-hush\xfe") && mask.finds_in(b"aHVzaC1odXNo"));
    assert!(!mask.finds_in(b"hush\xffhush") && !Mask::default().finds_in(b"hush-hush"));
}

proptest! {
    #[test]
    fn for_every_surrounding_no_base64_of_a_secret_is_left(
        before in proptest::collection::vec(any::<u8>(), 0..7),
        after in proptest::collection::vec(any::<u8>(), 0..7),
        secret in "[ -~é]{4,40}",
    ) {
        let mask = Mask::new([secret.as_str()].into_iter());
        let whole = [&before, secret.as_bytes(), &after].concat();
        for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
            let text = format!("<{}>", engine.encode(&whole));
            let masked = mask.text(&text).into_owned();
            prop_assert!(masked.contains("***"), "{text}");
            // At most the characters of what is around it are left.
            let left = masked.len() - 2 - 3;
            prop_assert!(left <= (before.len() + after.len()) * 4 / 3 + 4, "{text} {masked}");
        }
    }

    #[test]
    fn for_every_text_masking_ends_without_a_panic(text in "\\PC{0,60}", secret in "\\PC{0,6}") {
        let mask = Mask::new([secret.as_str()].into_iter());
        let masked = mask.text(&text).into_owned();
        if secret.chars().count() >= 4 && !secret.contains('*') {
            prop_assert!(!masked.contains(&secret));
        }
        let _ = mask.json(&text);
    }

    #[test]
    fn for_every_secret_its_percent_encoding_is_found(secret in "[ -~é]{4,20}") {
        let mask = Mask::new([secret.as_str()].into_iter());
        let all: Vec<String> = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let all = all.concat();
        prop_assert_eq!(mask.text(&all), "***");
        let json = serde_json::to_string(&secret).expect("a string is JSON");
        prop_assert_eq!(mask.text(&json), "\"***\"");
    }
}
