//! The record of a run of one shard says which items it has worked on. It is there once the run has ended well, so a run
//! without it is no whole shard.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Catalogue, RunDir, StoreError, paths};

/// Version of what a record says. Another one is not understood.
pub const SHARD_PROTOCOL: u32 = 1;

/// What the run of one shard has worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardRecord {
    /// [`SHARD_PROTOCOL`] of the flowrun that wrote it.
    pub protocol: u32,
    /// Which shard, from 1.
    pub number: u64,
    /// How many there are.
    pub of: u64,
    /// Digest of the plan.
    pub plan: String,
    /// Seed of jitter and random numbers.
    pub seed: u64,
    /// The steps that it has worked on, by name.
    pub steps: Vec<ShardStep>,
}

/// The slice of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardStep {
    /// The step's name.
    pub step: String,
    /// Items of the step in all.
    pub items: u64,
    /// Index of the first item of the slice, from 1.
    pub first: u64,
    /// Items of the slice.
    pub count: u64,
    /// Digest of all items of the step, not of the slice alone.
    pub digest: String,
}

impl RunDir {
    /// Keeps what the run of a shard has worked on.
    ///
    /// # Errors
    /// Fails when the file cannot be written.
    pub fn write_shard(&self, record: &ShardRecord) -> Result<(), StoreError> {
        let json = serde_json::to_string(record).expect("numbers and texts are JSON");
        self.write_beside(&paths::shard(self.path()), &json)
    }
}

impl Catalogue {
    /// What a run, by its whole id, has worked on as a shard; `None`: it is none, or has not ended well.
    ///
    /// # Errors
    /// Fails when the record is there and cannot be read, or is of another version.
    pub fn shard(&self, id: &str) -> Result<Option<ShardRecord>, StoreError> {
        read(&paths::shard(&self.path(id)))
    }
}

fn read(path: &Path) -> Result<Option<ShardRecord>, StoreError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("read", path, error)),
    };
    let is_known = |record: &ShardRecord| record.protocol == SHARD_PROTOCOL;
    match serde_json::from_str::<ShardRecord>(&text) {
        Ok(record) if is_known(&record) => Ok(Some(record)),
        Ok(record) => {
            let version = record.protocol;
            Err(StoreError::damaged(
                path,
                format!(
                    "it is a record of version {version}, and this flowrun knows version {SHARD_PROTOCOL}"
                ),
            ))
        }
        Err(error) => Err(StoreError::damaged(path, format!("it is no record of a shard: {error}"))),
    }
}
