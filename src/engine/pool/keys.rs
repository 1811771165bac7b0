//! `key:` gives the value by which an item is known from one run to the next. It is evaluated by a worker before the
//! item runs.

use std::time::Duration;

use super::expression::{self, Expression};
use super::task::KeyReport;
use crate::event::FailureKind;
use crate::lua::{AttemptEnding, Failure};
use crate::runtime::clock;
use crate::value::Chunk;

/// The keys of a task's items, as many as come within `budget`, and those that have none with the reason. `stops`: one
/// that has none is the last.
pub(super) fn find(
    key: &mut Expression,
    task: u64,
    chunk: &Chunk,
    budget: Duration,
    stops: bool,
) -> KeyReport {
    let begun = clock::now();
    let found = key.each(chunk, 1, budget, stops, |value| match value {
        // What cannot be read is the source's failure, which the item's worker finds; what was cut off is not run.
        Err(AttemptEnding::BadRow { .. } | AttemptEnding::Cancelled) => Ok(String::new()),
        Err(AttemptEnding::Failed(failure)) => Err(expression::failed("key", *failure)),
        Err(AttemptEnding::Skipped { .. }) => Err(refused("`key` cannot skip an item".to_owned())),
        Ok(json) => key_text(json),
    });
    let mut failed = Vec::new();
    let mut keys: Vec<Box<str>> = Vec::with_capacity(found.len());
    for (at, key) in found.into_iter().enumerate() {
        keys.push(
            key.unwrap_or_else(|failure| {
                failed.push((at, *failure));
                String::new()
            })
            .into(),
        );
    }
    // A worker that is told to stop comes to none: these items will not run.
    if keys.is_empty() {
        keys.resize_with(chunk.len(), Box::default);
    }
    KeyReport { task, keys, failed, elapsed: clock::since(begun) }
}

/// The key that a JSON value stands for.
fn key_text(json: &[u8]) -> Result<String, Box<Failure>> {
    match serde_json::from_slice(json) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        Ok(value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => Ok(value.to_string()),
        Ok(serde_json::Value::Null) => {
            Err(refused("`key` is nil; it must be a string or a number".to_owned()))
        }
        Ok(serde_json::Value::Array(_) | serde_json::Value::Object(_)) => {
            Err(refused("`key` is a table; it must be a string or a number".to_owned()))
        }
        // The worker was stopped; the item will not run either.
        Err(_) => Ok(String::new()),
    }
}

fn refused(message: String) -> Box<Failure> {
    Box::new(Failure::new(FailureKind::Result, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_texts_numbers_and_truths() {
        for (json, expect) in [
            ("\"a\\n\"", Ok("a\n")),
            ("12", Ok("12")),
            ("true", Ok("true")),
            ("null", Err("`key` is nil; it must be a string or a number")),
            ("[]", Err("`key` is a table; it must be a string or a number")),
        ] {
            let key = key_text(json.as_bytes()).map_err(|failure| failure.message);
            assert_eq!(key.as_deref().map_err(String::as_str), expect, "{json}");
        }
    }
}
