//! These tests read lists that lie inside of JSON documents.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::splits::input;
use super::{check_with, options, transcript};
use crate::data::read::decode;
use crate::data::{Format, ListPath, ReadOptions};

fn path(text: &str) -> ListPath {
    ListPath::parse(text).expect("a path")
}

/// Reads the list at `at` of a document.
#[track_caller]
fn check(document: &str, at: &str, expect: &str) {
    check_with("a.json", document.as_bytes(), |options| options.at = Some(path(at)), expect);
}

#[test]
fn a_list_is_read_where_it_lies() {
    let map = "{\"type\": \"FeatureCollection\", \"n\": -1.5e3,\n \"features\": [\n{\"id\": 1}, 2 ], \"rest\": [[], {}]}\n";
    check(map, "features", "{\"id\":1}\n2\n");
    check(map, "rest[0]", "");
    check("[0, {\"a\": [[7], [8, 9]]}]", "[1].a[1]", "8\n9\n");
    check("{\"a\": {\"features\": [1]}, \"features\": [2]}", "features", "2\n");
    check("{\"a\": {\"b\": [1]}, \"b\": {\"b\": [3]}}", "b.b", "3\n");
    check("{\"f\\u0065\": [1]}", "fe", "1\n");
    check("{\"\u{e4}.b\": [true]}", "[\"\u{e4}.b\"]", "true\n");
    // What lies beside the list may hold what no item could.
    check("{\"big\": 123456789012345678901234567890e999, \"a\": [1]}", "a", "1\n");
}

#[test]
fn a_list_that_is_not_there_is_named() {
    let map = "{\"a\": {\"x\": 1, \"y\": 2},\n\"b\": []}";
    check(map, "c", "error a.json:2: the document has no `c`; it has `a`, `b`; there is a list at `b`\n");
    check(map, "a.c", "error a.json:1: `a` has no `c`; it has `x`, `y`; there is a list at `b`\n");
    check(map, "b[0]", "error a.json:2: `b` has no element `[0]`; it has 0; there is a list at `b`\n");
    check("{}", "a", "error a.json:1: the document has no `a`; it is empty\n");
    check("[[1], 2]", "[2]", "error a.json:1: the document has no element `[2]`; it has 2\n");
    check(map, "a", "error a.json:1: expected a list at `a`, found an object; there is a list at `b`\n");
    check(map, "a.x", "error a.json:1: expected a list at `a.x`, found a number; there is a list at `b`\n");
    check(map, "b.c", "error a.json:2: expected `b` to hold `c`, found a list; there is a list at `b`\n");
    let deep = "{\"a\": {\"b.c\": {\"d\": [[1], {\"e\": []}]}, \"f\": []},\n\"a\": [2]} x";
    check(
        deep,
        "a",
        "error a.json:1: expected a list at `a`, found an object; there are lists at `a[\"b.c\"].d`, `a.f`, `a`\n",
    );
    let many: Vec<String> = (0..20).map(|at| format!("\"k{at}\": [{at}]")).collect();
    let expect = "`k0`, `k1`, `k2`, `k3`, `k4`, `k5`, `k6`, `k7`, `k8`, `k9`, `k10`, `k11`, …";
    let has = "it has `a`, `k0`, `k1`, `k2`, `k3`, `k4`, `k5`, `k6`, `k7`, `k8`, `k9`, `k10`, …";
    let lists = format!("error a.json:1: the document has no `x`; {has}; there are lists at {expect}\n");
    check(&format!("{{\"a\": 1, {}}}", many.join(", ")), "x", &lists);
    check("[1]", "a", "error a.json:1: expected the document to hold `a`, found a list\n");
    check("\n", "a", "error a.json:1: expected a JSON document, found an empty file\n");
}

#[test]
fn what_lies_around_the_list_must_be_json() {
    check("{\"a\": [1], \"b\": tru}", "a", "1\nerror a.json:1: expected a value, found `tru`\n");
    check("{\"a\": [1], \"b\": 01}", "a", "1\nerror a.json:1: expected a value, found `01`\n");
    check("{\"a\": [1]", "a", "1\nerror a.json:1: the file ends before the `}` of the document\n");
    check("{\"a\": [1],\n\"b\": [\n\"c", "a", "1\nerror a.json:3: the file ends within a string\n");
    check("{\"a\": [1]} 2", "a", "1\nerror a.json:1: expected nothing behind the document, found `2`\n");
    check("{\"a\": [1], 5: 6}", "a", "1\nerror a.json:1: expected a name in quotes, found `5`\n");
    check("{\"a\": [1], \"b\" 6}", "a", "1\nerror a.json:1: expected `:`, found `6`\n");
    check("{\"a\": [1], \"b\": [1, 2}}", "a", "1\nerror a.json:1: expected `]`, found `}`\n");
    check(
        "{\"a\": [1], \"b\": 1 2}",
        "a",
        "1\nerror a.json:1: expected `,` or the end of a list or object, found `2`\n",
    );
    check("{\"a\": [1],\n\"a\": [2]}", "a", "1\nerror a.json:2: `a` stands twice in the document\n");
    check("{\"a\": {\"b\": [1]}, \"a\": 1}", "a.b", "1\nerror a.json:1: `a` stands twice in the document\n");
    check("{\"a\": [1,\n{\"x\": ", "a", "1\nerror a.json:2: the file ends within an element\n");
    check("{\"a\":\n[1,\n2", "a", "1\nerror a.json:2: the file ends before the `]` of the array\n");
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f32>().prop_map(|float| json!(f64::from(float))),
        "[a-c\"\\\\\u{e4}\n]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-c]{1,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn for_every_document_and_every_split_the_list_is_what_it_is(
        (before, list, after) in (value(), prop::collection::vec(value(), 0..5), value()),
        sizes in prop::collection::vec(1..9_usize, 1..5),
        is_pretty: bool,
    ) {
        let document = json!([before, { "x": before, "a.b": { "list": list, "y": after }, "z": after }, after]);
        let text = if is_pretty { serde_json::to_vec_pretty(&document) } else { serde_json::to_vec(&document) };
        let options = ReadOptions { at: Some(path("[1][\"a.b\"].list")), ..options("/".as_ref(), "f") };
        let reader = decode(&options, input(&text.expect("JSON"), &sizes), Format::Json);
        let seen = transcript(reader, 3, 100);
        let seen: Result<Vec<Value>, _> = seen.lines().map(serde_json::from_str).collect();
        prop_assert_eq!(seen.expect("items only"), list);
    }
}
