//! A target is found at the end of its links; it has a folder, and a mode when it is new.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Links that lead to a target at most, as in the kernel.
const LINKS_MAX: usize = 40;

/// Permissions of a new file, before the process's umask.
pub(super) const NEW_FILE_MODE: u32 = 0o666;

/// The folder that a file lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The folders down to this one that are not there, from the innermost.
pub(super) fn missing_folders(folder: &Path) -> Vec<PathBuf> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    folder.ancestors().take_while(is_missing).map(Path::to_path_buf).collect()
}

/// Makes the names in the folder of a file last.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    File::open(folder_of(file))?.sync_all()
}

/// Whether an open file is still the one of this name, which another may have been put in place of.
pub(super) fn is_named(path: &Path, held: &Metadata) -> bool {
    path.symlink_metadata().is_ok_and(|named| (named.dev(), named.ino()) == (held.dev(), held.ino()))
}

/// The file at the end of the links that start at `path`, which need not exist.
pub(super) fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..LINKS_MAX {
        let Ok(next) = fs::read_link(&path) else { return Ok(path) };
        path = path.parent().unwrap_or(Path::new("")).join(next);
    }
    Err(io::Error::other("too many links lead on from one another"))
}
