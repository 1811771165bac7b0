//! These tests compare the reader with its model: on every way to scan, reading and passing over tell the same and refuse the same,
//! at the same byte.

use proptest::prelude::*;

use super::model::{self, Told};
use crate::value::json::cursor::JsonCursor;
use crate::value::json::scan::{Quickest, Scan, Words};
use crate::value::json::{JsonError, Sink};

/// Notes what it is told, of all keys or of those that `wanted` is for.
struct Notes {
    told: Vec<Told>,
    wanted: fn(&str) -> bool,
}

impl Sink for Notes {
    type Mark = ();

    fn null(&mut self) {
        self.told.push(Told::Null);
    }
    fn boolean(&mut self, value: bool) {
        self.told.push(Told::Boolean(value));
    }
    fn integer(&mut self, value: i64) {
        self.told.push(Told::Integer(value));
    }
    fn float(&mut self, value: f64, text: Option<&[u8]>) {
        if text.is_none() {
            // Its text is known to be the shortest, so reading that must give it back.
            let mut shortest = Vec::new();
            crate::value::json::write_float(&mut shortest, value);
            assert_eq!(model::read(&shortest).expect("a float"), [Told::Float(value.to_bits())]);
        }
        self.told.push(Told::Float(value.to_bits()));
    }
    fn string(&mut self, value: &str) {
        self.told.push(Told::String(value.to_owned()));
    }
    fn begin_array(&mut self) {
        self.told.push(Told::Array);
    }
    fn end_array(&mut self, (): (), count: usize) {
        self.told.push(Told::ArrayEnd(count));
    }
    fn begin_object(&mut self) {
        self.told.push(Told::Object);
    }
    fn key(&mut self, key: &str) -> bool {
        self.told.push(Told::Key(key.to_owned()));
        (self.wanted)(key)
    }
    fn end_object(&mut self, (): (), count: usize) {
        self.told.push(Told::ObjectEnd(count));
    }
}

fn read<S: Scan>(text: &[u8], wanted: fn(&str) -> bool) -> Result<Vec<Told>, JsonError> {
    let mut notes = Notes { told: Vec::new(), wanted };
    JsonCursor::<S>::new(text, &mut String::new()).whole(|cursor| cursor.value(&mut notes, 0))?;
    Ok(notes.told)
}

fn check_way<S: Scan>(text: &[u8], expect: &Result<Vec<Told>, JsonError>, way: &str) {
    let shown = String::from_utf8_lossy(text);
    assert_eq!(&read::<S>(text, |_| true), expect, "read, {way}: {shown}");
    let passed = JsonCursor::<S>::new(text, &mut String::new()).whole(|cursor| cursor.skip(0));
    assert_eq!(passed.as_ref().err(), expect.as_ref().err(), "passed over, {way}: {shown}");
    let in_part = read::<S>(text, |key| key.len() % 2 == 0);
    assert_eq!(in_part.as_ref().err(), expect.as_ref().err(), "read in part, {way}: {shown}");
}

/// Reads the text on every way that this processor has.
fn check(text: &[u8]) {
    let expect = model::read(text);
    check_way::<Words>(text, &expect, "words");
    check_way::<Quickest>(text, &expect, "the quickest");
    #[cfg(target_arch = "x86_64")]
    {
        use crate::value::json::scan::{Avx2, Sse2};
        check_way::<Sse2>(text, &expect, "SSE2");
        if is_x86_feature_detected!("avx2") {
            check_way::<Avx2>(text, &expect, "AVX2");
        }
    }
}

