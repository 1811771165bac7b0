//! This module tells the parameters of a run in a few words, so that runs which differ in them can be told apart.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::request::Request;
use crate::store::{Catalogue, RunRecord};
use crate::value::{printable, shell_word};

/// Characters of one value that are shown among others.
pub(super) const VALUE_MAX: usize = 60;

/// Parameters by name, in the order of the pipeline file.
pub(super) fn map(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).unwrap_or_default()
}

/// The same set of parameters gives the same text, in whatever order they stand.
pub(super) fn sorted(json: &str) -> String {
    let sorted: BTreeMap<String, Value> = map(json).into_iter().collect();
    serde_json::to_string(&sorted).unwrap_or_default()
}

/// `day=2026-11-01 size=224`: those that the run was given, then those that the pipeline file decided.
pub(super) fn words(catalogue: &Catalogue, record: &RunRecord) -> String {
    let given = Request::kept(catalogue.request(&record.id).as_deref(), "{}").into_params();
    in_words(&map(&record.params), |name| given.contains_key(name))
}

fn in_words(params: &Map<String, Value>, is_first: impl Fn(&String) -> bool) -> String {
    let (mut first, rest): (Vec<_>, Vec<_>) = params.iter().partition(|(name, _)| is_first(name));
    first.extend(rest);
    first
        .into_iter()
        .map(|(name, value)| format!("{name}={}", word(&text(value))))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A value as `-p` takes it.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text in quotes where it would not be one word, cut where it is long.
pub(super) fn word(text: &str) -> String {
    cut(&shell_word(&printable(text)), VALUE_MAX)
}

/// As many characters of a text as there is room for.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_comes_first_and_long_values_are_cut() {
        let long = "x".repeat(100);
        let params = map(&format!(
            "{{\"size\":224,\"day\":\"2026-11-01\",\"title\":\"two words\",\"list\":[1],\"long\":\"{long}\"}}"
        ));
        let expect = format!("day=2026-11-01 size=224 title='two words' list='[1]' long={}…", &long[..60]);
        assert_eq!(in_words(&params, |name| name == "day"), expect);
        assert_eq!(in_words(&map("damaged"), |_| true), "");
    }
}
