//! Parts that have no place yet are remembered in a list beside the output, so that those of a killed run can be removed.
//!
//! The list is a locked file like any unfinished output, see `beside`: the lock says whether its run is alive. A part is noted
//! before it is made. Each line is a JSON string: the path of a part, or with a slash at its end that of a folder that was
//! made for parts; both are relative to the folder of the output.

use std::fs::{self, File, Permissions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::options::{SplitOptions, SplitOwner};
use crate::data::DataError;
use crate::data::write::beside;
use crate::data::write::target::{NEW_FILE_MODE, folder_of, missing_folders};

/// Parts of this run that are not in their places. Dropped, it removes them.
pub(super) struct Unplaced {
    folder: PathBuf,
    owner: SplitOwner,
    list: Option<NamedTempFile>,
    parts: u64,
}

/// A key makes a name that no file can have.
fn too_long(name: &str) -> DataError {
    let part = name.split('/').max_by_key(|part| part.len()).unwrap_or_default();
    let (bytes, begins) = (part.len(), part.chars().take(40).collect::<String>());
    DataError::Usage(format!(
        "a key makes the name `{begins}…` of {bytes} bytes, and a file's name may have no more than 255; let `by` give shorter keys, such as a hash"
    ))
}

impl Unplaced {
    /// None yet. Nothing is written before the first part.
    pub(super) fn new(options: &SplitOptions) -> Self {
        Self { folder: options.folder(), owner: options.owner.clone(), list: None, parts: 0 }
    }

    /// Makes a file that will belong at `target`, which is `name` in messages, and says where it is.
    pub(super) fn create(&mut self, target: &Path, name: &str) -> Result<(File, PathBuf), DataError> {
        let fail = |intent, source: io::Error| match source.kind() {
            io::ErrorKind::InvalidFilename => too_long(name),
            _ => DataError::Io { intent, path: name.into(), source },
        };
        self.begin().map_err(|source| fail("create the folder of", source))?;
        let folder = folder_of(target);
        self.make_folders(folder).map_err(|source| fail("create the folder of", source))?;
        // In its folder, which is there now, a name may still be too long.
        let mode = mode_of(target).map_err(|source| fail("replace", source))?;
        self.create_beside(folder, mode).map_err(|source| fail("create a file beside", source))
    }

    /// The parts are somebody else's from now on.
    pub(super) fn hand_over(&mut self) -> io::Result<()> {
        self.list.as_ref().map_or(Ok(()), |list| list.as_file().set_len(0))
    }

    /// Makes the folder of the output and the list in it.
    fn begin(&mut self) -> io::Result<()> {
        if self.list.is_some() {
            return Ok(());
        }
        let made = missing_folders(&self.folder);
        fs::create_dir_all(&self.folder)?;
        self.list = Some(beside::create(&list_target(&self.folder, &self.owner))?);
        made.iter().rev().try_for_each(|folder| self.note(folder, "/"))
    }

    fn make_folders(&mut self, folder: &Path) -> io::Result<()> {
        let made = missing_folders(folder);
        made.iter().rev().try_for_each(|folder| self.note(folder, "/"))?;
        if made.is_empty() { Ok(()) } else { fs::create_dir_all(folder) }
    }

    fn create_beside(&mut self, folder: &Path, mode: u32) -> io::Result<(File, PathBuf)> {
        let list = self.list.as_ref().expect("it has begun");
        let stem = list.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
        loop {
            self.parts += 1;
            let path = folder.join(format!("{stem}-{}.tmp", self.parts));
            self.note(&path, "")?;
            match File::options().write(true).create_new(true).mode(mode).open(&path) {
                Ok(file) => {
                    if mode != NEW_FILE_MODE {
                        file.set_permissions(Permissions::from_mode(mode))?;
                    }
                    return Ok((file, path));
                }
                // A part whose list is lost. It is not ours to remove.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn note(&mut self, path: &Path, end: &str) -> io::Result<()> {
        let relative = relative(&self.folder, path);
        let line = format!("{}\n", serde_json::json!(format!("{relative}{end}")));
        self.list.as_ref().expect("it has begun").as_file().write_all(line.as_bytes())
    }
}

impl Drop for Unplaced {
    fn drop(&mut self) {
        if let Some(list) = self.list.take() {
            let folders = clean(&self.folder, list.as_file());
            drop(list);
            remove_empty(&folders);
        }
    }
}

/// Removes the parts that killed runs of a step have left, which somebody with the lock of the manifest may do.
pub(super) fn clear(folder: &Path, owner: &SplitOwner) {
    for name in beside::paths(&list_target(folder, owner)) {
        if let Some(list) = beside::claim(&name) {
            let folders = clean(folder, &list);
            let _ = fs::remove_file(&name);
            remove_empty(&folders);
        }
    }
}

/// What the name of a step's lists is made from.
fn list_target(folder: &Path, owner: &SplitOwner) -> PathBuf {
    let mut hasher = blake3::Hasher::new();
    hasher.update(owner.pipeline.as_os_str().as_encoded_bytes()).update(&[0]).update(owner.step.as_bytes());
    folder.join(format!("parts-{}", hasher.finalize().to_hex()))
}

/// Removes the parts that a list names, and gives the folders that were made for them, the outer ones first.
fn clean(folder: &Path, mut list: &File) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if list.seek(SeekFrom::Start(0)).is_err() {
        return folders;
    }
    // A line that was cut off in the middle names nothing that was made.
    for line in BufReader::new(list).lines().map_while(Result::ok) {
        let Ok(path) = serde_json::from_str::<String>(&line) else { continue };
        let is_part = Path::new(&path).file_name().is_some_and(|name| {
            let name = name.as_encoded_bytes();
            name.starts_with(b".flowrun-") && name.ends_with(b".tmp")
        });
        match path.strip_suffix('/') {
            Some(made) => folders.push(folder.join(made)),
            None if is_part => drop(fs::remove_file(folder.join(path))),
            None => {}
        }
    }
    folders
}

/// Removes those folders in which nothing is, once the list is gone, too.
fn remove_empty(folders: &[PathBuf]) {
    for made in folders.iter().rev() {
        let _ = fs::remove_dir(made);
    }
}

/// The mode of the file that is to be made for a target: that of the one that is there.
fn mode_of(target: &Path) -> io::Result<u32> {
    match fs::symlink_metadata(target) {
        Ok(old) if old.is_file() => Ok(old.permissions().mode() & 0o777),
        Ok(old) => {
            let what = if old.is_dir() { "a folder" } else { "no ordinary file" };
            Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{what} of this name is there")))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(NEW_FILE_MODE),
        Err(error) => Err(error),
    }
}

/// A path below `folder`, or above it where it has been made for it.
pub(super) fn relative(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned()
}
