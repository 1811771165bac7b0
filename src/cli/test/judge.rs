//! This module decides whether what came of the items of a test is what the test expects.

use serde_json::Value;

use super::diff::{self, DiffLine};
use crate::lua::ResultShape;
use crate::plan::{Expected, TestCase};
use crate::trial::{TriedEnding, TriedItem};

/// Why a test fails.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mismatch {
    /// In a line.
    pub(super) message: String,
    /// What was expected against what came, where both are values.
    pub(super) diff: Vec<DiffLine>,
    /// More about it: where an error was raised.
    pub(super) notes: Vec<String>,
    /// What was expected, and what came, for machines.
    pub(super) expected: Value,
    /// What came, for machines.
    pub(super) got: Value,
}

/// Compares; `None`: the test passes.
pub(super) fn judge(test: &TestCase, kind: ResultShape, tried: &[TriedItem]) -> Option<Mismatch> {
    match &test.expected {
        Expected::Value(value) => value_mismatch(test, kind, tried, value),
        Expected::Error { kind, message } => {
            let mut items = (1..).zip(tried);
            items.find_map(|(index, tried)| {
                let place = place(test, index);
                error_mismatch(&place, tried, kind.as_deref(), message.as_deref())
            })
        }
        Expected::Skipped => (1..).zip(tried).find_map(|(index, one)| {
            let is_left_out = match &one.ending {
                TriedEnding::Skipped(_) => true,
                TriedEnding::Results(results) => kind == ResultShape::Filter && results.is_empty(),
                _ => false,
            };
            (!is_left_out).then(|| {
                let message = format!("{} was to be skipped, and {}", place(test, index), said(&one.ending));
                plain(message, "skipped".into(), one)
            })
        }),
    }
}

/// `the item`, or `item 2` where there are several.
fn place(test: &TestCase, index: usize) -> String {
    if test.many { format!("item {index}") } else { "the item".to_owned() }
}

/// How an item ended, as a verb.
fn said(ending: &TriedEnding) -> String {
    match ending {
        TriedEnding::Results(_) => "succeeded".to_owned(),
        TriedEnding::Skipped(Some(reason)) => format!("was skipped: {reason}"),
        TriedEnding::Skipped(None) => "was skipped".to_owned(),
        TriedEnding::Failed { kind, message, .. } => format!("failed with kind `{}`: {message}", kind.name()),
        TriedEnding::NotRun(reason) => format!("did not run: {reason}"),
    }
}

/// A mismatch of endings, not of values.
fn plain(message: String, expected: Value, tried: &TriedItem) -> Mismatch {
    let (notes, got) = match &tried.ending {
        TriedEnding::Results(results) => {
            let values: Vec<Value> = results.iter().map(|text| parsed(text)).collect();
            let shown = results.iter().map(|text| format!("result: {text}")).collect();
            (shown, if let [one] = values.as_slice() { one.clone() } else { values.into() })
        }
        TriedEnding::Failed { kind, message, place, traceback, .. } => {
            let mut notes: Vec<String> = place.iter().map(|place| format!("at {place}")).collect();
            notes.extend(
                place
                    .iter()
                    .filter_map(|place| place.source.as_ref())
                    .map(|line| format!("  {}", line.trim())),
            );
            let shown = place.as_ref().map(ToString::to_string);
            let is_new = |line: &&str| Some(line.trim()) != shown.as_deref();
            notes.extend(traceback.lines().filter(is_new).map(|line| format!("  {}", line.trim())));
            (notes, serde_json::json!({ "error": { "kind": kind.name(), "message": message } }))
        }
        TriedEnding::Skipped(reason) => (Vec::new(), serde_json::json!({ "skipped": reason })),
        TriedEnding::NotRun(reason) => (Vec::new(), serde_json::json!({ "not_run": reason })),
    };
    Mismatch { message, diff: Vec::new(), notes, expected, got }
}

