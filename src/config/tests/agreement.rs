//! These tests show on a file with every key and on its mutations that the schema, the types and the check accept the
//! same files.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{EVERY_KEY, loaded, print};
use crate::config::{SpanIndex, decode, schema_text, validate_value};
use crate::source::SourceFile;

fn every_key() -> Value {
    loaded(EVERY_KEY).document.expect("it is YAML").value
}

/// Whether the schema, the types and the check accept a value; fails when they do not agree.
fn accepted(value: &Value) -> bool {
    let schema: Value = serde_json::from_str(schema_text()).expect("the schema is JSON");
    thread_local! {
        static VALIDATOR: std::cell::OnceCell<jsonschema::Validator> = const { std::cell::OnceCell::new() };
    }
    let valid = VALIDATOR.with(|cell| {
        cell.get_or_init(|| jsonschema::draft7::new(&schema).expect("the schema is one")).is_valid(value)
    });
    let file = SourceFile::new("p.yaml", Path::new("p.yaml"), String::new());
    let found = validate_value(value, &SpanIndex::default(), &file);
    let decoded = decode(value);
    assert!(
        valid == found.is_empty() && valid == decoded.is_ok(),
        "schema {valid}, types {:?}, check:\n{}{value}",
        decoded.err().map(|error| error.to_string()),
        print(&found)
    );
    valid
}

/// All pointers into a value.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| pointers(value, &format!("{at}/{key}"), all));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, value)| pointers(value, &format!("{at}/{i}"), all));
        }
        _ => {}
    }
}

/// Values to put anywhere: of every type, at the edges of every limit, short forms, expressions.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-1),
        json!(4.0),
        json!(0.5),
        json!(1.5),
        json!(-0.0),
        json!(5e-324),
        json!(4_294_967_295_u64),
        json!(4_294_967_296_u64),
        json!(9_007_199_254_740_991_u64),
        json!(9_007_199_254_740_992_u64),
        json!(1e300),
        json!(""),
        json!("x"),
        json!("a b"),
        json!("a.failed"),
        json!("auto"),
        json!("drain"),
        json!("gz"),
        json!("csv"),
        json!("path"),
        json!("0s"),
        json!("0.000h0ms"),
        json!("10s"),
        json!("5ms"),
        json!("1m5ms"),
        json!("1.5h"),
        json!("99999h"),
        json!("100000h"),
        json!("0KB"),
        json!("1.25MiB"),
        json!("20/s"),
        json!("0/s"),
        json!("007/m"),
        json!("1000000000/h"),
        json!(";"),
        json!("\t"),
        json!("é"),
        json!("${{ x }}"),
        json!("a ${{ x }} b"),
        json!("${{ x"),
        json!("}} ${{"),
        json!([]),
        json!(["a"]),
        json!([null]),
        json!({}),
        json!({ "a": 1 }),
        json!({ "lua": "return 1" }),
        json!({ "lua": "return 1", "file": "x.lua" }),
        json!({ "max": 1 }),
        json!({ "path": "a" }),
        json!({ "required": true }),
        json!({ "type": "map" }),
    ]
}

#[test]
fn a_file_with_every_key_is_accepted_by_all() {
    let loaded = loaded(EVERY_KEY);
    assert_eq!(print(&loaded.diagnostics), "");
    assert!(loaded.is_valid() && accepted(&every_key()));
}

#[test]
fn the_file_with_every_key_has_every_key_of_the_schema() {
    fn named(schema: &Value, at: &str, all: &mut BTreeSet<String>) {
        for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
            all.insert(format!("{at}/{key}"));
            named(inner, &format!("{at}/{key}"), all);
        }
        named_values(&schema["additionalProperties"], at, all);
    }
    fn named_values(schema: &Value, at: &str, all: &mut BTreeSet<String>) {
        if schema.is_object() {
            named(schema, &format!("{at}/*"), all);
        }
    }
    fn used(value: &Value, schema: &Value, at: &str, all: &mut BTreeSet<String>) {
        for (key, inner) in value.as_object().into_iter().flatten() {
            let (schema, at) = match schema["properties"].get(key) {
                Some(schema) => (schema, format!("{at}/{key}")),
                None => (&schema["additionalProperties"], format!("{at}/*")),
            };
            all.insert(at.clone());
            used(inner, schema, &at, all);
        }
    }
    // The three verbs with a policy share one type.
    let one = |name: String| name.replace("/flat_map", "/map").replace("/filter", "/map");
    let schema = serde_json::from_str(schema_text()).expect("the schema is JSON");
    let (mut all, mut seen) = (BTreeSet::new(), BTreeSet::new());
    named(&schema, "", &mut all);
    used(&every_key(), &schema, "", &mut seen);
    let seen: BTreeSet<String> = seen.into_iter().map(one).collect();
    // What defaults and steps take is the same type too.
    let policy = |name: &String| name.starts_with("/defaults/map/");
    let missing: Vec<String> =
        all.into_iter().filter(|name| !policy(name)).map(one).filter(|name| !seen.contains(name)).collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn schema_types_and_check_agree_on_every_single_change() {
    let base = every_key();
    let mut all = Vec::new();
    pointers(&base, "", &mut all);
    let mut refused = 0;
    for pointer in &all {
        for value in values() {
            let mut changed = base.clone();
            *changed.pointer_mut(pointer).expect("a pointer of it") = value;
            refused += usize::from(!accepted(&changed));
        }
        let Some((parent, key)) = pointer.rsplit_once('/') else { continue };
        for renamed in [None, Some("x-free"), Some("a b"), Some("read"), Some("from"), Some("lua")] {
            let mut changed = base.clone();
            let Some(map) = changed.pointer_mut(parent).and_then(Value::as_object_mut) else { continue };
            let value = map.shift_remove(key).expect("a pointer of it");
            if let Some(renamed) = renamed {
                map.insert(renamed.to_owned(), value);
            }
            refused += usize::from(!accepted(&changed));
        }
    }
    assert!(refused > all.len(), "the changes matter");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn schema_types_and_check_agree_on_every_few_changes(changes in prop::collection::vec((0usize..10_000, 0usize..100), 1..5)) {
        let mut value = every_key();
        for (place, with) in changes {
            let mut all = Vec::new();
            pointers(&value, "", &mut all);
            let pool = values();
            let pointer = all[place % all.len()].clone();
            *value.pointer_mut(&pointer).expect("a pointer of it") = pool[with % pool.len()].clone();
        }
        accepted(&value);
    }
}
