//! Runs that change nothing, of `flowrun preview` and `flowrun test`: what Lua code writes goes to a copy in a temporary folder,
//! and what it reads comes from there first. Files keep their real paths as names; what is removed is only noted.
//!
//! What such a copy cannot stand for (programs, requests that may change something, databases, whole folders moved) is refused.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use super::beneath::{self, Links};
use super::place::{self, Parents, Place};
use super::reach::{Answer, Means, opened};
use super::refusal::Kind;
use super::scratch::Scratch;
use super::{Identity, Permissions, identity, names};
use crate::lua::host_error::HostError;

/// Bytes of a file that are shown.
const SHOWN_BYTES: u64 = 4096;

/// What several runs one after the other have changed in their copy.
#[derive(Debug, Default)]
pub struct Trial {
    /// What has been taken away, by real paths.
    gone: Mutex<BTreeSet<PathBuf>>,
    /// The folder of the copy, made when it is first wanted.
    copy: OnceLock<io::Result<Copy>>,
}

#[derive(Debug)]
struct Copy {
    scratch: Scratch,
    handle: Arc<OwnedFd>,
}

/// Where what a path leads to is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now {
    Copied,
    Gone,
    Untouched,
}

/// Something that Lua code has changed on a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where it would be, relative to the pipeline's folder if it lies in it.
    pub path: PathBuf,
    /// What would be there.
    pub what: Changed,
}

/// What would be at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// A file of so many bytes, which begins like this.
    File(u64, Vec<u8>),
    /// A new folder with nothing in it.
    Folder,
    /// Nothing any more.
    Gone,
}

/// The names in a folder, as far as a trial has left or made them.
pub(in crate::lua::host) struct Listing {
    real: Option<OwnedFd>,
    copy: Option<OwnedFd>,
    gone: Vec<OsString>,
}

impl Listing {
    /// What the system calls the folder.
    pub(in crate::lua::host) fn identity(&self) -> io::Result<Identity> {
        match self.real.as_ref().or(self.copy.as_ref()) {
            Some(folder) => identity(folder),
            None => Err(Errno::NOENT.into()),
        }
    }

    /// The names in it, unsorted, each once, with what they are as far as the folder says it.
    pub(in crate::lua::host) fn names<E: From<io::Error>>(
        &self,
        mut each: impl FnMut(&[u8], FileType) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut copied = BTreeSet::new();
        if let Some(copy) = &self.copy {
            names(copy, |name, kind| {
                copied.insert(name.to_vec());
                each(name, kind)
            })?;
        }
        let Some(real) = &self.real else { return Ok(()) };
        names(real, |name, kind| {
            let is_gone = self.gone.iter().any(|gone| gone.as_bytes() == name);
            if is_gone || copied.contains(name) { Ok(()) } else { each(name, kind) }
        })
    }
}

impl Trial {
    fn gone(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder of the copy, held open.
    pub(super) fn root(&self) -> io::Result<&Arc<OwnedFd>> {
        let made = self.copy.get_or_init(|| {
            let scratch = Scratch::make()?;
            let place = Place::find(&scratch.tree.real)?;
            let handle = Arc::new(place.folder()?);
            Ok(Copy { scratch, handle })
        });
        match made {
            Ok(copy) => Ok(&copy.handle),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        }
    }
}

impl Permissions {
    /// Refuses what a trial cannot undo; otherwise says nothing.
    pub(in crate::lua) fn effect(&self, what: &str) -> Result<(), HostError> {
        if self.grants.trial.is_none() {
            return Ok(());
        }
        Err(HostError::refusal(format!(
            "{what} is not carried out: `preview` and `test` change nothing; `--allow-effects` carries it out"
        )))
    }

    /// Whether files below this path are only looked at, and changed in a copy.
    pub(in crate::lua) fn is_trial_at(&self, path: &Path) -> bool {
        let real = || self.locate(Kind::Read, path, Means::Target).ok().and_then(Result::ok);
        self.grants.trial.is_some() && !real().is_some_and(|located| self.is_scratch(&located.real))
    }

