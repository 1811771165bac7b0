//! This module compares two JSON values line by line: what both have, what only one has. It knows nothing of tests.

use serde_json::{Map, Number, Value};

/// Lines beyond which two texts are not compared line by line: the table of all pairs would grow too large.
const LINES_MAX: usize = 2_000;

/// A line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum DiffLine {
    /// Both have it.
    Both(String),
    /// Only what was expected has it.
    Expected(String),
    /// Only what came has it.
    Got(String),
}

/// Whether two values are the same: maps whatever the order of their keys, numbers by value, so that 1 is 1.0.
pub(in crate::cli) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => plain(one) == plain(other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}

/// What to change in `expected` to get `got`, both written alike.
pub(in crate::cli) fn lines(expected: &Value, got: &Value) -> Vec<DiffLine> {
    let (expected, got) = (pretty(expected), pretty(got));
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), got.lines().collect());
    let whole = |line: &&str| DiffLine::Expected((*line).to_owned());
    if old.len().max(new.len()) > LINES_MAX {
        let new = new.iter().map(|line| DiffLine::Got((*line).to_owned()));
        return old.iter().map(whole).chain(new).collect();
    }
    // `common[i][j]`: lines that `old[i..]` and `new[j..]` have in common, in order.
    let mut common = vec![vec![0u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(DiffLine::Both(old[i].to_owned()));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(DiffLine::Expected(old[i].to_owned()));
            i += 1;
        } else {
            lines.push(DiffLine::Got(new[j].to_owned()));
            j += 1;
        }
    }
    lines
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(&alike(value)).unwrap_or_default()
}

/// The value with sorted keys, and numbers written in one way.
fn alike(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(plain(number)),
        Value::Array(list) => list.iter().map(alike).collect(),
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            Value::Object(keys.into_iter().map(|key| (key.clone(), alike(&map[key]))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// A whole number as such, however it was written, as long as that is exact.
fn plain(number: &Number) -> Number {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT => {
            Number::from(float as i64)
        }
        _ => number.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_compared_by_what_they_mean() {
        for (one, other, expect) in [
            (json!(1), json!(1.0), true),
            (json!({"a": [1, {"b": 2.0}], "c": null}), json!({"c": null, "a": [1.0, {"b": 2}]}), true),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0), false),
            (json!(0.0), json!(-0.0), true),
            (json!("1"), json!(1), false),
            (json!([1, 2]), json!([2, 1]), false),
            (json!({"a": 1}), json!({"a": 1, "b": null}), false),
            (json!([]), json!({}), false),
        ] {
            assert_eq!(same(&one, &other), expect, "{one} {other}");
        }
    }

    #[test]
    fn a_difference_shows_the_lines_that_differ_among_those_that_do_not() {
        let lines = lines(&json!({"id": 1, "text": "hi", "n": 2.0}), &json!({"n": 2, "text": "Hi", "id": 1}));
        let shown: Vec<String> = lines
            .into_iter()
            .map(|line| match line {
                DiffLine::Both(text) => format!(" {text}"),
                DiffLine::Expected(text) => format!("-{text}"),
                DiffLine::Got(text) => format!("+{text}"),
            })
            .collect();
        assert_eq!(
            shown,
            [" {", "   \"id\": 1,", "   \"n\": 2,", "-  \"text\": \"hi\"", "+  \"text\": \"Hi\"", " }"]
        );
    }
}