fn error_mismatch(
    place: &str,
    tried: &TriedItem,
    kind: Option<&str>,
    part: Option<&str>,
) -> Option<Mismatch> {
    let expected = serde_json::json!({ "error": { "kind": kind, "message": part } });
    let TriedEnding::Failed { kind: got, message, .. } = &tried.ending else {
        return Some(plain(format!("{place} was to fail, and {}", said(&tried.ending)), expected, tried));
    };
    let wrong = match (kind, part) {
        (Some(kind), _) if kind != got.name() => format!("with kind `{kind}`"),
        (_, Some(part)) if !message.contains(part) => format!("with `{part}` in its message"),
        _ => return None,
    };
    Some(plain(format!("{place} was to fail {wrong}, and {}", said(&tried.ending)), expected, tried))
}

fn value_mismatch(
    test: &TestCase,
    kind: ResultShape,
    tried: &[TriedItem],
    expected: &Value,
) -> Option<Mismatch> {
    for (index, one) in (1..).zip(tried) {
        // Of several items, some may be left out: they are absent from the output, here as in a run.
        let is_fine = match one.ending {
            TriedEnding::Results(_) => true,
            TriedEnding::Skipped(_) => test.many,
            TriedEnding::Failed { .. } | TriedEnding::NotRun(_) => false,
        };
        if !is_fine {
            let message = format!("{} {}", place(test, index), said(&one.ending));
            return Some(plain(message, expected.clone(), one));
        }
    }
    other_value(expected, outputs(test, kind, tried, expected))
}

/// Compares a value with the one that was expected.
pub(super) fn other_value(expected: &Value, got: Value) -> Option<Mismatch> {
    if diff::same(expected, &got) {
        return None;
    }
    Some(Mismatch {
        message: "the result is another one".to_owned(),
        diff: diff::lines(expected, &got),
        notes: Vec::new(),
        expected: expected.clone(),
        got,
    })
}

/// What came, in the form in which the test says what it expects.
fn outputs(test: &TestCase, kind: ResultShape, tried: &[TriedItem], expected: &Value) -> Value {
    let results = |one: &TriedItem| -> Vec<Value> {
        match &one.ending {
            TriedEnding::Results(results) => results.iter().map(|text| parsed(text)).collect(),
            _ => Vec::new(),
        }
    };
    let kept = |one: &TriedItem| Value::Bool(!results(one).is_empty());
    let all: Vec<Value> = tried.iter().flat_map(results).collect();
    let list = expected.as_array();
    // The items themselves may be truths; then those that are kept are meant.
    let says_truth =
        |values: &[Value]| values.iter().all(Value::is_boolean) && !test.items.iter().any(Value::is_boolean);
    match kind {
        ResultShape::Filter if !test.many && says_truth(std::slice::from_ref(expected)) => {
            tried.first().map_or(Value::Null, kept)
        }
        ResultShape::Filter if !test.many => all.into_iter().next().unwrap_or(Value::Bool(false)),
        ResultShape::Filter if list.is_some_and(|list| !list.is_empty() && says_truth(list)) => {
            tried.iter().map(kept).collect()
        }
        // One list for each item, if that is how it was written.
        ResultShape::FlatMap
            if test.many
                && list.is_some_and(|list| {
                    list.len() == tried.len()
                        && list.iter().all(Value::is_array)
                        && !all.iter().any(Value::is_array)
                }) =>
        {
            tried.iter().map(|one| Value::Array(results(one))).collect()
        }
        ResultShape::Map if !test.many => all.into_iter().next().unwrap_or(Value::Null),
        _ => Value::Array(all),
    }
}

