//! This module makes the folder of `fs.tempfile` when a run starts, and removes it when the run ends; one that a
//! killed run has left goes with the next.
//!
//! A run holds a lock on its folder, which ends with the process however it ends. A folder of such a name without a
//! lock is a leftover.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Once;

use rustix::fs::OFlags;
use tempfile::TempDir;

use super::trees::{HeldTree, Missing};

/// What the names begin with, and how many random characters follow: nobody else's folder shall look like one.
const PREFIX: &str = "flowrun-scratch-";
const RANDOM: usize = 12;
/// How often another run may take away what was made and not yet locked.
const TRIES: u32 = 100;

/// The scratch folder of one run, readable and writable.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) folder: TempDir,
    pub(super) tree: HeldTree,
    /// Held until the end.
    _lock: File,
}

impl Scratch {
    /// Makes it where the system keeps temporary files; the first time, after looking there for what dead runs have left.
    pub(super) fn make() -> io::Result<Self> {
        static ONCE: Once = Once::new();
        let place = std::env::temp_dir();
        ONCE.call_once(|| clear_leftovers(&place));
        Self::make_in(&place).or_else(|error| {
            // The environment may name a folder that is not there.
            let mut others =
                ["/var/tmp", "/tmp"].iter().filter_map(|place| Self::make_in(Path::new(place)).ok());
            others.next().ok_or(error)
        })
    }

    fn make_in(place: &Path) -> io::Result<Self> {
        for _ in 0..TRIES {
            let folder = tempfile::Builder::new().prefix(PREFIX).rand_bytes(RANDOM).tempdir_in(place)?;
            // Gone already: another run has seen it before it was locked.
            let Ok(lock) = open(folder.path()) else { continue };
            // Where nothing can be locked, nobody can take it for a leftover either.
            let _ = lock.lock();
            if fs::symlink_metadata(folder.path()).is_ok_and(|named| is(&named, &lock)) {
                let tree = HeldTree::open(Path::new("/"), folder.path(), Missing::Leave);
                return Ok(Self { folder, tree, _lock: lock });
            }
        }
        Err(io::Error::other("other runs take the folder away"))
    }
}

/// Removes the folders of runs that are no longer alive.
fn clear_leftovers(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(is_named) {
            clear(&entry.path());
        }
    }
}

fn is_named(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX);
    random.is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Removes a folder of our own that nobody holds. What cannot be removed stays.
fn clear(path: &Path) {
    let own = rustix::process::geteuid().as_raw();
    let Ok(lock) = open(path) else { return };
    let Ok(named) = fs::symlink_metadata(path) else { return };
    if named.is_dir() && named.uid() == own && lock.try_lock().is_ok() && is(&named, &lock) {
        let _ = fs::remove_dir_all(path);
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::DIRECTORY;
    File::options().read(true).custom_flags(flags.bits() as i32).open(path)
}

fn is(named: &fs::Metadata, held: &File) -> bool {
    held.metadata().is_ok_and(|held| (held.dev(), held.ino()) == (named.dev(), named.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_dead_go_and_all_others_stay() {
        let place = tempfile::tempdir().expect("a folder");
        let path = |name: &str| place.path().join(name);
        let live = Scratch::make_in(place.path()).expect("room");
        fs::create_dir_all(path("flowrun-scratch-abcdefABCDEF/deep")).expect("room");
        fs::write(path("flowrun-scratch-abcdefABCDEF/deep/file"), "x").expect("room");
        let foreign = ["flowrun-backup", "flowrun-scratch-mine", "flowrun-scratch-of.a.friend", "other"];
        for name in foreign {
            fs::create_dir(path(name)).expect("room");
        }
        std::os::unix::fs::symlink(path("other"), path("flowrun-scratch-000000000000")).expect("room");
        clear_leftovers(place.path());
        assert!(live.folder.path().exists() && !path("flowrun-scratch-abcdefABCDEF").exists());
        assert!(
            foreign.iter().all(|name| path(name).is_dir())
                && path("flowrun-scratch-000000000000").is_symlink()
        );
        let was = live.folder.path().to_owned();
        drop(live);
        assert!(!was.exists());
    }
}
