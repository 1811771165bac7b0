//! The turn of a pipeline is held by one process at a time of those that ask for it, so that two which begin at once do
//! not both find nothing going on. Runs that do not ask are found by their own locks.

use std::fs::{File, TryLockError};
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::{Catalogue, RunRecord, StoreError, lock, paths, private, run_dir};

/// Held until it is dropped; the operating system lets it go when the process ends, however it ends.
#[derive(Debug)]
pub struct Turn {
    _file: File,
}

impl Turn {
    /// Takes the turn of a pipeline file, known by its whole path; `None`: another process has it.
    ///
    /// # Errors
    /// Fails when the state folder or the file of the lock cannot be made.
    pub fn take(state: &Path, file: &Path) -> Result<Option<Self>, StoreError> {
        run_dir::make_state(state)?;
        let folder = paths::turns(state);
        private::folders(&folder).map_err(|error| StoreError::io("create", &folder, error))?;
        let path = folder.join(format!("{:016x}", xxh3_64(file.as_os_str().as_encoded_bytes())));
        let opened = private::options().create(true).truncate(false).open(&path);
        let opened = opened.map_err(|error| StoreError::io("create the lock", &path, error))?;
        match opened.try_lock() {
            Ok(()) => Ok(Some(Self { _file: opened })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &path, error)),
        }
    }
}

impl Catalogue {
    /// The runs that a process is at work on, the newest first.
    ///
    /// # Errors
    /// Fails when the folder of runs cannot be read.
    pub fn live(&self) -> Result<Vec<RunRecord>, StoreError> {
        let mut ids = self.ids()?;
        ids.retain(|id| lock::holder(&self.path(id)).is_some());
        let mut live = Vec::new();
        for id in ids.iter().rev() {
            match self.record(id) {
                Ok(record) => live.extend(Some(record).filter(|record| record.holder.is_some())),
                // One that has just ended is none.
                Err(_) if lock::holder(&self.path(id)).is_none() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(live)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_the_turn_of_a_pipeline_at_a_time() {
        let dir = tempfile::tempdir().expect("a folder");
        let take = |file: &str| Turn::take(dir.path(), Path::new(file)).expect("room");
        let held = take("/a/p.yaml").expect("free");
        assert!(take("/a/p.yaml").is_none());
        assert!(take("/b/p.yaml").is_some(), "another pipeline");
        drop(held);
        assert!(take("/a/p.yaml").is_some());
    }
}
