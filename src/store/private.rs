//! This module makes files and folders that only their owner may look into, whatever the umask says, because they
//! hold results, parameters and failures. A file that stood there before keeps its mode.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// What a file is opened with that may have to be made.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(FILE_MODE);
    options
}

/// A new file, or an old one without what stood in it.
pub(super) fn file(path: &Path) -> io::Result<File> {
    options().create(true).truncate(true).open(path)
}

/// A file that is there as a whole or not at all: it is put on the disk under another name first, `.part` behind its own.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_when(path, content, File::sync_all)
}

/// The same for a file that is of no use after a crash.
pub(super) fn replace_unsynced(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_when(path, content, |_| Ok(()))
}

fn replace_when(path: &Path, content: &[u8], is_safe: impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let mut file = file(Path::new(&part))?;
    file.write_all(content)?;
    is_safe(&file)?;
    fs::rename(&part, path)
}

/// The file of a database that SQLite is about to open; its other files take the mode of this one. One that is there is
/// not touched: closing it would let go of the locks that other connections of this process hold on it.
pub(super) fn database(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    // Closed before it has its name, for the same reason. Temporary files are their owner's alone.
    let made = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?.into_temp_path();
    match made.persist_noclobber(path) {
        Err(refused) if refused.error.kind() != io::ErrorKind::AlreadyExists => Err(refused.error),
        _ => Ok(()),
    }
}

/// A new folder.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(FOLDER_MODE).create(path)
}

/// A folder within the store, with those above it.
pub(super) fn folders(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path)
}

/// A folder within a state folder, which is made too. Folders above that one are not the store's: they are made like
/// any other.
pub(super) fn within(state: &Path, path: &Path) -> io::Result<()> {
    if let Some(above) = state.parent().filter(|above| !above.as_os_str().is_empty()) {
        // Where that fails, the folder itself cannot be made either, and that says why.
        let _ = fs::create_dir_all(above);
    }
    folders(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_new_is_the_owners_alone_and_what_is_old_keeps_its_mode() {
        let dir = tempfile::tempdir().expect("a folder");
        let mode = |name: &str| {
            fs::metadata(dir.path().join(name)).expect("it is there").permissions().mode() & 0o777
        };
        let old = dir.path().join("above/state");
        fs::create_dir_all(&old).expect("room");
        fs::set_permissions(&old, fs::Permissions::from_mode(0o755)).expect("ours");
        within(&old, &old.join("runs")).expect("room");
        let other = dir.path().join("other/state");
        within(&other, &other).expect("room");
        database(&old.join("cache.db")).expect("room");
        fs::write(old.join("cache.db"), "kept").expect("room");
        database(&old.join("cache.db")).expect("room");
        assert_eq!([mode("above/state"), mode("above/state/runs")], [0o755, 0o700]);
        assert_eq!([mode("other/state"), mode("above/state/cache.db")], [0o700, 0o600]);
        assert_eq!(fs::read(old.join("cache.db")).expect("it is there"), b"kept");
    }
}
