//! Items of a step with `key:` get their keys from the workers before it is known whether they run. Chunks come back in
//! any order and go on in that of their items.

use std::sync::Arc;
use std::time::Duration;

use super::keyed_chunks::{KeyedChunk, KeyedChunks};
use super::{Coordinator, StepFault};
use crate::engine::pool::{Allowance, KeyReport, Task, TaskAttempt, TaskKind};
use crate::lua::Failure;
use crate::value::Chunk;

impl Coordinator<'_> {
    /// Asks a worker for the keys of a chunk.
    pub(super) fn ask_for_keys(&mut self, chunk: Arc<Chunk>) {
        let number = self.next_task();
        let Some(keyed) = &mut self.keyed else { return };
        keyed.tasks.insert(number, chunk.first);
        keyed.chunks.insert(chunk.first, KeyedChunk { chunk: Arc::clone(&chunk), keys: None });
        let attempt = TaskAttempt { number: 1, deadline: None, last: None };
        let (out, digests, lines) = (Vec::new(), None, Vec::new());
        self.pool.send(Task {
            number,
            kind: TaskKind::Keys,
            chunk,
            attempt,
            allowance: Allowance::default(),
            out,
            digests,
            lines,
        });
    }

    /// Takes keys in, and sorts out all items whose turn it is.
    pub(super) fn take_keys(&mut self, report: KeyReport) -> Result<(), StepFault> {
        let Some(keyed) = &mut self.keyed else { return Ok(()) };
        // Keys that come late, or a second time, are passed over.
        let Some(first) = keyed.tasks.remove(&report.task) else { return Ok(()) };
        keyed.size.learn(report.keys.len(), report.elapsed);
        let Some(waiting) = keyed.chunks.get_mut(&first) else { return Ok(()) };
        let (come_to, all) = (report.keys.len(), Arc::clone(&waiting.chunk));
        if come_to < all.len() {
            waiting.chunk = Arc::new(all.slice(0..come_to));
        }
        waiting.keys = Some((report.keys, report.failed));
        if come_to < all.len() {
            self.ask_for_rest(&all.slice(come_to..all.len()));
        }
        // Items of a step that stops are put away as they are.
        while self.scheduler.stop().is_none() {
            let Some((chunk, failed)) = self.keyed.as_mut().and_then(KeyedChunks::next) else { break };
            self.sort_out(chunk, failed)?;
        }
        // Of what is sent nobody has heard yet how it ends.
        if self.input_ended && !self.sink.is_sent {
            self.end_of_input();
        }
        Ok(())
    }

    /// Asks for the keys that a worker did not come to, from as many workers as have nothing else to do.
    fn ask_for_rest(&mut self, rest: &Chunk) {
        let out = self.keyed.as_ref().map_or(0, |keyed| keyed.tasks.len()) + self.in_flight.len();
        let parts = self.limits.tasks.saturating_sub(out).clamp(1, rest.len());
        let step = rest.len().div_ceil(parts);
        for start in (0..rest.len()).step_by(step) {
            let part = rest.slice(start..(start + step).min(rest.len()));
            self.ask_for_keys(Arc::new(part));
        }
    }

    /// A worker broke down over the keys of a task. One item: it has none, if it is to blame. More: nobody knows which, so
    /// each is asked for alone.
    pub(super) fn settle_keys_alone(
        &mut self,
        task: u64,
        to_blame: bool,
        failure: Failure,
    ) -> Result<(), StepFault> {
        let Some(keyed) = &mut self.keyed else { return Ok(()) };
        let Some(first) = keyed.tasks.get(&task).copied() else { return Ok(()) };
        let Some(chunk) = keyed.chunks.get(&first).map(|keyed| Arc::clone(&keyed.chunk)) else {
            return Ok(());
        };
        if chunk.len() == 1 && to_blame {
            let message = format!("`key` failed: {}", failure.message);
            let failed = vec![(0, Failure { message, retryable: false, ..failure })];
            return self.take_keys(KeyReport {
                task,
                keys: vec![Box::default()],
                failed,
                elapsed: Duration::ZERO,
            });
        }
        keyed.tasks.remove(&task);
        keyed.chunks.remove(&first);
        (0..chunk.len()).for_each(|at| self.ask_for_keys(Arc::new(chunk.slice(at..at + 1))));
        Ok(())
    }

    /// Offers items that still had no key when the step ended, so that they are counted.
    pub(super) fn offer_keyed(&mut self) {
        let Some(keyed) = self.keyed.take() else { return };
        for (first, keyed) in keyed.chunks {
            self.scheduler.offer(keyed.chunk.len() as u64);
            self.fresh.insert(first, Arc::unwrap_or_clone(keyed.chunk));
        }
        if self.input_ended {
            self.scheduler.end_of_input();
        }
    }
}
