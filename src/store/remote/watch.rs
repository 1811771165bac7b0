//! A watch lets other threads of a worker see which shard its attempt is at, and how far.

use std::sync::{Mutex, PoisonError};

use crate::event::Tally;
use crate::store::LastError;
use crate::value::ShardId;

/// Where an attempt is. What it counts is on the disk.
#[derive(Debug, Clone)]
pub struct AttemptProgress {
    /// The shard.
    pub shard: ShardId,
    /// Number of the attempt.
    pub attempt: u32,
    /// How items of the shard have ended.
    pub tally: Tally,
    /// What went wrong last in it, the newest first: five at most.
    pub errors: Vec<LastError>,
}

/// Where others see it.
#[derive(Debug)]
pub struct AttemptWatch(Mutex<AttemptProgress>);

impl AttemptWatch {
    pub(super) fn new(shard: ShardId, attempt: u32) -> Self {
        Self(Mutex::new(AttemptProgress { shard, attempt, tally: Tally::default(), errors: Vec::new() }))
    }

    pub(super) fn set(&self, progress: AttemptProgress) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }

    /// Where it is now.
    pub fn get(&self) -> AttemptProgress {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
