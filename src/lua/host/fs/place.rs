//! A place in the file system: an open folder and a name in it. Reached without following a single link.
//!
//! Paths come here resolved and allowed; a link on the way is one that was swapped in since, and an error.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};

/// A folder that is only passed through need not be readable.
#[cfg(target_os = "linux")]
const STEP: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const STEP: OFlags = OFlags::RDONLY;

/// Whether folders that are missing on the way are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parents {
    Make,
    Expect,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Place {
    folder: OwnedFd,
    name: OsString,
}

impl Place {
    /// The place of a real, absolute path.
    pub(super) fn find(real: &Path, parents: Parents) -> io::Result<Self> {
        let mut folder = rustix::fs::open("/", STEP | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let mut names = real.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        });
        let Some(mut name) = names.next() else { return Ok(Self { folder, name: ".".into() }) };
        for next in names {
            folder = enter(&folder, name, parents)?;
            name = next;
        }
        Ok(Self { folder, name: name.to_owned() })
    }

    /// The place of a name within this folder.
    pub(super) fn within(folder: OwnedFd, name: &OsStr) -> Self {
        Self { folder, name: name.to_owned() }
    }

    /// Opens a plain file: a pipe would block, and a device never ends.
    pub(super) fn file(&self, flags: OFlags) -> io::Result<File> {
        let always = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666);
        let file = File::from(rustix::fs::openat(&self.folder, &self.name, flags | always, mode)?);
        let kind = file.metadata()?;
        if kind.is_dir() {
            return Err(io::Error::other("it is a folder"));
        }
        if !kind.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        Ok(file)
    }

    /// Opens a folder, to list it or to go into it.
    pub(super) fn folder(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.folder, &self.name, flags, Mode::empty())?)
    }

    /// What stands there, a link not followed; `None`: nothing.
    pub(super) fn stat(&self) -> io::Result<Option<Stat>> {
        match rustix::fs::statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a folder, unless there is one.
    pub(super) fn make_folder(&self) -> io::Result<()> {
        enter(&self.folder, &self.name, Parents::Make).map(drop)
    }

    /// Renames what stands there.
    pub(super) fn rename(&self, to: &Self) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.folder, &self.name, &to.folder, &to.name)?)
    }

    /// A place beside this one.
    pub(super) fn beside(&self, name: &str) -> io::Result<Self> {
        Ok(Self { folder: self.folder.try_clone()?, name: name.into() })
    }

    /// Takes away a file, a link, or an empty folder.
    pub(super) fn unlink(&self, kind: FileType) -> io::Result<()> {
        let flags = if kind == FileType::Directory { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        Ok(rustix::fs::unlinkat(&self.folder, &self.name, flags)?)
    }
}

/// The names in a folder, unsorted; `each` may stop the listing with an error.
pub(super) fn names<E: From<io::Error>>(
    folder: &OwnedFd,
    mut each: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let dir = Dir::read_from(folder).map_err(|error| E::from(error.into()))?;
    for entry in dir {
        let entry = entry.map_err(|error| E::from(error.into()))?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            each(name)?;
        }
    }
    Ok(())
}

fn enter(folder: &OwnedFd, name: &OsStr, parents: Parents) -> io::Result<OwnedFd> {
    let flags = STEP | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = || rustix::fs::openat(folder, name, flags, Mode::empty());
    match open() {
        Err(rustix::io::Errno::NOENT) if parents == Parents::Make => {
            match rustix::fs::mkdirat(folder, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(open()?),
                Err(error) => Err(error.into()),
            }
        }
        opened => Ok(opened?),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_that_was_put_there_after_the_check_is_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("it is there");
        std::fs::create_dir(root.join("real")).expect("ours");
        std::fs::write(root.join("real/a"), "secret").expect("ours");
        symlink("real", root.join("folder")).expect("ours");
        symlink("real/a", root.join("file")).expect("ours");
        let read = |path: &str| Place::find(&root.join(path), Parents::Expect)?.file(OFlags::RDONLY);
        let mut text = String::new();
        read("real/a").and_then(|mut file| file.read_to_string(&mut text)).expect("no link is on the way");
        assert_eq!(text, "secret");
        assert!(read("folder/a").is_err() && read("file").is_err());
        let made = Place::find(&root.join("folder/new/x"), Parents::Make);
        assert!(made.is_err() && !root.join("real/new").exists());
        let written = Place::find(&root.join("file"), Parents::Make)
            .and_then(|place| place.file(OFlags::WRONLY | OFlags::TRUNC));
        assert!(written.is_err() && std::fs::read(root.join("real/a")).is_ok_and(|text| text == b"secret"));
        let listed = Place::find(&root.join("folder"), Parents::Expect).and_then(|place| place.folder());
        assert!(listed.is_err());
    }
}
