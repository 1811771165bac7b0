//! A target is found at the end of its links; it has a folder, and a mode when it is new.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Links that lead to a target at most, as in the kernel.
const LINKS_MAX: usize = 40;

/// Permissions of a new file, before the process's umask.
pub(super) const NEW_FILE_MODE: u32 = 0o666;

/// The folder that a file lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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
