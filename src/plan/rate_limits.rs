//! This module checks the limits of starts that steps share: names that do not exist, and limits that nobody names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::places::{DocumentPart, PlacedDocument};
use super::scripts::Scripts;
use super::step_index::StepIndex;
use super::{codes, listed};
use crate::config::{self, RateRule, Setting};
use crate::source::{Diagnostic, nearest};
use crate::value::Rate;

/// The declared limits whose values are known, by name.
pub(super) type Limits = BTreeMap<String, Rate>;

/// Those of a pipeline in which nothing is wrong.
pub(super) fn of(pipeline: &config::Pipeline) -> Limits {
    let known = |(name, rate): (&String, &Setting<config::RateLimit>)| Some((name.clone(), rate.known()?.0));
    pipeline.rate_limits.iter().filter_map(known).collect()
}

/// Those of a document of which nothing is known yet to be right.
pub(super) fn known(places: &PlacedDocument) -> Limits {
    let declared = places.value()["rate_limits"].as_object();
    let known = |(name, rate): (&String, &Value)| {
        let rate: Setting<config::RateLimit> = serde_json::from_value(rate.clone()).ok()?;
        Some((name.clone(), rate.known()?.0))
    };
    declared.into_iter().flatten().filter_map(known).collect()
}

/// Checks every name in `rate_limit`.
pub(super) fn check(
    places: &PlacedDocument,
    step_index: &StepIndex,
    scripts: &Scripts,
    found: &mut Vec<Diagnostic>,
) {
    let declared: BTreeSet<&str> = names(places.value()).collect();
    let (mut used, mut is_open) = (BTreeSet::new(), false);
    for pointer in pointers(places.value(), step_index) {
        let mut seen = BTreeSet::new();
        for (pointer, text) in written(places.value(), &pointer) {
            // Which one is meant is only known when the step starts.
            is_open |= config::is_expression(text);
            let Ok(RateRule::Name(name)) = serde_json::from_value(text.into()) else { continue };
            if !declared.contains(name.as_str()) && !places.is_partial {
                found.push(unknown(places, &pointer, &name));
                used.extend(nearest(&name, declared.iter().copied()));
            } else if !seen.insert(name.clone()) {
                found.push(repeated(places, &pointer, &name));
            }
            used.extend(declared.get(name.as_str()).copied());
        }
    }
    let lua = scripts.limit_names();
    used.extend(declared.iter().copied().filter(|name| lua.names.contains(*name)));
    if is_open || lua.is_open {
        return;
    }
    for name in declared.difference(&used) {
        let pointer = format!("/rate_limits/{}", config::escape_key(name));
        // Other pipelines include the file as well.
        if places.is_included(&pointer) {
            continue;
        }
        let message = format!("no step uses the rate limit `{name}`");
        let warning = places.warning(
            codes::UNUSED_RATE_LIMIT,
            message,
            &DocumentPart::Key(&pointer),
            "nothing is limited by it",
        );
        found.push(warning.help(format!("name it in a step: `rate_limit: {name}`")));
    }
}

/// The pointers at which `rate_limit` may stand.
fn pointers(document: &Value, step_index: &StepIndex) -> Vec<String> {
    let steps = step_index.steps.iter().map(|step| format!("{}/rate_limit", step.verb_pointer()));
    let policies = document["policies"].as_object().into_iter().flat_map(serde_json::Map::keys);
    let policies = policies.map(|name| format!("/policies/{}/rate_limit", config::escape_key(name)));
    steps.chain(policies).chain(["/defaults/map/rate_limit".to_owned()]).collect()
}

/// The names of limits that stand under `rate_limit`, with their pointers.
pub(super) fn named(document: &Value, step_index: &StepIndex) -> Vec<(String, String)> {
    let all = pointers(document, step_index);
    let texts = all.iter().flat_map(|pointer| written(document, pointer));
    let name = |(pointer, text): (String, &str)| match serde_json::from_value(text.into()) {
        Ok(RateRule::Name(name)) if !config::is_expression(text) => Some((pointer, name)),
        _ => None,
    };
    texts.filter_map(name).collect()
}

/// The texts that name limits in the `rate_limit` at `pointer`, with their places.
fn written<'v>(document: &'v Value, pointer: &str) -> Vec<(String, &'v str)> {
    let Some(Value::Array(list)) = document.pointer(pointer) else {
        let text = document.pointer(pointer).and_then(Value::as_str);
        return text.map(|text| (pointer.to_owned(), text)).into_iter().collect();
    };
    let text = |(at, item): (usize, &'v Value)| match item {
        Value::String(text) => Some((format!("{pointer}/{at}"), text.as_str())),
        item => Some((format!("{pointer}/{at}/limit"), item.get("limit")?.as_str()?)),
    };
    list.iter().enumerate().filter_map(text).collect()
}

/// The finding about a limit that one step names twice.
pub(super) fn repeated(places: &PlacedDocument, pointer: &str, name: &str) -> Diagnostic {
    let message = format!("the rate limit `{name}` stands twice in one list");
    let part = DocumentPart::Value(pointer);
    let found = places.error(codes::REPEATED_RATE_LIMIT, message, &part, "named before");
    found.help("keep one, with a `cost` that is the sum of both")
}

/// The finding about a name that nothing has.
pub(super) fn unknown(places: &PlacedDocument, pointer: &str, name: &str) -> Diagnostic {
    let declared: Vec<&str> = names(places.value()).collect();
    let label = match nearest(name, declared.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "no rate limit has this name".to_owned(),
    };
    let found = places.error(
        codes::UNKNOWN_RATE_LIMIT,
        format!("unknown rate limit `{name}`"),
        &DocumentPart::Value(pointer),
        &label,
    );
    found.help(if declared.is_empty() {
        format!("declare it at the top of the file: `rate_limits: {{ {name}: 20/s }}`")
    } else {
        format!("the rate limits of this file: {}", listed(declared.into_iter()))
    })
}

fn names(document: &Value) -> impl Iterator<Item = &str> {
    document["rate_limits"].as_object().into_iter().flat_map(|map| map.keys().map(String::as_str))
}
