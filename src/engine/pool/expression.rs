//! An expression over `item` beside the function of a step has a VM of its own: `key:`, and the costs of rate limits.

use std::sync::Arc;
use std::time::Duration;

use crate::lua::{
    Attempt, AttemptEnding, EXPRESSION_LIMIT, Failure, Guard, Script, ScriptError, Watchdog, Worker,
    WorkerOptions,
};
use crate::value::Chunk;

/// The VM that evaluates one expression, beside that of a worker.
pub(super) struct Expression {
    worker: Worker,
    out: Vec<u8>,
}

impl Expression {
    /// Loads the expression.
    pub(super) fn new(
        script: &Script,
        options: &WorkerOptions,
        guard: &Arc<Guard>,
        watchdog: &Watchdog,
    ) -> Result<Self, ScriptError> {
        let options = WorkerOptions {
            timeout: Some(EXPRESSION_LIMIT),
            worker: options.worker,
            max_attempts: options.max_attempts,
            seed: options.seed,
            ..WorkerOptions::new(Arc::clone(&options.step), options.scope.clone(), options.memory)
        };
        Ok(Self { worker: Worker::new(script, &options, guard, watchdog)?, out: Vec::new() })
    }

    /// What `read` makes of the value of each item, which is JSON text, or of its ending, for as many items as come within
    /// `budget`. `stops`: one that fails is the last.
    pub(super) fn each<T>(
        &mut self,
        chunk: &Chunk,
        attempt: u32,
        budget: Duration,
        stops: bool,
        read: impl Fn(Result<&[u8], AttemptEnding>) -> T,
    ) -> Vec<T> {
        let attempt = Attempt { number: attempt, item_deadline: None, last: None };
        self.out.clear();
        let mut ends = Vec::new();
        let mut end = |at: usize, _: usize, how: AttemptEnding, _: Duration| {
            let is_last = stops && matches!(how, AttemptEnding::Failed(_) | AttemptEnding::Skipped { .. });
            ends.push((at, how));
            !is_last
        };
        let (done, _) = self.worker.run(chunk, 0..chunk.len(), &attempt, budget, &mut self.out, &mut end);
        // The log lines of an expression belong to no item: they are dropped.
        drop(self.worker.take_logs());
        let mut lines = self.out.split(|byte| *byte == b'\n');
        let mut ends = ends.into_iter().peekable();
        let value = |at| match ends.next_if(|(ended, _)| *ended == at) {
            Some((_, how)) => read(Err(how)),
            None => read(Ok(lines.next().unwrap_or_default())),
        };
        (0..done).map(value).collect()
    }
}

/// A failure of the expression that stands under `key`.
pub(super) fn failed(key: &str, failure: Failure) -> Box<Failure> {
    let message = format!("`{key}` failed: {}", failure.message);
    Box::new(Failure { message, retryable: false, ..failure })
}
