//! A trial is a run that changes nothing, of `flowrun preview` and `flowrun test`: what Lua code writes goes to a
//! copy in a temporary folder, and what it reads comes from there first. Files keep their real paths as names; what
//! is removed is only noted.
//!
//! What such a copy cannot stand for (programs, requests that may change something, databases, whole folders moved) is refused.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use super::kept::Identity;
use super::place::{self, HeldPlace, Parents, names};
use super::scratch::Scratch;
use super::trees::identity;

/// Bytes of a file that are shown.
const SHOWN_BYTES: u64 = 4096;

/// What several runs one after the other have changed in their copy.
#[derive(Debug, Default)]
pub struct Trial {
    /// What has been taken away, by real paths.
    gone: Mutex<BTreeSet<PathBuf>>,
    /// The folder of the copy, made when it is first wanted.
    pub(super) copy: OnceLock<io::Result<Copy>>,
}

#[derive(Debug)]
pub(super) struct Copy {
    pub(super) scratch: Scratch,
    handle: Arc<OwnedFd>,
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
pub(in crate::lua) struct Listing {
    pub(super) real: Option<OwnedFd>,
    pub(super) copy: Option<OwnedFd>,
    pub(super) gone: Vec<OsString>,
}

impl Listing {
    /// What the system calls the folder.
    pub(in crate::lua) fn identity(&self) -> io::Result<Identity> {
        match self.real.as_ref().or(self.copy.as_ref()) {
            Some(folder) => identity(folder),
            None => Err(Errno::NOENT.into()),
        }
    }

    /// The names in it, unsorted, each once, with what they are as far as the folder says it.
    pub(in crate::lua) fn names<E: From<io::Error>>(
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
    pub(super) fn gone(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder of the copy, held open.
    pub(super) fn root(&self) -> io::Result<&Arc<OwnedFd>> {
        let made = self.copy.get_or_init(|| {
            let scratch = Scratch::make()?;
            let place = HeldPlace::find(&scratch.tree.real)?;
            let handle = Arc::new(place.folder()?);
            Ok(Copy { scratch, handle })
        });
        match made {
            Ok(copy) => Ok(&copy.handle),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        }
    }
}

/// The place in the copy of a real path.
pub(super) fn copied(trial: &Trial, real: &Path, parents: Parents) -> io::Result<HeldPlace> {
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
    Ok(HeldPlace::within(folder, name).keeping(Arc::default()))
}

/// A real path without its root.
pub(super) fn below(real: &Path) -> &Path {
    real.strip_prefix("/").unwrap_or(real)
}

/// Copies bytes and mode.
pub(super) fn copy(from: &HeldPlace, to: &HeldPlace) -> io::Result<()> {
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
pub(super) fn changed(folder: &Path, real: &Path, each: &mut impl FnMut(&Path, Changed)) -> io::Result<()> {
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