/// The value of a JSON text.
pub(super) fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::{FailureKind, StepId};
    use crate::source::Span;

    fn ending_of(results: &[&str]) -> TriedEnding {
        TriedEnding::Results(results.iter().map(|text| (*text).to_owned()).collect())
    }

    fn failed(kind: FailureKind, message: &str) -> TriedEnding {
        TriedEnding::Failed { kind, message: message.to_owned(), place: None, traceback: String::new() }
    }

    #[track_caller]
    fn check(
        kind: ResultShape,
        items: &[Value],
        many: bool,
        expected: Expected,
        ending: &[TriedEnding],
        expect: Option<&str>,
    ) {
        let test = TestCase {
            name: "t".into(),
            step: StepId(0),
            items: items.to_vec(),
            many,
            expected,
            params: serde_json::Map::new(),
            span: Span::default(),
        };
        let tried: Vec<TriedItem> =
            ending.iter().map(|ending| TriedItem { ending: ending.clone(), logs: Vec::new() }).collect();
        let found = judge(&test, kind, &tried).map(|mismatch| mismatch.message);
        assert_eq!(found.as_deref(), expect);
    }

    #[test]
    fn results_are_compared_in_the_form_of_the_expectation() {
        use ResultShape::{Filter, FlatMap, Map};
        let other = Some("the result is another one");
        let value = Expected::Value;
        let (one, two) = (&[json!(1)][..], &[json!(1), json!(2)][..]);
        check(Map, one, false, value(json!(1)), &[ending_of(&["1.0"])], None);
        check(Map, one, false, value(json!(null)), &[ending_of(&["null"])], None);
        check(Map, one, false, value(json!(2)), &[ending_of(&["1"])], other);
        check(Map, two, true, value(json!([1, 2])), &[ending_of(&["1"]), ending_of(&["2"])], None);
        check(Map, two, true, value(json!([2])), &[TriedEnding::Skipped(None), ending_of(&["2"])], None);
        check(Map, one, false, value(json!(1)), &[TriedEnding::Skipped(None)], Some("the item was skipped"));
        check(FlatMap, one, false, value(json!([1, 2])), &[ending_of(&["1", "2"])], None);
        check(FlatMap, one, false, value(json!([])), &[ending_of(&[])], None);
        check(
            FlatMap,
            two,
            true,
            value(json!([1, 2, 3])),
            &[ending_of(&["1", "2"]), ending_of(&["3"])],
            None,
        );
        check(
            FlatMap,
            two,
            true,
            value(json!([[1, 2], [3]])),
            &[ending_of(&["1", "2"]), ending_of(&["3"])],
            None,
        );
        check(
            FlatMap,
            two,
            true,
            value(json!([[1], [2, 3]])),
            &[ending_of(&["1", "2"]), ending_of(&["3"])],
            other,
        );
        check(Filter, one, false, value(json!(true)), &[ending_of(&["1"])], None);
        check(Filter, one, false, value(json!(false)), &[ending_of(&[])], None);
        check(Filter, one, false, value(json!(true)), &[ending_of(&[])], other);
        check(Filter, one, false, value(json!(1)), &[ending_of(&["1"])], None);
        check(Filter, two, true, value(json!([2])), &[ending_of(&[]), ending_of(&["2"])], None);
        check(Filter, two, true, value(json!([false, true])), &[ending_of(&[]), ending_of(&["2"])], None);
        check(Filter, two, true, value(json!([])), &[ending_of(&[]), ending_of(&[])], None);
    }

    #[test]
    fn failures_are_compared_by_kind_and_a_part_of_the_message() {
        let expected = |kind: Option<&str>, message: Option<&str>| Expected::Error {
            kind: kind.map(str::to_owned),
            message: message.map(str::to_owned),
        };
        let one = &[json!(1)][..];
        let nil = failed(FailureKind::Error, "attempt to index nil");
        let check = |expected, ending: &TriedEnding, expect| {
            check(ResultShape::Map, one, false, expected, std::slice::from_ref(ending), expect);
        };
        check(expected(Some("error"), Some("index")), &nil, None);
        check(expected(None, None), &nil, None);
        check(
            expected(Some("timeout"), None),
            &nil,
            Some(
                "the item was to fail with kind `timeout`, and failed with kind `error`: attempt to index nil",
            ),
        );
        check(
            expected(None, Some("Index")),
            &nil,
            Some(
                "the item was to fail with `Index` in its message, and failed with kind `error`: attempt to index nil",
            ),
        );
        check(expected(None, None), &ending_of(&["1"]), Some("the item was to fail, and succeeded"));
        check(
            Expected::Value(json!(1)),
            &nil,
            Some("the item failed with kind `error`: attempt to index nil"),
        );
        check(Expected::Skipped, &TriedEnding::Skipped(None), None);
        check(Expected::Skipped, &ending_of(&["1"]), Some("the item was to be skipped, and succeeded"));
    }
}
