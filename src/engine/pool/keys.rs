//! `key:` gives the value by which an item is known from one run to the next. It is evaluated by a worker before the
//! item runs.

use std::sync::Arc;
use std::time::Duration;

use super::task::KeyReport;
use crate::event::FailureKind;
use crate::lua::{
    Attempt, AttemptEnding, EXPRESSION_LIMIT, Failure, Guard, Script, ScriptError, Watchdog, Worker,
    WorkerOptions,
};
use crate::runtime::clock;
use crate::value::Chunk;

/// The VM that evaluates a step's `key:`, beside that of a worker.
pub(super) struct Keys {
    worker: Worker,
    out: Vec<u8>,
}

impl Keys {
    /// Loads the expression.
    pub(super) fn new(
        key: &Script,
        options: &WorkerOptions,
        guard: &Arc<Guard>,
        watchdog: &Watchdog,
    ) -> Result<Self, ScriptError> {
        let options = WorkerOptions {
            timeout: Some(EXPRESSION_LIMIT),
            worker: options.worker,
            seed: options.seed,
            ..WorkerOptions::new(Arc::clone(&options.step), options.scope.clone(), options.memory)
        };
        Ok(Self { worker: Worker::new(key, &options, guard, watchdog)?, out: Vec::new() })
    }

    /// The keys of a task's items, as many as come within `budget`, and those that have none with the reason. `stops`: one
    /// that has none is the last.
    pub(super) fn of(&mut self, task: u64, chunk: &Chunk, budget: Duration, stops: bool) -> KeyReport {
        let begun = clock::now();
        let attempt = Attempt { number: 1, item_deadline: None };
        let mut failed = Vec::new();
        self.out.clear();
        let mut ends = Vec::new();
        let mut end = |at: usize, _: usize, how: AttemptEnding, _: Duration| {
            let is_last = stops && matches!(how, AttemptEnding::Failed(_) | AttemptEnding::Skipped { .. });
            ends.push((at, how));
            !is_last
        };
        let (done, _) = self.worker.run(chunk, 0..chunk.len(), attempt, budget, &mut self.out, &mut end);
        // A worker that is told to stop comes to none: these items will not run.
        let count = if done == 0 { chunk.len() } else { done };
        let mut keys: Vec<Box<str>> = Vec::with_capacity(count);
        // The log lines of the expression belong to no item: they are dropped.
        drop(self.worker.take_logs());
        let mut lines = self.out.split(|byte| *byte == b'\n');
        let mut ends = ends.into_iter().peekable();
        for at in 0..count {
            let key = match ends.next_if(|(ended, _)| *ended == at) {
                // What cannot be read is the source's failure, which the item's worker finds; what was cut off is not run.
                Some((_, AttemptEnding::BadRow { .. } | AttemptEnding::Cancelled)) => Ok(String::new()),
                Some((_, AttemptEnding::Failed(failure))) => Err(about_key(*failure)),
                Some((_, AttemptEnding::Skipped { .. })) => {
                    Err(refused("`key` cannot skip an item".to_owned()))
                }
                None => key_text(lines.next().unwrap_or_default()),
            };
            keys.push(
                key.unwrap_or_else(|failure| {
                    failed.push((at, *failure));
                    String::new()
                })
                .into(),
            );
        }
        KeyReport { task, keys, failed, elapsed: clock::since(begun) }
    }
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

fn about_key(failure: Failure) -> Box<Failure> {
    Box::new(Failure { message: format!("`key` failed: {}", failure.message), retryable: false, ..failure })
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
