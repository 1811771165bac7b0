//! A place is an open folder and a name in it. What is done there follows no link.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};

use super::kept::{Identity, KeptFiles};

/// A folder that is only passed through need not be readable.
#[cfg(target_os = "linux")]
pub(super) const STEP: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
pub(super) const STEP: OFlags = OFlags::RDONLY;

/// Whether folders that are missing on the way are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum Parents {
    Make,
    Expect,
}

/// A folder that is held open, and a name in it, which need not exist.
#[derive(Debug)]
pub(in crate::lua) struct HeldPlace {
    folder: Arc<OwnedFd>,
    name: OsString,
    /// What must not be written here, whatever name it has got. None where nothing is written.
    kept: Option<Arc<KeptFiles>>,
}

impl HeldPlace {
    /// The place of a real, absolute path, reached from the root without following a link.
    pub(in crate::lua) fn find(real: &Path) -> io::Result<Self> {
        let root = rustix::fs::open("/", STEP | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let mut folder = Arc::new(root);
        let mut names = real.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        });
        let Some(mut name) = names.next() else { return Ok(Self::within(folder, OsStr::new("."))) };
        for next in names {
            folder = Arc::new(step(&folder, name)?);
            name = next;
        }
        Ok(Self::within(folder, name))
    }

    /// The place of a name within this folder.
    pub(in crate::lua) fn within(folder: Arc<OwnedFd>, name: &OsStr) -> Self {
        Self { folder, name: name.to_owned(), kept: None }
    }

    /// The same, where these things must not be written.
    pub(super) fn keeping(mut self, kept: Arc<KeptFiles>) -> Self {
        self.kept = Some(kept);
        self
    }

    /// The folder, open.
    pub(in crate::lua) fn parent(&self) -> &Arc<OwnedFd> {
        &self.folder
    }

    /// The name in it.
    pub(in crate::lua) fn name(&self) -> &OsStr {
        &self.name
    }

    /// Opens a plain file: a pipe would block, and a device never ends. What must be kept is found by what was opened, before
    /// anything in it changes.
    pub(in crate::lua) fn file(&self, flags: OFlags) -> io::Result<File> {
        let always = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666);
        let opened = flags.difference(OFlags::TRUNC) | always;
        let file = plain(File::from(rustix::fs::openat(&self.folder, &self.name, opened, mode)?))?;
        if let Some(kept) = &self.kept {
            let found = file.metadata()?;
            kept.may_write(Identity(found.dev(), found.ino())).map_err(io::Error::other)?;
            if flags.contains(OFlags::TRUNC) && found.len() > 0 {
                file.set_len(0)?;
            }
        }
        Ok(file)
    }

    /// Opens a folder, to list it or to go into it.
    pub(in crate::lua) fn folder(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.folder, &self.name, flags, Mode::empty())?)
    }

    /// What stands there, a link not followed; `None`: nothing.
    pub(in crate::lua) fn stat(&self) -> io::Result<Option<Stat>> {
        match rustix::fs::statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a folder, unless there is one.
    pub(in crate::lua) fn make_folder(&self) -> io::Result<()> {
        make(&self.folder, &self.name).map(drop)
    }

    /// Renames what stands there.
    pub(in crate::lua) fn rename(&self, to: &Self) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.folder, &self.name, &to.folder, &to.name)?)
    }

    /// A place beside this one.
    pub(in crate::lua) fn beside(&self, name: &str) -> Self {
        Self { folder: Arc::clone(&self.folder), name: name.into(), kept: self.kept.clone() }
    }

    /// Takes away a file, a link, or an empty folder.
    pub(in crate::lua) fn unlink(&self, kind: FileType) -> io::Result<()> {
        let flags = if kind == FileType::Directory { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        Ok(rustix::fs::unlinkat(&self.folder, &self.name, flags)?)
    }
}

/// The path of an open folder by its number in this process; `None` where the system does not show open files so.
pub(in crate::lua) fn numbered(folder: &OwnedFd) -> Option<PathBuf> {
    let path = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string());
    path.is_dir().then_some(path)
}

/// The names in a folder, unsorted, with what they are as far as the folder says it; `each` may stop the listing with an error.
pub(in crate::lua) fn names<E: From<io::Error>>(
    folder: &OwnedFd,
    mut each: impl FnMut(&[u8], FileType) -> Result<(), E>,
) -> Result<(), E> {
    let dir = Dir::read_from(folder).map_err(|error| E::from(error.into()))?;
    for entry in dir {
        let entry = entry.map_err(|error| E::from(error.into()))?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            each(name, entry.file_type())?;
        }
    }
    Ok(())
}

/// Passes a file on if it is a plain one.
pub(super) fn plain(file: File) -> io::Result<File> {
    let kind = file.metadata()?;
    if kind.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    if !kind.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    Ok(file)
}

/// The folder `name` within another. A link is no folder.
pub(super) fn step(folder: impl AsFd, name: &OsStr) -> rustix::io::Result<OwnedFd> {
    let flags = STEP | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(folder, name, flags, Mode::empty())
}

/// The same; it is made when nothing is there.
pub(super) fn make(folder: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let folder: BorrowedFd<'_> = folder.as_fd();
    match step(folder, name) {
        Err(rustix::io::Errno::NOENT) => {
            match rustix::fs::mkdirat(folder, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(step(folder, name)?),
                Err(error) => Err(error.into()),
            }
        }
        opened => Ok(opened?),
    }
}
