//! A run of one shard notes which items it has worked on, so that they can be put together with those of the others.

use std::sync::{Mutex, PoisonError};

use crate::engine::shard::ShardOptions;
use crate::store::{SHARD_PROTOCOL, ShardRecord, ShardStep};

/// What the steps of one shard's run have noted.
#[derive(Debug, Default)]
pub(in crate::engine) struct ShardNotes(Mutex<Vec<ShardStep>>);

impl ShardNotes {
    /// Notes the slice of a step.
    pub(in crate::engine) fn note(&self, step: ShardStep) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    }

    /// All of it, for the record of the run.
    pub(in crate::engine) fn record(&self, options: &ShardOptions, seed: u64) -> ShardRecord {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        steps.sort_by(|one, other| one.step.cmp(&other.step));
        let (number, of) = (options.shard.number(), options.shard.of());
        ShardRecord { protocol: SHARD_PROTOCOL, number, of, plan: options.plan.clone(), seed, steps }
    }
}
