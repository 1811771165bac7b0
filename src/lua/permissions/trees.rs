//! The granted trees are each resolved and opened once, and what lies in one is reached through that handle from then
//! on. Whatever becomes of the names that led there, it stays the same folder.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::FileType;

use super::beneath::Links;
use super::kept::Identity;
use super::place::{self, HeldPlace, Parents};
use super::walk;

/// Whether folders that are granted for writing and missing are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Make,
    Leave,
}

/// A folder with all that is in it, or a file.
#[derive(Debug)]
pub(super) struct HeldTree {
    /// As it is granted: absolute, with the links that are in it.
    pub(super) spelled: PathBuf,
    /// Where that led when it was opened.
    pub(super) real: PathBuf,
    /// The folder itself, or that of the file; otherwise why it could not be opened.
    handle: Result<Arc<OwnedFd>, i32>,
    /// The name of the file in that folder.
    name: Option<OsString>,
}

impl HeldTree {
    /// Resolves and opens what is granted as `path`.
    pub(super) fn open(root: &Path, path: &Path, missing: Missing) -> Self {
        let spelled: PathBuf =
            root.join(path).components().filter(|part| *part != Component::CurDir).collect();
        let (real, held) = match walk::resolve(root, path) {
            // Nothing is granted where there is no folder that paths start from.
            Ok(real) if !root.is_absolute() => (real, Err(rustix::io::Errno::NOENT.into())),
            Ok(real) => {
                let held = Self::held(&real, path, missing);
                (real, held)
            }
            Err(stopped) => (stopped.at, Err(stopped.error)),
        };
        match held {
            Ok((handle, name)) => Self { spelled, real, handle: Ok(handle), name },
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or(rustix::io::Errno::NOENT.raw_os_error());
                Self { spelled, real, handle: Err(errno), name: None }
            }
        }
    }

    fn held(real: &Path, path: &Path, missing: Missing) -> io::Result<(Arc<OwnedFd>, Option<OsString>)> {
        let is_file = names_file(path);
        let found = HeldPlace::find(real);
        if missing == Missing::Make && (found.is_err() || found.as_ref().is_ok_and(is_nothing)) {
            // What has an extension may be a file: then only the folder above is made.
            let folder = if is_file { real.parent().unwrap_or(real) } else { real };
            fs::create_dir_all(folder)?;
        }
        let place = HeldPlace::find(real)?;
        match place.stat()?.map(|stat| FileType::from_raw_mode(stat.st_mode)) {
            Some(FileType::Directory) => Ok((Arc::new(place::step(place.parent(), place.name())?), None)),
            None if missing == Missing::Leave || !is_file => Err(rustix::io::Errno::NOENT.into()),
            _ => Ok((Arc::clone(place.parent()), Some(place.name().to_owned()))),
        }
    }

    /// The folder that is held.
    pub(super) fn handle(&self) -> io::Result<&Arc<OwnedFd>> {
        self.handle.as_ref().map_err(|errno| io::Error::from_raw_os_error(*errno))
    }

    /// Whether a file is granted, or what may become one.
    pub(super) fn is_file(&self) -> bool {
        self.name.is_some()
    }

    /// How links are taken on the way to what lies in it. A granted file is held by the folder that it lies in, which a link
    /// in its place would open.
    pub(super) fn links(&self) -> Links {
        if self.is_file() { Links::Refused } else { Links::Followed }
    }

    /// The same for reading, where `written` is granted for writing: what is missing may become a file there.
    pub(super) fn or_as(self, written: &[Self]) -> Self {
        let same = |other: &&Self| other.real == self.real && other.is_file();
        match (&self.handle, written.iter().find(same)) {
            (Err(_), Some(other)) => Self { handle: other.handle.clone(), name: other.name.clone(), ..self },
            _ => self,
        }
    }

    /// The part of an absolute path, as it is written, below what is granted as it is written.
    pub(super) fn below_spelled(&self, path: &Path) -> Option<PathBuf> {
        let rest = path.strip_prefix(&self.spelled).ok()?;
        // Dots would lead from a file to what lies beside it.
        (!self.is_file() || is_plain(rest)).then(|| self.within(rest))
    }

    /// The part of a real path below the tree.
    pub(super) fn below(&self, real: &Path) -> Option<PathBuf> {
        Some(self.within(real.strip_prefix(&self.real).ok()?))
    }

    fn within(&self, rest: &Path) -> PathBuf {
        match &self.name {
            None => rest.to_owned(),
            // Joining nothing would add a slash.
            Some(name) if rest.as_os_str().is_empty() => PathBuf::from(name),
            Some(name) => Path::new(name).join(rest),
        }
    }

    /// The real path of what lies at `rest` below the folder that is held.
    pub(super) fn real_of(&self, rest: &Path) -> PathBuf {
        let folder = if self.name.is_some() { self.real.parent().unwrap_or(&self.real) } else { &self.real };
        folder.join(rest)
    }

    /// The place of `rest`, which consists of plain names, reached one folder after the other without following a link;
    /// `each` sees every folder on the way, with its name.
    pub(super) fn descend(
        &self,
        rest: &Path,
        parents: Parents,
        mut each: impl FnMut(Identity, &std::ffi::OsStr) -> bool,
    ) -> io::Result<Option<HeldPlace>> {
        let mut folder = Arc::clone(self.handle()?);
        let mut names = rest.iter();
        let Some(mut name) = names.next() else {
            return Ok(Some(HeldPlace::within(folder, std::ffi::OsStr::new("."))));
        };
        for next in names {
            folder = Arc::new(match parents {
                Parents::Make => place::make(&folder, name)?,
                Parents::Expect => place::step(&folder, name)?,
            });
            if !each(identity(&folder)?, name) {
                return Ok(None);
            }
            name = next;
        }
        Ok(Some(HeldPlace::within(folder, name)))
    }
}

/// Whether a path consists of names only.
pub(super) fn is_plain(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// What the system calls an open file.
pub(in crate::lua) fn identity(file: &OwnedFd) -> io::Result<Identity> {
    Ok(Identity::of_stat(&rustix::fs::fstat(file)?))
}

fn is_nothing(place: &HeldPlace) -> bool {
    place.stat().is_ok_and(|stat| stat.is_none())
}

/// Whether a missing path that is granted may become a file: its name has an extension, and no slash says that it is a folder.
fn names_file(path: &Path) -> bool {
    path.extension().is_some() && !path.as_os_str().as_encoded_bytes().ends_with(b"/")
}
