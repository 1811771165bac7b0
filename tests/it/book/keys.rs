//! The page of all keys, made from the schema.

use std::fmt::Write as _;

use serde_json::{Map, Value};

const SCHEMA: &str = include_str!("../../../schemas/pipeline.schema.json");

const HEAD: &str = "# Every key\n\n\
    All keys of a pipeline file, with what the schema says of each: editors show the same. What steps do is in [Steps](steps.md), what the keys of a policy mean \
    together in [Policy](policy.md). Where a text stands beside another kind of value, it is there for `${{ … }}`, unless its meaning says more.\n\n\
    This page is made from the schema that `flowrun schema` prints.\n";

/// Maps whose keys are those of `map`, or of the policy within it.
const REPEATED: [&str; 4] = ["flat_map", "filter", "defaults", "policies"];

/// The whole page.
pub(super) fn page() -> String {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let mut text = HEAD.to_owned();
    let mut seen = Vec::new();
    section(&mut text, "The file", &schema, &mut seen);
    text
}

/// A table of the keys of a map, and one for each of them that holds a map.
fn section(text: &mut String, title: &str, place: &Value, seen: &mut Vec<Value>) {
    let Some(keys) = properties(place) else { return };
    if seen.contains(place) {
        return;
    }
    seen.push(place.clone());
    let _ = write!(text, "\n## {title}\n\n");
    if title != "The file" {
        let _ = write!(text, "{}\n\n", description(place));
    }
    text.push_str("| key | a | meaning |\n|---|---|---|\n");
    let required: Vec<&str> =
        place["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (key, value) in keys {
        let more = match key.as_str() {
            "flat_map" | "filter" => " Its keys are those of `map`.",
            "defaults" | "policies" => " The keys of a policy are those of `map` without its function.",
            _ => "",
        };
        let must = if required.contains(&key.as_str()) { "; required" } else { "" };
        let row = format!("{}{must}", kinds(value));
        let _ = writeln!(text, "| `{key}` | {row} | {}{more} |", description(value).replace('|', "\\|"));
    }
    for (key, value) in keys.iter().filter(|(key, _)| !REPEATED.contains(&key.as_str())) {
        let below =
            if title == "The file" || title == "A step" { String::new() } else { format!("{title} ") };
        section(text, &format!("{below}`{key}`"), value, seen);
        let named = match key.as_str() {
            "steps" => "A step".to_owned(),
            _ => format!("{below}`{key}`, each"),
        };
        section(text, &named, &value["additionalProperties"], seen);
        section(text, &named, &value["items"], seen);
    }
}

fn properties(place: &Value) -> Option<&Map<String, Value>> {
    place["properties"].as_object().filter(|keys| !keys.is_empty())
}

fn description(place: &Value) -> String {
    let text = place["description"].as_str().unwrap_or("");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The kinds of values that may stand there.
fn kinds(value: &Value) -> String {
    let name = |kind: &str| {
        match kind {
            "object" => "map",
            "array" => "list",
            "boolean" => "boolean",
            "integer" => "whole number",
            "null" => "null",
            kind => return kind.to_owned(),
        }
        .to_owned()
    };
    if let Some(words) = value["enum"].as_array() {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`").replace('"', "")).collect();
        return words.join(" ");
    }
    match &value["type"] {
        Value::String(kind) => name(kind),
        Value::Array(kinds) => {
            let kinds: Vec<String> = kinds.iter().filter_map(Value::as_str).map(name).collect();
            kinds.join(", ")
        }
        _ => "any value".to_owned(),
    }
}
