//! Files that several processes may want to make are made here as a whole, by whoever comes first.
//!
//! A file is written under a temporary name, put on the disk and then linked to its name: a link is refused where the name is
//! taken, which a rename is not. Over a network the answer to a link may get lost although it was made; then the file has two
//! names.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use tempfile::{NamedTempFile, TempPath};

/// What became of a file that was to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// It is there now.
    Made,
    /// Somebody else had made it before.
    WasThere,
}

/// Makes a file as a whole, unless its name is taken. `folder`: where temporary names are given. The name itself is on the disk
/// when its folder is.
pub(super) fn once(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<Published> {
    let temporary = written(folder, bytes)?;
    let linked = fs::hard_link(&temporary, path);
    let is_linked = || fs::metadata(&temporary).is_ok_and(|file| file.nlink() == 2);
    match linked {
        Ok(()) => Ok(Published::Made),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && !is_linked() => Ok(Published::WasThere),
        // The answer was lost on its way, or an echo of it says that the name is taken, by this very file.
        Err(_) if is_linked() => Ok(Published::Made),
        Err(error) => Err(error),
    }
}

/// Puts a file as a whole into the place of another one. The disk is not waited for.
pub(super) fn replace(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Whether files can have two names here. Some file systems refuse that.
pub(super) fn probe(folder: &Path) -> io::Result<()> {
    let one = written(folder, b"")?;
    let two = one.with_extension("second");
    let linked = fs::hard_link(&one, &two);
    let _ = fs::remove_file(two);
    linked
}

/// A file of a name that no other process uses, with these bytes on the disk. It goes when nobody keeps it.
fn written(folder: &Path, bytes: &[u8]) -> io::Result<TempPath> {
    // Its owner's alone.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file.into_temp_path())
}
