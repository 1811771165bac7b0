//! Items of a step with `key:` that is sent get their keys here where something is known of them: by its key an item is found in
//! the old run, and only what is not found there is sent.

use std::sync::Arc;

use super::keyed_chunks::KeyedChunks;
use super::no_pool::NoPool;
use super::{Coordinator, StepFault};
use crate::engine::context::LOOK_UP;
use crate::value::Chunk;

/// Chunks that are with each worker, or wait for those before them.
const CHUNKS_EACH: usize = 2;

impl Coordinator<'_> {
    /// Asks for the keys of a chunk, and sorts out the chunks that have got theirs.
    pub(super) fn sort_out_by_keys(&mut self, chunk: Chunk) -> Result<(), StepFault> {
        self.ask_for_keys(Arc::new(chunk));
        self.hear_keys(CHUNKS_EACH * self.limits.tasks)
    }

    /// Waits until no more chunks than these are without keys, or the step stops.
    pub(super) fn hear_keys(&mut self, most: usize) -> Result<(), StepFault> {
        let out = |keyed: &Option<KeyedChunks>| keyed.as_ref().map_or(0, |keyed| keyed.chunks.len());
        while out(&self.keyed) > most {
            self.look_outside();
            if let Some(fault) = self.context.fault() {
                return Err(StepFault::State(fault.clone()));
            }
            if self.scheduler.stop().is_some() {
                return Ok(());
            }
            self.tell_progress();
            if let Some(reply) = self.pool.reply(LOOK_UP, None) {
                self.hear(reply)?;
            }
        }
        Ok(())
    }

    /// Lets the workers go that have made the keys. Items that have none because the step stops were not run.
    pub(super) fn end_keys(&mut self) -> Result<(), StepFault> {
        self.obey_stop();
        if self.scheduler.stop().is_some() {
            self.offer_keyed();
            self.put_away_unstarted()?;
        }
        self.join_workers();
        self.pool = Box::new(NoPool);
        Ok(())
    }
}
