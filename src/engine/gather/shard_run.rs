//! This type is the run of one shard, where it lies.

use std::path::PathBuf;

use crate::store::{Catalogue, ShardRecord, ShardStep, StoreError, StoredRun};

/// The run of one shard.
#[derive(Debug, Clone)]
pub(super) struct ShardRun {
    /// The state folder.
    pub(super) folder: PathBuf,
    /// Its whole id.
    pub(super) run: String,
    pub(super) record: ShardRecord,
}

impl ShardRun {
    /// What it has noted of a step.
    pub(super) fn noted(&self, step: &str) -> Option<&ShardStep> {
        self.record.steps.iter().find(|noted| noted.step == step)
    }

    pub(super) fn open(&self) -> Result<StoredRun, StoreError> {
        Catalogue::new(&self.folder).open(&self.run)
    }

    /// `` shard 2/7 in `s2` ``
    pub(super) fn name(&self) -> String {
        format!("shard {}/{} in `{}`", self.record.number, self.record.of, self.folder.display())
    }
}
