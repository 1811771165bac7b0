//! A test runs one step, so it needs the parameters alone that this step sees.

use std::collections::BTreeSet;

use serde_json::Value;

/// The parameters of a file that no tested step can look at: each is named nowhere in them, and they neither use `params` as a
/// whole nor take code from files, which might.
pub(super) fn params(file: &Value) -> BTreeSet<String> {
    let tests = file.get("tests").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let names: BTreeSet<&str> = tests.iter().filter_map(|test| test.get("step")?.as_str()).collect();
    let steps = names.iter().filter_map(|name| file.get("steps")?.get(name));
    let mut seen: Vec<String> = steps.map(Value::to_string).collect();
    seen.extend(["defaults", "policies"].iter().filter_map(|key| file.get(key)).map(Value::to_string));
    let declared = file.get("params").and_then(Value::as_object).into_iter().flat_map(|params| params.keys());
    if seen.iter().any(|text| sees_all(text)) || file.get("include").is_some() {
        return BTreeSet::new();
    }
    declared.filter(|name| !seen.iter().any(|text| words(text).any(|word| word == *name))).cloned().collect()
}

/// Whether a step may look at any parameter.
fn sees_all(step: &str) -> bool {
    let is_code_elsewhere = words(step).any(|word| matches!(word, "file" | "require"));
    let is_whole = |rest: &str| !rest.trim_start().starts_with(['.', '[']);
    is_code_elsewhere || step.match_indices("params").any(|(at, found)| is_whole(&step[at + found.len()..]))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '-')
        .flat_map(|word| [word, word.trim_matches('-')])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::params;

    #[test]
    fn parameters_that_a_tested_step_may_look_at_are_seen() {
        for (map, expect) in [
            (json!("return item * params.factor"), vec!["day"]),
            (json!("return params['day'] .. params.factor"), vec![]),
            (json!("return tbl.get(params, item)"), vec![]),
            (json!({ "file": "lib.lua" }), vec![]),
            (json!("return require('lib').f(item)"), vec![]),
            (json!("return item"), vec!["day", "factor"]),
        ] {
            let file = json!({
                "params": { "day": { "required": true }, "factor": 2 },
                "steps": { "a": { "read": "${{ params.day }}" }, "b": { "from": "a", "map": map } },
                "tests": [{ "step": "b" }],
            });
            let found: Vec<String> = params(&file).into_iter().collect();
            assert_eq!(found, expect, "{file}");
        }
    }
}
