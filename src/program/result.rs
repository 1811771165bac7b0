//! This module writes the results of item programs as flowrun writes all results: on one line, without white space, and with
//! keys in an order that depends on the item alone.
//!
//! Keys that the item has at the same place come first, in its order; the others follow, sorted. Numbers stay letter for
//! letter.

use std::borrow::Cow;

use crate::value::json::{JsonWalk, rewrite_string, unquoted, write_string};

/// Maps of the item with more keys than this are looked up by a table of them.
const SHORT: usize = 16;

/// Appends the value at the beginning of `value` to `out`. Both texts are JSON.
pub fn write(value: &[u8], item: &[u8], out: &mut Vec<u8>) {
    let beside = JsonWalk::new(item, 0);
    Writer { value, item, out }.put(&mut JsonWalk::new(value, 0), Some(beside));
}

/// Appends the elements of the list `values`, each with a line end behind it; says how many there are. `None`: it is no list.
pub fn write_all(values: &[u8], item: &[u8], out: &mut Vec<u8>) -> Option<u32> {
    let mut walk = JsonWalk::new(values, 0);
    if walk.byte() != b'[' {
        return None;
    }
    walk.enter();
    let mut count = 0;
    let mut writer = Writer { value: values, item, out };
    while walk.element() {
        writer.put(&mut walk, Some(JsonWalk::new(item, 0)));
        writer.out.push(b'\n');
        count += 1;
    }
    Some(count)
}

/// The texts of a result and its item, and where the result goes.
struct Writer<'t, 'o> {
    value: &'t [u8],
    item: &'t [u8],
    out: &'o mut Vec<u8>,
}

/// A key of a map, and where its value begins.
type Entry<'t> = (Cow<'t, [u8]>, usize);

impl<'t> Writer<'t, '_> {
    /// Writes the value at hand and passes it. `beside` stands at what the item has at this place.
    fn put(&mut self, walk: &mut JsonWalk<'t>, beside: Option<JsonWalk<'t>>) {
        match walk.byte() {
            b'{' => self.map(walk, beside.filter(|beside| beside.byte() == b'{')),
            b'[' => self.list(walk, beside.filter(|beside| beside.byte() == b'[')),
            _ => {
                let start = walk.at();
                walk.skip();
                let text = &self.value[start..walk.at()];
                // Escapes are written as everywhere else; what else there is stays as it is.
                let is_escaped = text[0] == b'"' && memchr::memchr(b'\\', text).is_some();
                if !(is_escaped && rewrite_string(self.out, text)) {
                    self.out.extend_from_slice(text);
                }
            }
        }
    }

    fn list(&mut self, walk: &mut JsonWalk<'t>, mut beside: Option<JsonWalk<'t>>) {
        walk.enter();
        if let Some(beside) = &mut beside {
            beside.enter();
        }
        self.out.push(b'[');
        let mut is_first = true;
        while walk.element() {
            if !std::mem::take(&mut is_first) {
                self.out.push(b',');
            }
            let mut here = beside.take();
            if here.as_mut().is_some_and(|here| !here.element()) {
                here = None;
            }
            self.put(walk, here.clone());
            if let Some(here) = &mut here {
                here.skip();
            }
            beside = here;
        }
        self.out.push(b']');
    }

    fn map(&mut self, walk: &mut JsonWalk<'t>, beside: Option<JsonWalk<'t>>) {
        let mut entries = keys(walk);
        let known = beside.map(|mut beside| keys(&mut beside)).unwrap_or_default();
        let places = places(&entries, &known);
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by(|a, b| (places[*a], &entries[*a].0).cmp(&(places[*b], &entries[*b].0)));
        self.out.push(b'{');
        let mut is_first = true;
        for (number, at) in order.iter().enumerate() {
            // Of equal keys the last one counts.
            if order.get(number + 1).is_some_and(|next| entries[*next].0 == entries[*at].0) {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                self.out.push(b',');
            }
            let (key, value) = std::mem::take(&mut entries[*at]);
            write_string(self.out, &key);
            self.out.push(b':');
            let here = known.get(places[*at]).map(|(_, at)| JsonWalk::new(self.item, *at));
            self.put(&mut JsonWalk::new(self.value, value), here);
        }
        self.out.push(b'}');
    }
}

