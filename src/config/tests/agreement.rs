//! These tests show on a file with every key and on its mutations that the schema, the types and the check accept the
//! same files.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{EVERY_KEY, loaded, print};
use crate::config::included::decode_included;
use crate::config::{
    DecodeError, INCLUDED_KEYS, SpanIndex, decode, included_schema_text, schema_text, validate_included,
    validate_value, vocabulary,
};
use crate::source::{Diagnostic, SourceFile};

fn every_key() -> Value {
    loaded(EVERY_KEY).document.expect("it is YAML").value
}

/// Whether the schema, the types and the check accept a value; fails when they do not agree.
fn accepted(value: &Value) -> bool {
    static VALIDATOR: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let schema: Value = serde_json::from_str(schema_text()).expect("the schema is JSON");
        jsonschema::draft7::new(&schema).expect("the schema is one")
    });
    agreed(value, &VALIDATOR, validate_value, decode(value).err())
}

/// The same of a file that pipelines include.
fn accepted_to_include(value: &Value) -> bool {
    static VALIDATOR: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let schema: Value = serde_json::from_str(included_schema_text()).expect("the schema is JSON");
        jsonschema::draft7::new(&schema).expect("the schema is one")
    });
    agreed(value, &VALIDATOR, validate_included, decode_included(value).err())
}

pub(super) fn agreed(
    value: &Value,
    schema: &jsonschema::Validator,
    check: impl Fn(&Value, &SpanIndex, &Arc<SourceFile>) -> Vec<Diagnostic>,
    refused: Option<DecodeError>,
) -> bool {
    let valid = schema.is_valid(value);
    let file = SourceFile::new("p.yaml", Path::new("p.yaml"), String::new());
    let found = check(value, &SpanIndex::default(), &file);
    assert!(
        valid == found.is_empty() && valid == refused.is_none(),
        "schema {valid}, types {:?}, check:\n{}{value}",
        refused.map(|error| error.to_string()),
        print(&found)
    );
    valid
}

