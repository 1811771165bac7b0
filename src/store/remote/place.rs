//! This type knows the names in the folder of a sent step. A name that nobody writes is never taken for one that somebody does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::publish::{self, Published};
use super::record::CommitRecord;
use crate::store::segment::sync_folder;
use crate::store::{StoreError, paths, private};
use crate::value::ShardId;

/// Folders in it.
const FOLDERS: [&str; 4] = ["try", "done", "split", "tmp"];

/// The folder of one sent step.
#[derive(Debug, Clone)]
pub struct RemotePlace {
    folder: PathBuf,
}

impl RemotePlace {
    /// Makes the folder of a step in the folder of a run, for its owner alone.
    ///
    /// # Errors
    /// Fails when it cannot be made, and where files cannot have two names.
    pub fn create(run: &Path, step: &str) -> Result<Self, StoreError> {
        let folder = paths::step(run, step).join("remote");
        for name in FOLDERS {
            let path = folder.join(name);
            private::folders(&path).map_err(|error| StoreError::io("create", &path, error))?;
        }
        let place = Self::open(folder);
        publish::probe(&place.temporary())
            .map_err(|error| StoreError::io("give a second name to a file in", &place.folder, error))?;
        Ok(place)
    }

    /// The folder of a step that was made.
    pub fn open(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The file of an attempt.
    pub fn attempt(&self, shard: &ShardId, attempt: u32) -> PathBuf {
        self.folder.join("try").join(format!("{shard}.{attempt}.zst"))
    }

    /// The attempts at a shard that there are, in their order.
    ///
    /// # Errors
    /// Fails when they cannot be listed.
    pub fn attempts(&self, shard: &ShardId) -> Result<Vec<u32>, StoreError> {
        let name = shard.to_string();
        let number = |file: String| {
            let number = file.strip_suffix(".zst")?.strip_prefix(&name)?.strip_prefix('.')?;
            let is_plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
            number.parse::<u32>().ok().filter(|_| is_plain)
        };
        let mut numbers: Vec<u32> = self.names("try")?.into_iter().filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The shards that have a record, in the order of their names.
    ///
    /// # Errors
    /// Fails when they cannot be listed, and at a name that is none of a shard: whoever made it may have meant anything.
    pub fn done(&self) -> Result<Vec<ShardId>, StoreError> {
        let folder = self.folder.join("done");
        let mut shards = Vec::new();
        for name in self.names("done")? {
            let strange = |_| StoreError::damaged(&folder.join(&name), "it is no name of a shard");
            shards.push(name.parse().map_err(strange)?);
        }
        shards.sort();
        Ok(shards)
    }

    /// The record of a shard; `None`: there is none.
    ///
    /// # Errors
    /// Fails when it cannot be read or is damaged.
    pub fn record(&self, shard: &ShardId) -> Result<Option<CommitRecord>, StoreError> {
        let path = self.record_path(shard);
        match fs::read(&path) {
            Ok(bytes) => {
                CommitRecord::decode(&bytes, shard).map(Some).map_err(|what| StoreError::damaged(&path, what))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", &path, error)),
        }
    }

    /// Commits a shard: the first record of a shard counts, whoever makes it.
    ///
    /// # Errors
    /// Fails when it cannot be made.
    pub fn commit(&self, record: &CommitRecord) -> Result<Published, StoreError> {
        self.make_once(&self.record_path(&record.shard), &record.encode())
    }

    /// Makes a file as a whole, unless its name is taken.
    fn make_once(&self, path: &Path, bytes: &[u8]) -> Result<Published, StoreError> {
        let published = publish::once(&self.temporary(), path, bytes);
        let published = published.map_err(|error| StoreError::io("create", path, error))?;
        sync_folder(path.parent().unwrap_or(&self.folder))?;
        Ok(published)
    }

    fn record_path(&self, shard: &ShardId) -> PathBuf {
        self.folder.join("done").join(shard.to_string())
    }

    /// Where temporary names are given.
    fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let path = self.folder.join(folder);
        let failed = |error| StoreError::io("read", &path, error);
        let entries = fs::read_dir(&path).map_err(failed)?;
        let name = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
        };
        entries.map(name).collect::<Result<_, _>>().map_err(failed)
    }
}