/// The keys of the map at hand, which is passed.
fn keys<'t>(walk: &mut JsonWalk<'t>) -> Vec<Entry<'t>> {
    walk.enter();
    let mut entries = Vec::new();
    while let Some(key) = walk.key() {
        entries.push((unquoted(key), walk.at()));
        walk.skip();
    }
    entries
}

/// For each of `entries` its place among `known`, the last of equal ones; a place behind all of them where it is not there.
fn places(entries: &[Entry<'_>], known: &[Entry<'_>]) -> Vec<usize> {
    if known.len() <= SHORT {
        let place = |key: &[u8]| known.iter().rposition(|(other, _)| **other == *key);
        return entries.iter().map(|(key, _)| place(key).unwrap_or(known.len())).collect();
    }
    let table: std::collections::HashMap<&[u8], usize> =
        known.iter().enumerate().map(|(place, (key, _))| (&**key, place)).collect();
    entries.iter().map(|(key, _)| table.get(&**key).copied().unwrap_or(known.len())).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn written(value: &str, item: &str) -> String {
        let mut out = Vec::new();
        write(value.as_bytes(), item.as_bytes(), &mut out);
        String::from_utf8(out).expect("JSON is text")
    }

    #[test]
    fn keys_of_the_item_come_first_and_others_follow_sorted() {
        for (value, item, expect) in [
            (r#"{"z": 1, "b": 2, "a": 3, "y": 4}"#, r#"{"b":0,"a":0,"c":0}"#, r#"{"b":2,"a":3,"y":4,"z":1}"#),
            (r#"{"z":{"d":1,"c":2},"b":1}"#, "7", r#"{"b":1,"z":{"c":2,"d":1}}"#),
            (r#"{"n":{"c":1,"d":2}}"#, r#"{"n":{"d":0,"c":0}}"#, r#"{"n":{"d":2,"c":1}}"#),
            (r#"[{"a":1,"b":2} , {"a":1,"b":2}]"#, r#"[{"b":0,"a":0}]"#, r#"[{"b":2,"a":1},{"a":1,"b":2}]"#),
            (
                r#" [ 1.50 , -0.0 ,1e5, "a b", "\u0041" , [ ] , { } ,null ] "#,
                "null",
                r#"[1.50,-0.0,1e5,"a b","A",[],{},null]"#,
            ),
            (r#"{"a":1,"a":2}"#, r#"{"a":0,"a":0}"#, r#"{"a":2}"#),
            (r#"{"\u0061":1,"b":2}"#, r#"{"b":0,"a":0}"#, r#"{"b":2,"a":1}"#),
        ] {
            assert_eq!(written(value, item), expect, "{value} beside {item}");
        }
        let wide: Vec<String> = (0..40).rev().map(|number| format!("\"k{number:02}\":{number}")).collect();
        let wide = format!("{{{}}}", wide.join(","));
        assert_eq!(written(&wide, &wide), wide);
    }

    #[test]
    fn a_list_of_results_has_a_line_for_each() {
        let mut out = Vec::new();
        assert_eq!(write_all(br#" [ {"b":1, "a":2}, 3 ]"#, br#"{"b":0}"#, &mut out), Some(2));
        assert_eq!(out, b"{\"b\":1,\"a\":2}\n3\n");
        assert_eq!(write_all(b"[]", b"1", &mut out), Some(0));
        assert_eq!(write_all(b"{}", b"1", &mut out), None);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<i32>().prop_map(Value::from),
            "[a-c\"\\\\é]{0,3}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-d]{1}", inner), 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn for_all_values_the_line_says_the_same(value in any_json(), item in any_json()) {
            let text = written(&serde_json::to_string_pretty(&value).expect("JSON"), &item.to_string());
            prop_assert!(!text.contains('\n'));
            prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
        }
    }
}
