//! This module reads JSON text as a `serde_json::Value`, for the few places that need a tree. `reader` holds the
//! grammar.

use serde_json::{Map, Number, Value};

use super::fields::{FieldKind, FieldValue};
use super::{JsonError, Sink, read};

/// Reads `text` as one value.
///
/// # Errors
/// Fails when `text` is not exactly one JSON value.
pub fn to_value(text: &[u8]) -> Result<Value, JsonError> {
    let mut tree = OpenTree { open: Vec::new(), whole: Value::Null };
    read(text, &mut String::new(), &mut tree)?;
    Ok(tree.whole)
}

/// The value of a field of `object`; null where it is not there.
///
/// # Errors
/// Fails when its text is not exactly one JSON value.
pub fn field_to_value(field: &FieldValue, object: &str) -> Result<Value, JsonError> {
    let text = &object[field.start as usize..field.end as usize];
    let is_integer = || text.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    Ok(match field.kind {
        FieldKind::Missing | FieldKind::Null => Value::Null,
        FieldKind::False => Value::Bool(false),
        FieldKind::True => Value::Bool(true),
        FieldKind::Plain => Value::from(text),
        // What is beyond 2^53 is another kind.
        FieldKind::Number if is_integer() => Value::from(field.number as i64),
        FieldKind::Number | FieldKind::Spelled => {
            Number::from_f64(field.number).map_or(Value::Null, Value::Number)
        }
        FieldKind::Big | FieldKind::Escaped | FieldKind::List | FieldKind::Map => to_value(text.as_bytes())?,
    })
}

/// About how many bytes the tree of `text` takes, which may be fifty times its length; more than it does for texts that are not
/// JSON.
pub fn tree_bytes(text: &[u8]) -> usize {
    let mut weight = Weight(0);
    match read(text, &mut String::new(), &mut weight) {
        Ok(()) => weight.0,
        Err(_) => usize::MAX,
    }
}

/// Adds up what a tree takes.
struct Weight(usize);

/// One value, in its place in a list.
const VALUE_BYTES: usize = size_of::<Value>();
/// One entry of a map: its key, its hash, and its place in the table beside the value.
const ENTRY_BYTES: usize = VALUE_BYTES + size_of::<String>() + 3 * size_of::<usize>();
/// What an allocation takes beside its bytes.
const ALLOCATION_BYTES: usize = 16;

impl Sink for Weight {
    type Mark = ();

    fn string(&mut self, value: &str) {
        self.0 += value.len() + ALLOCATION_BYTES;
    }
    fn key(&mut self, key: &str) -> bool {
        self.0 += key.len() + ALLOCATION_BYTES;
        true
    }
    // Room for elements is doubled when it is full.
    fn end_array(&mut self, (): (), count: usize) {
        self.0 += count.next_power_of_two().max(4) * VALUE_BYTES + ALLOCATION_BYTES;
    }
    fn end_object(&mut self, (): (), count: usize) {
        self.0 += count.next_power_of_two().max(4) * ENTRY_BYTES + 4 * ALLOCATION_BYTES;
    }
}

/// The containers that are still open, from the outermost.
struct OpenTree {
    open: Vec<OpenValue>,
    whole: Value,
}

enum OpenValue {
    Array(Vec<Value>),
    Object(Map<String, Value>, String),
}

impl OpenTree {
    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.whole = value,
            Some(OpenValue::Array(list)) => list.push(value),
            Some(OpenValue::Object(map, key)) => {
                map.insert(std::mem::take(key), value);
            }
        }
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(OpenValue::Array(list)) => self.put(Value::Array(list)),
            Some(OpenValue::Object(map, _)) => self.put(Value::Object(map)),
            None => {}
        }
    }
}

impl Sink for OpenTree {
    type Mark = ();

    fn null(&mut self) {
        self.put(Value::Null);
    }
    fn boolean(&mut self, value: bool) {
        self.put(Value::Bool(value));
    }
    fn integer(&mut self, value: i64) {
        self.put(Value::Number(value.into()));
    }
    fn float(&mut self, value: f64, _text: Option<&[u8]>) {
        self.put(Number::from_f64(value).map_or(Value::Null, Value::Number));
    }
    fn string(&mut self, value: &str) {
        self.put(Value::String(value.to_owned()));
    }
    fn begin_array(&mut self) {
        self.open.push(OpenValue::Array(Vec::new()));
    }
    fn end_array(&mut self, (): (), _count: usize) {
        self.close();
    }
    fn begin_object(&mut self) {
        self.open.push(OpenValue::Object(Map::new(), String::new()));
    }
    fn key(&mut self, key: &str) -> bool {
        if let Some(OpenValue::Object(_, last)) = self.open.last_mut() {
            key.clone_into(last);
        }
        true
    }
    fn end_object(&mut self, (): (), _count: usize) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::json::{compact, validate};
    use proptest::prelude::*;