/// A string in quotes, of stretches that are long and short, ASCII and not, with what is refused among them at times.
fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-z ,:{}\\[\\]\u{7f}]{0,12}",
        2 => "[a-z]{13,70}",
        2 => "[a-zé\u{80}\u{7ff}€\u{ffff}😀]{1,40}",
        3 => prop::sample::select(vec![
            "\\n", "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\r", "\\t", "\\u0041", "\\u00e9", "\\u0000", "\\uD83D\\uDE00",
            "\\uffff"
        ]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["\\", "\\x", "\\u12", "\\u12g4", "\\ud800", "\\udc00\\ud800", "\t", "\n", "\0",
            "\u{1f}", "\\é", "\\u00é9", "\\ud800\\n", "\\ud83d\\u0041"
        ]).prop_map(str::to_owned),
    ];
    let wrong = prop::bool::weighted(0.1);
    (prop::collection::vec(piece, 0..6), wrong).prop_map(|(pieces, wrong)| {
        let is_fine = |piece: &String| wrong || model::read(format!("\"{piece}\"").as_bytes()).is_ok();
        let inner: String = pieces.into_iter().filter(is_fine).collect();
        format!("\"{inner}\"")
    })
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "-?(0|[1-9][0-9]{0,17})",
        1 => "-?[1-9][0-9]{15,21}",
        1 => any::<i64>().prop_map(|integer| integer.to_string()),
        4 => "-?(0|[1-9][0-9]{0,6})\\.[0-9]{1,5}",
        2 => "-?(0|[1-9][0-9]{0,24})\\.[0-9]{1,24}",
        2 => "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,4})?[eE][+-]?[0-9]{1,3}",
        1 => any::<f64>().prop_map(|float| format!("{float:e}")),
        1 => prop::sample::select(vec!["01", "-", "1.", ".5", "1e", "1e+", "-01", "1.2.3", "1-", "1e400", "1e-400", "00", "1E5",
            "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"
        ]).prop_map(str::to_owned),
        1 => (1..400_usize, 0..400_usize).prop_map(|(before, behind)| {
            format!("{}.{}1", "1".repeat(before), "0".repeat(behind))
        }),
        1 => (300..400_usize).prop_map(|zeros| format!("0.{}1", "0".repeat(zeros))),
    ]
}

/// Texts with white space at any place where it may be.
fn text() -> impl Strategy<Value = String> {
    let space = || prop_oneof![6 => Just(""), 1 => Just(" "), 1 => Just("\t\r\n  ")];
    let word = prop::sample::select(vec!["true", "false", "null"]).prop_map(str::to_owned);
    let leaf = prop_oneof![3 => string(), 3 => number(), 1 => word];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        let element = (space(), inner.clone(), space()).prop_map(|(a, value, b)| format!("{a}{value}{b}"));
        let entry = (space(), string(), space(), space(), inner, space())
            .prop_map(|(a, key, b, c, value, d)| format!("{a}{key}{b}:{c}{value}{d}"));
        prop_oneof![
            (space(), prop::collection::vec(element, 0..6))
                .prop_map(|(a, elements)| format!("[{a}{}]", elements.join(","))),
            (space(), prop::collection::vec(entry, 0..8))
                .prop_map(|(a, entries)| format!("{{{a}{}}}", entries.join(","))),
        ]
    })
}

/// What happens to a text: a byte is changed, put in, taken out, or all behind it is.
#[derive(Debug, Clone)]
struct Damage {
    at: prop::sample::Index,
    how: u8,
    byte: u8,
}

fn damage() -> impl Strategy<Value = Damage> {
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(b"\"\\{}[],:0-.eu \n\x1f\x80\xc3\xe2\xf0\xff".to_vec())
    ];
    (any::<prop::sample::Index>(), 0..4_u8, byte).prop_map(|(at, how, byte)| Damage { at, how, byte })
}

impl Damage {
    fn strike(&self, text: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let at = self.at.index(text.len());
        match self.how {
            0 => text[at] = self.byte,
            1 => text.insert(at, self.byte),
            2 => drop(text.remove(at)),
            _ => text.truncate(at),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn for_every_text_all_ways_tell_what_the_model_tells(text in text()) {
        check(text.as_bytes());
    }

    #[test]
    fn for_every_damaged_text_all_ways_fail_where_the_model_fails(
        text in text(), damages in prop::collection::vec(damage(), 1..4)
    ) {
        let mut text = text.into_bytes();
        for damage in damages {
            damage.strike(&mut text);
            check(&text);
        }
    }

    #[test]
    fn for_every_bytes_all_ways_fail_where_the_model_fails(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        check(&bytes);
        check(&[b"\"", &*bytes, b"\""].concat());
    }
}

/// Whatever stands where, of each length, at each distance from the end.
#[test]
fn every_byte_at_every_place_of_a_string_is_found() {
    for length in 0..100_usize {
        for at in [0, length / 3, length / 2, length.saturating_sub(17), length.saturating_sub(1)] {
            for byte in [b'"', b'\\', 0, 0x1f, 0x20, b'a', 0x7f, 0x80, 0xc3, 0xff] {
                let mut text = vec![b'x'; length];
                if let Some(place) = text.get_mut(at) {
                    *place = byte;
                }
                check(&[b"\"", &*text, b"\""].concat());
                check(&[b"{\"", &*text, b"\":1}"].concat());
            }
        }
    }
}

#[test]
fn nesting_ends_at_the_same_place() {
    for levels in [511, 512, 513, 600] {
        check(("[".repeat(levels) + &"]".repeat(levels)).as_bytes());
        check(("{\"a\":".repeat(levels) + "1" + &"}".repeat(levels)).as_bytes());
    }
}
