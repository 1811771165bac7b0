//! All parts of a split output are put in their places together.
//!
//! They lie complete beside their places. First the manifest says that they are moving, where each of them is and which
//! files were there before; then they are renamed, then files of before that are not among them are removed, then the
//! manifest says that it is done. A run that is killed in between leaves files of both kinds, and the next run of the step
//! goes on where it was.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::leftovers::{self, Unplaced, relative};
use super::manifest::{Entry, LockedManifest};
use super::options::SplitOptions;
use super::part::PartFile;
use crate::data::DataError;
use crate::data::write::beside;

/// Files that are brought to the disk one by one; of more than these, the whole file system is.
const FEW: usize = 64;

/// How often other runs may come in between.
const TRIES: u32 = 100;

/// Finishes what a killed run of the step has left half done, and removes the parts that it never put in place.
///
/// # Errors
/// Fails when the manifest cannot be read, and when a file cannot be put in its place.
pub fn settle_split(options: &SplitOptions) -> Result<(), DataError> {
    let folder = options.folder();
    if !folder.is_dir() {
        return Ok(());
    }
    // The lock is held until all is cleared.
    let _locked = settled(options, &folder)?;
    leftovers::clear(&folder, &options.owner);
    Ok(())
}

/// The manifest of the folder and the entry of the step, once nothing of it is on its way any more.
fn settled(options: &SplitOptions, folder: &Path) -> Result<(LockedManifest, Entry), DataError> {
    let mut manifest = LockedManifest::open(folder)?;
    let entry = manifest.entry(&options.owner);
    if entry.moving {
        finish(&mut manifest, folder, entry, MissingParts::Left)?;
    }
    let entry = manifest.entry(&options.owner);
    Ok((manifest, entry))
}

/// Puts parts in their places and takes away what the last run of the step had there.
pub(super) fn put_in_place(
    options: &SplitOptions,
    unplaced: &mut Unplaced,
    parts: &[PartFile],
) -> Result<(), DataError> {
    let folder = options.folder();
    let mut targets = HashSet::new();
    if let Some(twice) = parts.iter().find(|part| !targets.insert(&part.target)) {
        return Err(DataError::Usage(format!(
            "two parts would be one file, `{}`; put a `/` or another sign between `{{key}}` and `{{part}}`",
            twice.name
        )));
    }
    let fail = |source| DataError::Io { intent: "write", path: folder.clone(), source };
    sync(parts.iter().map(|part| &*part.temporary)).map_err(fail)?;
    let paths = |of: fn(&PartFile) -> &Path| parts.iter().map(|part| relative(&folder, of(part))).collect();
    let mut tries = 0;
    let (mut manifest, moving) = loop {
        tries += 1;
        // A run of the step that was killed meanwhile may have been half done.
        let (mut manifest, entry) = settled(options, &folder)?;
        if parts.is_empty() && entry.files.is_empty() {
            return Ok(());
        }
        let (old, files) = (entry.files.clone(), paths(|part| &part.target));
        let moving = Entry { moving: true, old, parts: paths(|part| &part.temporary), files, ..entry };
        match manifest.replace(&moving) {
            Ok(()) => break (manifest, moving),
            // Another run has made the first manifest of the folder.
            Err(DataError::Io { source, .. })
                if source.kind() == io::ErrorKind::AlreadyExists && tries < TRIES => {}
            Err(error) => {
                // It may stand in the manifest all the same, which needs the parts then.
                drop(manifest);
                if LockedManifest::open(&folder).is_ok_and(|manifest| manifest.entry(&options.owner).moving) {
                    let _ = unplaced.hand_over();
                }
                return Err(error);
            }
        }
    };
    unplaced.hand_over().map_err(fail)?;
    finish(&mut manifest, &folder, moving, MissingParts::Error)
}

/// Brings files or folders to the disk.
fn sync<'p>(paths: impl ExactSizeIterator<Item = &'p Path>) -> io::Result<()> {
    if paths.len() <= FEW {
        return paths.map(File::open).try_for_each(|file| file?.sync_all());
    }
    // Each call for one of them waits for the disk. They may lie on several file systems.
    let mut devices = HashSet::new();
    for path in paths {
        let device = fs::metadata(path)?.dev();
        if devices.insert(device) {
            rustix::fs::syncfs(File::open(path)?)?;
        }
    }
    Ok(())
}

/// What a part is that is neither in its place nor where it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MissingParts {
    /// Somebody has taken it away since the run was killed that wrote it.
    Left,
    Error,
}

/// Renames what is not in its place yet, removes what was there before, and says so in the manifest.
fn finish(
    manifest: &mut LockedManifest,
    folder: &Path,
    entry: Entry,
    missing: MissingParts,
) -> Result<(), DataError> {
    let mut folders = BTreeSet::new();
    for (file, part) in entry.files.iter().zip(&entry.parts) {
        let (target, part) = (folder.join(file), folder.join(part));
        match fs::rename(&part, &target) {
            // It was renamed before the run was killed.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && (missing == MissingParts::Left || target.is_file()) => {}
            Err(source) => {
                return Err(DataError::Usage(format!(
                    "cannot replace `{}`: {source}; make room for it, or remove `{}`, and the files of earlier runs are nobody's",
                    target.display(),
                    manifest.path().display()
                )));
            }
            Ok(()) => folders.extend(target.parent().map(Path::to_path_buf)),
        }
    }
    let synced = sync(folders.iter().map(PathBuf::as_path));
    synced.map_err(|source| DataError::Io { intent: "write", path: folder.to_owned(), source })?;
    let kept: HashSet<&String> = entry.files.iter().collect();
    for old in entry.old.iter().filter(|old| !kept.contains(old)) {
        remove(&folder.join(old))?;
    }
    manifest.replace(&Entry { moving: false, parts: Vec::new(), old: Vec::new(), ..entry })?;
    beside::clear_leftovers(manifest.path());
    Ok(())
}

fn remove(file: &Path) -> Result<(), DataError> {
    match fs::remove_file(file) {
        // Somebody has taken it away, or put something else there that is not ours.
        Err(error) if error.kind() == io::ErrorKind::NotFound || file.is_dir() => Ok(()),
        Err(source) => Err(DataError::Io { intent: "remove", path: file.to_owned(), source }),
        Ok(()) => Ok(()),
    }
}