/// All pointers into a value.
pub(super) fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
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
pub(super) fn values() -> Vec<Value> {
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

/// The keys that a schema has, and those of them that a value has; `*` stands for names that may be anything.
pub(super) fn keys_used(schema: &Value, value: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    fn named(schema: &Value, at: &str, all: &mut BTreeSet<String>) {
        for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
            all.insert(format!("{at}/{key}"));
            named(inner, &format!("{at}/{key}"), all);
        }
        if schema["additionalProperties"].is_object() {
            named(&schema["additionalProperties"], &format!("{at}/*"), all);
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
    let (mut all, mut seen) = (BTreeSet::new(), BTreeSet::new());
    named(schema, "", &mut all);
    used(value, schema, "", &mut seen);
    (all, seen)
}

#[test]
fn the_file_with_every_key_has_every_key_of_the_schema() {
    // The three verbs with a policy share one type.
    let one = |name: String| name.replace("/flat_map", "/map").replace("/filter", "/map");
    let schema = serde_json::from_str(schema_text()).expect("the schema is JSON");
    let (all, seen) = keys_used(&schema, &every_key());
    let seen: BTreeSet<String> = seen.into_iter().map(one).collect();
    // What defaults, policies and steps take is the same type too.
    let policy = |name: &String| name.starts_with("/defaults/map/") || name.starts_with("/policies/*/");
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

#[test]
fn schema_types_and_check_of_included_files_agree_on_every_single_change() {
    let whole = every_key();
    let keys = INCLUDED_KEYS.map(|key| (key.to_owned(), whole[key].clone()));
    let base = Value::Object(keys.into_iter().collect());
    assert!(accepted_to_include(&base));
    let mut all = Vec::new();
    pointers(&base, "", &mut all);
    let mut refused = 0;
    for pointer in &all {
        for value in values() {
            let mut changed = base.clone();
            *changed.pointer_mut(pointer).expect("a pointer of it") = value;
            refused += usize::from(!accepted_to_include(&changed));
        }
        for key in ["x-free", "a b", "steps", "key", "policy", "lua"] {
            let mut changed = base.clone();
            let Some(Value::Object(map)) = changed.pointer_mut(pointer) else { continue };
            map.insert(key.to_owned(), json!("a"));
            refused += usize::from(!accepted_to_include(&changed));
        }
    }
    assert!(refused > all.len(), "the changes matter");
}

/// Small files that together have every key: one for each step, and one for each key at the top.
fn small_files() -> Vec<Value> {
    let mut whole = every_key();
    let top = whole.as_object_mut().expect("a pipeline is a map");
    let steps = top.shift_remove("steps").expect("it has steps");
    let alone = |(id, step): (&String, &Value)| json!({ "steps": { id: step } });
    let mut files: Vec<Value> = steps.as_object().expect("steps are a map").iter().map(alone).collect();
    files.extend(top.iter().map(|(key, value)| json!({ key: value, "steps": { "a": { "items": [] } } })));
    files
}

/// Texts and numbers close to what may stand at a place: the words and examples that the schema has there, and what stands
/// there, with something behind or before it, and numbers beside each limit in every notation.
fn near_values(file: &Value, pointer: &str) -> Vec<Value> {
    let path: Vec<Option<&str>> =
        pointer.split('/').skip(1).map(|key| key.parse::<u32>().is_err().then_some(key)).collect();
    let schema = vocabulary::at(&path);
    let lists = ["x-values", "enum", "examples"].map(|keyword| schema?.get(keyword)?.as_array());
    let known = lists.into_iter().flatten().flatten().chain(file.pointer(pointer)).filter_map(Value::as_str);
    let near = |word: &str| {
        let changed = ["\n", "\r", "?", "!", "}", " ", "\u{660}", "s"].map(|end| format!("{word}{end}"));
        let other = [word.to_owned(), format!(" {word}"), format!("\n{word}"), word.to_uppercase()];
        changed.into_iter().chain(other)
    };
    let texts: BTreeSet<String> = known.flat_map(near).collect();
    let limits = [0.0, 1.0, 4_294_967_295.0, 9_007_199_254_740_991.0, 18_446_744_073_709_551_615.0];
    let beside = |limit: f64| [limit.next_down(), limit, limit.next_up(), -limit].map(Value::from);
    let whole = [i64::MIN, -1, 2, 4_294_967_296, 9_007_199_254_740_993, i64::MAX].map(Value::from);
    let numbers = limits.into_iter().flat_map(beside).chain(whole).chain([json!(u64::MAX), json!(f64::MAX)]);
    texts.into_iter().map(Value::from).chain(numbers).collect()
}

/// Every key of the language with a value that stands somewhere under it, and some that are no keys.
fn keys_with_values() -> Vec<(String, Value)> {
    let whole = every_key();
    let mut all = Vec::new();
    pointers(&whole, "", &mut all);
    let mut keys: Vec<(String, Value)> = ["short", "x-free", "x-allow", "", "a b", "$ref"]
        .map(|key| (key.to_owned(), json!(["a"])))
        .into_iter()
        .collect();
    for pointer in all {
        if let Some((parent, key)) = pointer.rsplit_once('/')
            && whole.pointer(parent).is_some_and(Value::is_object)
            && keys.iter().filter(|(known, _)| known == key).count() < 2
        {
            keys.push((key.to_owned(), whole.pointer(&pointer).expect("a pointer of it").clone()));
        }
    }
    keys
}

#[test]
fn schema_types_and_check_agree_on_values_beside_every_limit() {
    let (mut tried, mut refused) = (0, 0);
    for file in small_files() {
        let mut all = Vec::new();
        pointers(&file, "", &mut all);
        let is_leaf = |pointer: &&String| {
            let value = file.pointer(pointer).expect("a pointer of it");
            !value.is_object() && !value.is_array()
        };
        for pointer in all.iter().filter(is_leaf) {
            for value in near_values(&file, pointer) {
                let mut changed = file.clone();
                *changed.pointer_mut(pointer).expect("a pointer of it") = value;
                tried += 1;
                refused += usize::from(!accepted(&changed));
            }
        }
    }
    assert!(refused > 1000 && tried - refused > 1000, "the changes matter: {refused} of {tried}");
}

#[test]
fn schema_types_and_check_agree_on_every_key_in_every_map() {
    let keys = keys_with_values();
    let mut refused = 0;
    for file in small_files() {
        let mut all = Vec::new();
        pointers(&file, "", &mut all);
        for pointer in &all {
            for (key, value) in &keys {
                let mut changed = file.clone();
                let Some(Value::Object(map)) = changed.pointer_mut(pointer) else { continue };
                map.insert(key.clone(), value.clone());
                refused += usize::from(!accepted(&changed));
            }
        }
    }
    assert!(refused > 10 * keys.len(), "the changes matter");
}

#[test]
fn a_map_that_serde_takes_for_a_value_is_a_map() {
    let mut value = every_key();
    let is_count = |value: &Value| {
        let file = SourceFile::new("p.yaml", Path::new("p.yaml"), String::new());
        validate_value(value, &SpanIndex::default(), &file).is_empty()
    };
    assert!(is_count(&value));
    value["steps"]["first"]["take"] = json!({ "$serde_json::private::RawValue": "8" });
    assert!(decode(&value).is_ok(), "serde takes it for 8");
    assert!(!is_count(&value));
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
