//! A sort key is a JSON value as bytes in the one total order over JSON values: of two values the smaller one has the
//! smaller bytes. `sort` sorts the bytes.
//!
//! Null comes first, then `false`, `true`, numbers by value (integers exact, `1` and `1.0` equal), strings by their code
//! points, lists by their elements, and maps by their pairs, ordered by key. No value's bytes are the beginning of
//! another's, so sort keys may stand one after the other, and turned over they sort the other way around.

use serde_json::{Number, Value};

use crate::value::json::{JsonError, to_value};

/// What ends lists and maps; smaller than any value.
const END: u8 = 0;
const NULL: u8 = 1;
const FALSE: u8 = 2;
const TRUE: u8 = 3;
const NUMBER: u8 = 4;
const STRING: u8 = 5;
const LIST: u8 = 6;
const MAP: u8 = 7;

/// Appends the sort key of the value that `json` is the text of; `descending`: turned over.
///
/// # Errors
/// Fails when `json` is no JSON.
pub fn push_sort_key(json: &[u8], descending: bool, out: &mut Vec<u8>) -> Result<(), JsonError> {
    let start = out.len();
    let json = json.trim_ascii();
    if let Some(number) = small_integer(json) {
        push_integer(number, out);
    } else if let Some(text) = plain_string(json) {
        push_string(text, out);
    } else {
        push_value(&to_value(json)?, out);
    }
    if descending {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
    Ok(())
}

/// Whether this is the sort key of null.
pub(super) fn is_null_key(key: &[u8]) -> bool {
    key == [NULL]
}

/// The value of an integer that is far from the limits of 64 bits.
fn small_integer(json: &[u8]) -> Option<i64> {
    let digits = json.strip_prefix(b"-").unwrap_or(json);
    let plain = (1..=15).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    // `-0` is a float, `01` is nothing.
    let canonical = plain && (digits[0] != b'0' || json == b"0");
    canonical.then(|| {
        let size = digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        if digits.len() < json.len() { -size } else { size }
    })
}

/// The bytes of a string that has no escapes.
fn plain_string(json: &[u8]) -> Option<&[u8]> {
    let text = json.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    (memchr::memchr2(b'\\', b'"', text).is_none() && std::str::from_utf8(text).is_ok()).then_some(text)
}

fn push_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Number(number) => push_number(number, out),
        Value::String(text) => push_string(text.as_bytes(), out),
        Value::Array(list) => {
            out.push(LIST);
            for value in list {
                push_value(value, out);
            }
            out.push(END);
        }
        Value::Object(map) => {
            out.push(MAP);
            let mut pairs: Vec<(&String, &Value)> = map.iter().collect();
            pairs.sort_unstable_by(|a, b| a.0.cmp(b.0));
            for (key, value) in pairs {
                push_string(key.as_bytes(), out);
                push_value(value, out);
            }
            out.push(END);
        }
    }
}

fn push_number(number: &Number, out: &mut Vec<u8>) {
    match number.as_i64() {
        Some(integer) => push_integer(integer, out),
        None => push_parts(number.as_f64().unwrap_or_default(), 0, out),
    }
}

fn push_integer(integer: i64, out: &mut Vec<u8>) {
    let (floor, rest) = integer_parts(integer);
    push_parts(floor, rest, out);
}

fn push_parts(float: f64, rest: u16, out: &mut Vec<u8>) {
    out.push(NUMBER);
    out.extend_from_slice(&ordered_bits(float).to_be_bytes());
    out.extend_from_slice(&rest.to_be_bytes());
}

/// The largest float that is not above the integer, and what is left: floats in between do not exist, so this is exact.
pub(super) fn integer_parts(integer: i64) -> (f64, u16) {
    let nearest = integer as f64;
    let floor = if nearest as i128 > i128::from(integer) { nearest.next_down() } else { nearest };
    // Neighbouring floats of this size are 1024 apart.
    (floor, (i128::from(integer) - floor as i128) as u16)
}