    fn check(text: &[u8], expect: &str) {
        let shown = String::from_utf8_lossy(text);
        let got = to_value(text).map_or_else(|error| error.to_string(), |value| value.to_string());
        assert_eq!(got, expect, "{shown}");
        assert_eq!(validate(text).err(), to_value(text).err(), "{shown}");
        assert_eq!(compact(text, &mut Vec::new()).err(), to_value(text).err(), "{shown}");
    }

    #[test]
    fn what_is_not_json_is_refused_at_its_byte() {
        check(b" {\"a\" : [1, true, null, \"x\"]}\r\n", r#"{"a":[1,true,null,"x"]}"#);
        check(br#""\u00e9\ud83d\ude00\n\/""#, "\"é😀\\n/\"");
        check(br#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#);
        for (text, expect) in [
            (&b""[..], "expected a value, found the end of the text at byte 1"),
            (b"nul", "expected a value, found `n` at byte 1"),
            (b"[1,]", "expected a value, found `]` at byte 4"),
            (b"[1 2]", "expected `,` or `]`, found `2` at byte 4"),
            (b"{1:2}", "expected a key in double quotes, found `1` at byte 2"),
            (b"{\"a\" 1}", "expected `:`, found `1` at byte 6"),
            (b"{\"a\":1", "expected `,` or `}`, found the end of the text at byte 7"),
            (b"1 x", "unexpected `x` after the value at byte 3"),
            (b"1 \0", "unexpected `\\0` after the value at byte 3"),
            (b"\"abc", "the string has no closing quote at byte 5"),
            (b"\"abc\\", "the string has no closing quote at byte 6"),
            (b"\"a\tb\"", "control character `\\t` in a string must be escaped at byte 3"),
            (br#""\x""#, "unknown escape `\\` followed by `x` at byte 3"),
            (br#""\u12g4""#, "`\\u` needs four hexadecimal digits at byte 3"),
            (br#""\ud800""#, "`\\u` names half of a surrogate pair at byte 3"),
            (br#""\ud800\u0041""#, "`\\u` names half of a surrogate pair at byte 3"),
            (br#""\udc00""#, "`\\u` names half of a surrogate pair at byte 3"),
            (b"\"\xff\"", "the text is not valid UTF-8 at byte 2"),
        ] {
            check(text, expect);
        }
    }

    #[test]
    fn nesting_ends_at_its_limit_and_not_with_the_stack() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(validate(nested(512).as_bytes()).is_ok());
        for levels in [513, 1_000_000] {
            let error = validate(nested(levels).as_bytes()).expect_err("too deep");
            assert_eq!(error.message, "nested deeper than 512 levels");
        }
    }

    pub(crate) fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(Value::from),
            "\\PC*".prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::vec(("\\PC{0,12}", inner), 0..8)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn for_every_value_reading_what_serde_json_wrote_gives_it_back(value in any_value()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).expect("writes")] {
                prop_assert_eq!(to_value(text.as_bytes()), Ok(value.clone()));
                let mut out = Vec::new();
                compact(text.as_bytes(), &mut out).expect("valid");
                prop_assert_eq!(String::from_utf8(out).expect("utf-8"), value.to_string());
            }
        }

        #[test]
        fn for_every_text_it_agrees_with_serde_json_on_what_is_json(text in "[\\[\\]{}:,\"a\\\\u0d8ntrue \\-.e1]{0,12}") {
            let other = serde_json::from_str::<Value>(&text);
            let ours = to_value(text.as_bytes());
            let range = ours.as_ref().is_err_and(|error| error.message.contains("64 bits"));
            prop_assert!(range || other.is_ok() == ours.is_ok(), "{:?} {:?}", other, ours);
        }

        #[test]
        fn for_every_bytes_it_ends_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let other = serde_json::from_slice::<Value>(&bytes).is_ok();
            prop_assert!(other || to_value(&bytes).is_err());
        }
    }
}