    /// Whether a file may be written, without reaching it.
    pub(in crate::lua::host) fn writable(&self, path: &Path) -> Answer<()> {
        match self.locate(Kind::Write, path, Means::Target)? {
            Ok(located) => {
                // A folder that is missing is none of what is kept.
                let _ = self.settle(Kind::Write, path, Means::Target, &located, Parents::Expect)?;
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Opens a folder to list it.
    pub(in crate::lua::host) fn list(&self, path: &Path) -> Answer<Listing> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK;
        let Some(trial) = &self.grants.trial else {
            let only = |real| Listing { real: Some(real), copy: None, gone: Vec::new() };
            return Ok(self.reach(path, flags)?.map(only));
        };
        let located = match self.locate(Kind::Read, path, Means::Target)? {
            Ok(located) => located,
            Err(error) => return Ok(Err(error)),
        };
        let real = if self.now(trial, &located.real) == Now::Gone {
            Err(Errno::NOENT.into())
        } else {
            opened(|| self.locate(Kind::Read, path, Means::Target), flags)?
        };
        let copy = trial
            .root()
            .and_then(|root| Ok(beneath::open(root, below(&located.real), flags, Links::Refused)?));
        if let (Err(_), Err(error)) = (&copy, real.as_ref().map(drop)) {
            return Ok(Err(io::Error::new(error.kind(), error.to_string())));
        }
        let within = |path: &&PathBuf| path.parent() == Some(&located.real);
        let gone = trial.gone();
        let gone = gone.iter().filter(within).filter_map(|path| path.file_name()).map(OsStr::to_owned);
        Ok(Ok(Listing { real: real.ok(), copy: copy.ok(), gone: gone.collect() }))
    }

    /// A file or folder on a trial: the copy where there is one.
    pub(super) fn reach_on_trial(&self, trial: &Trial, path: &Path, flags: OFlags) -> Answer<OwnedFd> {
        let located = match self.locate(Kind::Read, path, Means::Target)? {
            Ok(located) => located,
            Err(error) => return Ok(Err(error)),
        };
        match self.now(trial, &located.real) {
            Now::Gone => Ok(Err(Errno::NOENT.into())),
            Now::Untouched => opened(|| self.locate(Kind::Read, path, Means::Target), flags),
            Now::Copied => Ok(trial
                .root()
                .and_then(|root| Ok(beneath::open(root, below(&located.real), flags, Links::Refused)?))),
        }
    }

    /// A place on a trial. One to write is in the copy, with what stands in the real place copied there.
    pub(super) fn placed_on_trial(
        &self,
        trial: &Trial,
        (kind, means): (Kind, Means),
        path: &Path,
        parents: Parents,
    ) -> Answer<Place> {
        let located = match self.locate(kind, path, means)? {
            Ok(located) => located,
            Err(error) => return Ok(Err(error)),
        };
        // What is kept is refused as ever; folders that are missing are missing in the copy only when nobody makes them.
        let settled = self.settle(kind, path, means, &located, Parents::Expect)?;
        let now = self.now(trial, &located.real);
        if kind != Kind::Write || self.is_scratch(&located.real) {
            return Ok(match now {
                Now::Gone => Err(Errno::NOENT.into()),
                Now::Copied => copied(trial, &located.real, Parents::Expect),
                Now::Untouched => settled.and_then(|place| place.ok_or_else(|| Errno::LOOP.into())),
            });
        }
        let original = match settled {
            Ok(Some(place)) if now == Now::Untouched => Some(place),
            _ => None,
        };
        let kind_of =
            |place: &Place| place.stat().ok().flatten().map(|stat| FileType::from_raw_mode(stat.st_mode));
        let standing = original.as_ref().and_then(kind_of);
        if means == Means::Entry && matches!(standing, Some(FileType::Directory | FileType::Symlink)) {
            self.effect(&format!("moving or removing the folder or link `{}`", path.display()))?;
        }
        let parents = if original.is_some() { Parents::Make } else { parents };
        Ok(copied(trial, &located.real, parents).and_then(|place| {
            match (original, standing) {
                (_, Some(FileType::Directory)) => place.make_folder()?,
                (Some(original), Some(FileType::RegularFile)) if means != Means::Fresh => {
                    copy(&original, &place)?;
                }
                _ => {}
            }
            Ok(place)
        }))
    }

    /// Notes that what stood at `path` is gone: moved or removed in the copy.
    pub(in crate::lua::host) fn took_away(&self, path: &Path) {
        let Some(trial) = &self.grants.trial else { return };
        if let Ok(Ok(located)) = self.locate(Kind::Write, path, Means::Entry)
            && !self.is_scratch(&located.real)
            && located.real.symlink_metadata().is_ok()
        {
            trial.gone().insert(located.real);
        }
    }

    /// All that was changed so far, by path.
    pub fn changes(&self) -> io::Result<Vec<Change>> {
        let Some(trial) = &self.grants.trial else { return Ok(Vec::new()) };
        let shown = |real: &Path| {
            let root = &self.held().root.real;
            real.strip_prefix(root).unwrap_or(real).to_owned()
        };
        let mut changes = Vec::new();
        if let Some(Ok(copy)) = trial.copy.get() {
            changed(copy.scratch.folder.path(), Path::new("/"), &mut |real, what| {
                changes.push(Change { path: shown(real), what });
            })?;
        }
        let gone = trial.gone().clone();
        let gone = gone.iter().filter(|gone| self.now(trial, gone) == Now::Gone);
        changes.extend(gone.map(|gone| Change { path: shown(gone), what: Changed::Gone }));
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(changes)
    }

    fn now(&self, trial: &Trial, real: &Path) -> Now {
        if self.is_scratch(real) {
            return Now::Untouched;
        }
        let found = trial.root().and_then(|root| {
            let found = beneath::open(root, below(real), place::STEP, Links::Refused);
            found.map_err(io::Error::from)
        });
        let is_gone = real.ancestors().any(|path| trial.gone().contains(path));
        let is_folder = |file: &OwnedFd| {
            rustix::fs::fstat(file)
                .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
        };
        match found {
            // A folder of the copy stands for the real one, with what is in both.
            Ok(copy) if !is_folder(&copy) || is_gone || real.symlink_metadata().is_err() => Now::Copied,
            _ if is_gone => Now::Gone,
            _ => Now::Untouched,
        }
    }

    fn is_scratch(&self, real: &Path) -> bool {
        self.held().scratch().is_some_and(|scratch| scratch.tree.below(real).is_some())
    }
}

/// The place in the copy of a real path.
fn copied(trial: &Trial, real: &Path, parents: Parents) -> io::Result<Place> {
    let mut folder = Arc::clone(trial.root()?);
    let mut names = below(real).iter();
    let Some(mut name) = names.next() else { return Err(Errno::ISDIR.into()) };
    let is_real = real.parent().is_some_and(Path::is_dir);
    for next in names {
        folder = Arc::new(if parents == Parents::Make || is_real {
            place::make(&folder, name)?
        } else {
            place::step(&folder, name)?
        });
        name = next;
    }
    Ok(Place::within(folder, name).keeping(Arc::default()))
}

/// A real path without its root.
fn below(real: &Path) -> &Path {
    real.strip_prefix("/").unwrap_or(real)
}

/// Copies bytes and mode.
fn copy(from: &Place, to: &Place) -> io::Result<()> {
    let mut source = from.file(OFlags::RDONLY)?;
    let mut target = match to.file(OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL) {
        // It was copied before.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        file => file?,
    };
    io::copy(&mut source, &mut target)?;
    let mode = source.metadata()?.mode() & 0o777;
    target.set_permissions(std::fs::Permissions::from_mode(mode | 0o600))
}

/// Every file and every empty folder below `folder`, with the real path that it stands for.
fn changed(folder: &Path, real: &Path, each: &mut impl FnMut(&Path, Changed)) -> io::Result<()> {
    let mut is_empty = true;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        is_empty = false;
        let real = real.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            changed(&entry.path(), &real, each)?;
            continue;
        }
        let file = File::open(entry.path())?;
        let size = file.metadata()?.len();
        let mut beginning = Vec::new();
        file.take(SHOWN_BYTES).read_to_end(&mut beginning)?;
        each(&real, Changed::File(size, beginning));
    }
    if is_empty && !real.is_dir() {
        each(real, Changed::Folder);
    }
    Ok(())
}
