//! A watch lets other threads of a worker see which shard its attempt is at, and how far.

use std::sync::{Mutex, PoisonError};

use crate::event::Tally;
use crate::value::ShardId;

/// Where an attempt is.
#[derive(Debug)]
pub struct AttemptWatch(Mutex<(ShardId, u32, Tally)>);

impl AttemptWatch {
    pub(super) fn new(shard: ShardId, attempt: u32) -> Self {
        Self(Mutex::new((shard, attempt, Tally::default())))
    }

    pub(super) fn set(&self, shard: &ShardId, attempt: u32, tally: Tally) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (shard.clone(), attempt, tally);
    }

    /// The shard, the number of the attempt, and how the items of the shard have ended that are on the disk.
    pub fn get(&self) -> (ShardId, u32, Tally) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
