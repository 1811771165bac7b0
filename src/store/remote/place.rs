//! This type knows the names in the folder of a sent step. A name that nobody writes is never taken for one that somebody does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::publish::{self, Published};
use super::record::CommitRecord;
use super::remote_file::{RemoteFile, TokenClaim};
use crate::store::segment::sync_folder;
use crate::store::{StoreError, paths, private};
use crate::value::ShardId;

/// Folders in it.
const FOLDERS: [&str; 9] = ["try", "done", "split", "wave", "beat", "carry", "token", "log", "tmp"];

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
        let folder = Self::of_step(run, step).folder;
        for name in FOLDERS {
            let path = folder.join(name);
            private::folders(&path).map_err(|error| StoreError::io("create", &path, error))?;
        }
        let place = Self::open(folder);
        publish::probe(&place.temporary())
            .map_err(|error| StoreError::io("give a second name to a file in", &place.folder, error))?;
        Ok(place)
    }

    /// The folder of a step in that of a run, whether it is there or not.
    pub fn of_step(run: &Path, step: &str) -> Self {
        Self::open(paths::step(run, step).join("remote"))
    }

    /// The folder of a step that was made.
    pub fn open(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folders of all sent steps of a run.
    pub fn all(state: &Path, run: &str) -> Vec<Self> {
        let state = std::path::absolute(state).unwrap_or_else(|_| state.to_path_buf());
        let steps = fs::read_dir(paths::steps(&paths::run(&state, run)));
        let places = steps.into_iter().flatten().flatten().map(|step| step.path().join("remote"));
        places.filter(|place| place.is_dir()).map(Self::open).collect()
    }

    /// Whether the items of the step were cut for workers, and are not all done.
    pub fn has_shards(&self) -> bool {
        self.is_in_use() && self.file(&RemoteFile::Cut).exists()
    }

    /// Whether workers may be at work in it: what they need is there.
    pub fn is_in_use(&self) -> bool {
        self.file(&RemoteFile::Job).exists()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Where a file is.
    pub fn file(&self, file: &RemoteFile<'_>) -> PathBuf {
        self.folder.join(file.name())
    }

    /// The items of a source, for the workers of all steps that read it.
    pub fn items_of(&self, source: &str) -> PathBuf {
        self.folder.ancestors().nth(2).unwrap_or(&self.folder).join(source).join(paths::ITEMS)
    }

    /// Makes room for the items of a source, which its owner alone may read.
    ///
    /// # Errors
    /// Fails when the folder cannot be made.
    pub fn make_items_of(&self, source: &str) -> Result<PathBuf, StoreError> {
        let path = self.items_of(source);
        let folder = path.parent().unwrap_or(&self.folder);
        private::folders(folder).map_err(|error| StoreError::io("create", folder, error))?;
        Ok(path)
    }

    /// Removes the items of all sources of a run: none of its workers is left.
    ///
    /// # Errors
    /// Fails when something is there and stays.
    pub fn clear_items(state: &Path, run: &str) -> Result<(), StoreError> {
        clear_items(&paths::run(state, run))
    }

    /// The file of an attempt.
    pub fn attempt(&self, shard: &ShardId, attempt: u32) -> PathBuf {
        self.folder.join("try").join(format!("{shard}.{attempt}.zst"))
    }

    /// What an attempt has at work.
    pub fn slots(&self, shard: &ShardId, attempt: u32) -> PathBuf {
        self.folder.join("try").join(format!("{shard}.{attempt}.now"))
    }

    /// The attempts at a shard that there are, in their order.
    ///
    /// # Errors
    /// Fails when they cannot be listed.
    pub fn attempts(&self, shard: &ShardId) -> Result<Vec<u32>, StoreError> {
        let is_of_shard = |(of, attempt): (ShardId, u32)| (of == *shard).then_some(attempt);
        let mut numbers: Vec<u32> = self.all_attempts()?.into_iter().filter_map(is_of_shard).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// All attempts that were claimed, in no order.
    ///
    /// # Errors
    /// Fails when they cannot be listed.
    pub fn all_attempts(&self) -> Result<Vec<(ShardId, u32)>, StoreError> {
        Ok(self.names("try")?.iter().filter_map(|name| of_attempt(name.strip_suffix(".zst")?)).collect())
    }

    /// The attempts whose workers have said how far they are, in no order.
    ///
    /// # Errors
    /// Fails when they cannot be listed.
    pub fn beats(&self) -> Result<Vec<(ShardId, u32)>, StoreError> {
        Ok(self.names("beat")?.iter().filter_map(|name| of_attempt(name)).collect())
    }

    /// The shards that have a record, in the order of their names.
    ///
    /// # Errors
    /// Fails when they cannot be listed, and at a name that is none of a shard: whoever made it may have meant anything.
    pub fn done(&self) -> Result<Vec<ShardId>, StoreError> {
        self.shards("done")
    }

    /// The shards whose rest was cut, in the order of their names.
    ///
    /// # Errors
    /// Fails as [`RemotePlace::done`] does.
    pub fn splits(&self) -> Result<Vec<ShardId>, StoreError> {
        self.shards("split")
    }

    /// The waves that were written down, in their order.
    ///
    /// # Errors
    /// Fails when they cannot be listed, and at a name that is none of a wave.
    pub fn waves(&self) -> Result<Vec<u32>, StoreError> {
        let folder = self.folder.join("wave");
        let number = |name: String| {
            let strange = || StoreError::damaged(&folder.join(&name), "it is no name of a wave");
            name.strip_suffix(".json").and_then(|name| name.parse().ok()).ok_or_else(strange)
        };
        let mut waves = self.names("wave")?.into_iter().map(number).collect::<Result<Vec<u32>, _>>()?;
        waves.sort_unstable();
        Ok(waves)
    }

    /// The claims on the budget of retries, in no order, and whether a name says what is left of one.
    ///
    /// # Errors
    /// Fails when they cannot be listed, and at a name that is none of a claim.
    pub(super) fn tokens(&self) -> Result<Vec<(TokenClaim, bool)>, StoreError> {
        let folder = self.folder.join("token");
        let claim = |name: String| {
            let strange = || StoreError::damaged(&folder.join(&name), "it is no name of a claim");
            TokenClaim::parse(&name).ok_or_else(strange)
        };
        self.names("token")?.into_iter().map(claim).collect()
    }

    fn shards(&self, name: &str) -> Result<Vec<ShardId>, StoreError> {
        let folder = self.folder.join(name);
        let mut shards = Vec::new();
        for name in self.names(name)? {
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
        let file = RemoteFile::Done(shard);
        let damaged = |what| StoreError::damaged(&self.file(&file), what);
        self.read(&file)?.map(|bytes| CommitRecord::decode(&bytes, shard).map_err(damaged)).transpose()
    }

    /// Commits a shard: the first record of a shard counts, whoever makes it.
    ///
    /// # Errors
    /// Fails when it cannot be made.
    pub fn commit(&self, record: &CommitRecord) -> Result<Published, StoreError> {
        self.make_once(&RemoteFile::Done(&record.shard), &record.encode())
    }

    /// What stands in a file; `None`: it is not there.
    ///
    /// # Errors
    /// Fails when it cannot be read.
    pub fn read(&self, file: &RemoteFile<'_>) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.file(file);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", &path, error)),
        }
    }

    /// Makes a file as a whole, unless its name is taken.
    ///
    /// # Errors
    /// Fails when it cannot be made.
    pub fn make_once(&self, file: &RemoteFile<'_>, bytes: &[u8]) -> Result<Published, StoreError> {
        let path = self.file(file);
        let published = publish::once(&self.temporary(), &path, bytes);
        let published = published.map_err(|error| StoreError::io("create", &path, error))?;
        sync_folder(path.parent().unwrap_or(&self.folder))?;
        Ok(published)
    }

    /// Puts this into the place of what stood in a file, without waiting for the disk: what is said there is soon said anew.
    ///
    /// # Errors
    /// Fails when it cannot be written.
    pub fn replace(&self, file: &RemoteFile<'_>, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.file(file);
        publish::replace(&self.temporary(), &path, bytes)
            .map_err(|error| StoreError::io("write", &path, error))
    }

    /// Writes what nobody but the workers may see.
    ///
    /// # Errors
    /// Fails when it cannot be written.
    pub fn write_secrets(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.file(&RemoteFile::Secrets);
        private::replace(&path, bytes).map_err(|error| StoreError::io("write", &path, error))
    }

    /// Removes what only workers needed. The cut stays, and unless everything went well, what they have printed.
    ///
    /// # Errors
    /// Fails when something is there and stays.
    pub fn clear(&self, is_well: bool) -> Result<(), StoreError> {
        // Without these nobody takes the rest for that of a step which goes on.
        self.remove(&RemoteFile::Job)?;
        self.remove(&RemoteFile::Secrets)?;
        for name in FOLDERS.into_iter().filter(|name| is_well || *name != "log") {
            let path = self.folder.join(name);
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", &path, error));
                }
                _ => {}
            }
        }
        let own = [RemoteFile::Sources, RemoteFile::Input, RemoteFile::Items];
        let files = own.into_iter().chain([RemoteFile::Control, RemoteFile::Fleet]);
        files.into_iter().try_for_each(|file| self.remove(&file))
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// Fails when it is there and stays.
    pub fn remove(&self, file: &RemoteFile<'_>) -> Result<(), StoreError> {
        let path = self.file(file);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io("remove", &path, error))
            }
            _ => Ok(()),
        }
    }

    /// Where temporary names are given.
    fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let path = self.folder.join(folder);
        let failed = |error| StoreError::io("read", &path, error);
        let entries = match fs::read_dir(&path) {
            // What is cleared away holds nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let name = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
        };
        entries.map(name).collect::<Result<_, _>>().map_err(failed)
    }
}

/// The same in the folder of the run.
pub(super) fn clear_items(run: &Path) -> Result<(), StoreError> {
    for step in fs::read_dir(paths::steps(run)).into_iter().flatten().flatten() {
        let path = step.path().join(paths::ITEMS);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", &path, error));
            }
            Err(_) => {}
            // Where nothing else was kept of the source, the folder was made for them.
            Ok(()) => drop(fs::remove_dir(step.path())),
        }
    }
    Ok(())
}

/// The shard and the number of an attempt, as they stand in the name of a file.
fn of_attempt(name: &str) -> Option<(ShardId, u32)> {
    let (shard, number) = name.rsplit_once('.')?;
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    Some((shard.parse().ok()?, number.parse::<u32>().ok().filter(|_| is_plain)?))
}