/// The bits of a float such that they have the order of floats. Plus and minus zero are one number.
pub(super) fn ordered_bits(float: f64) -> u64 {
    let bits = if float == 0.0 { 0 } else { float.to_bits() };
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// A zero byte within the text is told from the two that end it by what follows.
fn push_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(STRING);
    let mut rest = text;
    while let Some(at) = memchr::memchr(0, rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[0, 255]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(&[0, 0]);
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn sort_key(value: &Value, descending: bool) -> Vec<u8> {
        let mut out = Vec::new();
        push_sort_key(value.to_string().as_bytes(), descending, &mut out).expect("it is JSON");
        out
    }

    #[test]
    fn values_of_all_types_have_one_order() {
        let sorted = [
            json!(null),
            json!(false),
            json!(true),
            json!(i64::MIN),
            json!(-1e18),
            json!(-9_007_199_254_740_993_i64),
            json!(-9_007_199_254_740_992.0),
            json!(-1),
            json!(-0.5),
            json!(0),
            json!(5e-324),
            json!(1),
            json!(1.5),
            json!(9_007_199_254_740_992.0),
            json!(9_007_199_254_740_993_i64),
            json!(i64::MAX - 1),
            json!(i64::MAX),
            json!(9_223_372_036_854_775_808.0),
            json!(1e300),
            json!(""),
            json!("\u{0}"),
            json!("\u{0}a"),
            json!("a"),
            json!("a\u{0}"),
            json!("a\u{0}b"),
            json!("ab"),
            json!("é"),
            json!("😀"),
            json!([]),
            json!([null]),
            json!([1]),
            json!([1, 1]),
            json!([2]),
            json!([[]]),
            json!({}),
            json!({ "a": 1 }),
            json!({ "a": 1, "b": null }),
            json!({ "a": 2 }),
            json!({ "b": 0 }),
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(sort_key(a, false).cmp(&sort_key(b, false)), i.cmp(&j), "{a} {b}");
                assert_eq!(sort_key(a, true).cmp(&sort_key(b, true)), j.cmp(&i), "{a} {b}, descending");
            }
        }
    }

    #[test]
    fn equal_values_have_equal_ranks_however_they_are_written() {
        for (a, b) in [
            ("1", "1.0"),
            ("0", "-0.0"),
            ("-0", "0.0"),
            ("1e2", "100"),
            (r#""é""#, r#""\u00e9""#),
            (r#"{"a":1,"b":[2]}"#, r#" { "b" : [2.0], "a" : 1 } "#),
        ] {
            let sort_key = |json: &str| {
                let mut out = Vec::new();
                push_sort_key(json.as_bytes(), false, &mut out).expect("it is JSON");
                out
            };
            assert_eq!(sort_key(a), sort_key(b), "{a} {b}");
        }
    }

    /// Numbers compared without rounding.
    fn compare(a: &Value, b: &Value) -> Ordering {
        match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            (Some(a), None) => compare_mixed(a, b.as_f64().expect("a number")),
            (None, Some(b)) => compare_mixed(b, a.as_f64().expect("a number")).reverse(),
            (None, None) => a.as_f64().partial_cmp(&b.as_f64()).expect("numbers"),
        }
    }

    fn compare_mixed(integer: i64, float: f64) -> Ordering {
        if float.abs() > 1e30 {
            return if float > 0.0 { Ordering::Less } else { Ordering::Greater };
        }
        let whole = i128::from(integer).cmp(&(float.floor() as i128));
        whole.then(if float.fract() == 0.0 { Ordering::Equal } else { Ordering::Less })
    }

    fn number() -> impl Strategy<Value = Value> {
        let near = (-2000_i64..2000).prop_map(|off| json!(i64::MAX - 2000 + off));
        let floats = any::<f64>().prop_filter("finite", |float| float.is_finite());
        prop_oneof![
            any::<i64>().prop_map(|integer| json!(integer)),
            near,
            any::<i64>().prop_map(|integer| json!(integer as f64)),
            floats.prop_map(|float| json!(float)),
        ]
    }

    proptest! {
        #[test]
        fn for_all_numbers_ranks_compare_as_the_exact_numbers_do(a in number(), b in number()) {
            prop_assert_eq!(sort_key(&a, false).cmp(&sort_key(&b, false)), compare(&a, &b));
        }

        #[test]
        fn for_all_strings_ranks_compare_as_code_points_do(a in "\\PC{0,6}|[\\x00-\\x02]{0,6}", b in "\\PC{0,6}|[\\x00-\\x02]{0,6}") {
            prop_assert_eq!(sort_key(&json!(a), false).cmp(&sort_key(&json!(b), false)), a.chars().cmp(b.chars()));
        }
    }
}
