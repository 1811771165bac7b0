//! A file beside its target holds an output until it is whole. This module names such files, and removes those that
//! killed runs have left behind.
//!
//! The name tells the target and a number, so that they are found without listing a folder. The process that writes
//! to one holds a lock on it, which ends with the process however it ends: a file of this name without a lock is a
//! leftover.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use tempfile::NamedTempFile;

use super::target::{NEW_FILE_MODE, folder_of, follow_links, is_named};

/// Runs that may write to one target at the same time, which is far beyond any use.
const NUMBERS: u32 = 64;
/// How often another run may clear a file away that this one has made and not yet locked.
const TRIES: u32 = 100;

/// Makes the file for a target that is no link, and locks it. What a dead run has left under its name makes room.
pub(super) fn create(target: &Path) -> io::Result<NamedTempFile> {
    let folder = folder_of(target);
    for number in 0..NUMBERS {
        let name = name(target, number);
        for _ in 0..TRIES {
            match make(folder, &name) {
                Ok(Some(file)) => return Ok(file),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if !clear(&folder.join(&name)) {
                        break;
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
    Err(io::Error::other(format!("{NUMBERS} runs write to it already")))
}

/// Removes what runs that are no longer alive have left beside the target.
pub(super) fn clear_leftovers(target: &Path) {
    let Ok(target) = follow_links(target) else { return };
    for path in paths(&target) {
        clear(&path);
    }
}

/// Where files for a target that is no link may lie.
pub(super) fn paths(target: &Path) -> impl Iterator<Item = PathBuf> {
    (0..NUMBERS).map(move |number| folder_of(target).join(name(target, number)))
}

fn name(target: &Path, number: u32) -> String {
    // The name of the target itself could be too long for one with more to it.
    let name = target.file_name().unwrap_or_default().as_encoded_bytes();
    let digest = blake3::hash(name).to_hex();
    format!(".flowrun-{}-{number}.tmp", &digest[..16])
}

/// `None` when another run took it for a leftover before it was locked.
fn make(folder: &Path, name: &str) -> io::Result<Option<NamedTempFile>> {
    let file = tempfile::Builder::new()
        .prefix(name)
        .rand_bytes(0)
        .suffix("")
        .permissions(Permissions::from_mode(NEW_FILE_MODE))
        .tempfile_in(folder)?;
    // Where nothing can be locked, nobody can take it for a leftover either.
    if file.as_file().lock().is_ok() && file.as_file().metadata()?.nlink() == 0 {
        // Its name may be that of another run's file by now.
        let _ = file.into_temp_path().keep();
        return Ok(None);
    }
    Ok(Some(file))
}

/// Removes the file unless somebody may hold it. `true` when the name is free.
fn clear(path: &Path) -> bool {
    match open(path) {
        Err(error) => error.kind() == io::ErrorKind::NotFound,
        Ok(file) => take(&file, path) && std::fs::remove_file(path).is_ok(),
    }
}

/// Opens and locks what a dead run has left; `None`: it is no file, or somebody may hold it.
pub(super) fn claim(path: &Path) -> Option<File> {
    open(path).ok().filter(|file| take(file, path))
}

/// Locks a file that a dead run has left. `false`: somebody may hold it.
fn take(file: &File, path: &Path) -> bool {
    let (Ok(()), Ok(held)) = (file.try_lock(), file.metadata()) else { return false };
    // Under this name is what is locked, and not what has come there since: a target has been renamed meanwhile.
    is_named(path, &held) && held.is_file()
}

/// Opens what may be a file of a run: no link, and nothing that waits. Some file systems lock only what can be written.
fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    let open = |writes| File::options().read(true).write(writes).custom_flags(flags).open(path);
    match open(true) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => open(false),
        opened => opened,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_held_stays_and_what_nobody_holds_goes() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = dir.path().join("out.jsonl");
        let (one, other) = (create(&target).expect("room"), create(&target).expect("room"));
        let (one_path, other_path) = (one.path().to_owned(), other.path().to_owned());
        assert_ne!(one_path, other_path, "two runs side by side");
        let keep = |name: &str| fs::write(dir.path().join(name), "mine").expect("room");
        keep(".flowrun-abcdef.tmp");
        keep("other.tmp");
        // As after a kill: the file is there, and its lock is not.
        let (_, kept) = other.into_parts();
        kept.keep().expect("it is there");
        clear_leftovers(&target);
        assert!(one_path.exists() && !other_path.exists());
        drop(one);
        let mut left: Vec<_> = fs::read_dir(dir.path()).expect("there").flatten().collect();
        left.sort_by_key(fs::DirEntry::file_name);
        let names: Vec<_> = left.iter().map(|entry| entry.file_name().into_string().expect("text")).collect();
        assert_eq!(names, [".flowrun-abcdef.tmp", "other.tmp"]);
    }

    #[test]
    fn a_leftover_makes_room_and_what_is_no_file_does_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = dir.path().join("out.jsonl");
        let path = |number| dir.path().join(name(&target, number));
        fs::write(path(0), "half").expect("room");
        let file = create(&target).expect("room");
        assert_eq!((file.path(), file.as_file().metadata().expect("open").len()), (&*path(0), 0));
        fs::create_dir(path(1)).expect("room");
        std::os::unix::fs::symlink("x", path(2)).expect("room");
        assert_eq!(create(&target).expect("room").path(), path(3));
        assert!(path(1).is_dir() && path(2).is_symlink());
    }
}
