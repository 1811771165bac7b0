//! This module decides whether what a step over a collection made of the items of a test is what the test expects.

use serde_json::{Value, json};

use super::diff;
use super::judge::{self, Mismatch};
use crate::plan::{Expected, TestCase};

/// Compares what a step gave, or why it failed; `None`: the test passes.
pub(super) fn judge_whole(test: &TestCase, results: &Result<Vec<String>, String>) -> Option<Mismatch> {
    match (&test.expected, results) {
        (Expected::Value(expected), Ok(results)) => value_mismatch(expected, results),
        (Expected::Error { kind, message }, Err(reason)) => {
            let wrong = match (kind.as_deref(), message.as_deref()) {
                (Some(kind), _) if kind != "error" => format!("with kind `{kind}`"),
                (_, Some(part)) if !reason.contains(part) => format!("with `{part}` in its reason"),
                _ => return None,
            };
            let expected = json!({ "error": { "kind": kind, "message": message } });
            Some(other_ending(
                format!("the step was to fail {wrong}, and failed: {reason}"),
                expected,
                failed(reason),
            ))
        }
        (Expected::Error { kind, message }, Ok(results)) => {
            let expected = json!({ "error": { "kind": kind, "message": message } });
            Some(other_ending(
                "the step was to fail, and succeeded".to_owned(),
                expected,
                parsed(results).into(),
            ))
        }
        (Expected::Value(expected), Err(reason)) => {
            Some(other_ending(format!("the step failed: {reason}"), expected.clone(), failed(reason)))
        }
        (Expected::Skipped, _) => Some(other_ending(
            "a step over a collection skips nothing".to_owned(),
            "skipped".into(),
            Value::Null,
        )),
    }
}

fn failed(reason: &str) -> Value {
    json!({ "error": { "kind": "error", "message": reason } })
}

fn other_ending(message: String, expected: Value, got: Value) -> Mismatch {
    Mismatch { message, diff: Vec::new(), notes: Vec::new(), expected, got }
}

/// A single item that a step gives may be written alone, or in a list.
fn value_mismatch(expected: &Value, results: &[String]) -> Option<Mismatch> {
    let all = parsed(results);
    let got = match all.as_slice() {
        [one] if diff::same(expected, one) || !expected.is_array() => one.clone(),
        _ => Value::Array(all),
    };
    judge::other_value(expected, got)
}

fn parsed(results: &[String]) -> Vec<Value> {
    results.iter().map(|text| judge::parsed(text)).collect()
}
