//! This module holds the folders of databases open. All connections to files of one folder go through one handle:
//! SQLite shares the log of a database between them, by the path of the one that came first.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::lua::permissions::{HeldPlace, Identity, OpenDatabase, identity, numbered};

/// What means something in a URI.
const ESCAPED: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC.remove(b'/');

/// The folders that databases are open in.
static ALL: Mutex<Vec<(Identity, Weak<OwnedFd>)>> = Mutex::new(Vec::new());

/// A database file: its folder, and its name in it.
#[derive(Debug, Clone)]
pub(super) struct DatabaseFile {
    folder: Arc<OwnedFd>,
    place: Arc<HeldPlace>,
    locks: Locks,
    /// Keeps Lua code from what SQLite makes beside it.
    _open: Arc<OpenDatabase>,
}

/// How readers and writers of a database keep out of each other's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locks {
    /// By locks and a log that they share in files beside it.
    Shared,
    /// Nothing may be made beside it: so, if what is there is enough for that.
    Tried,
    /// Not at all: it must not be written.
    None,
}

/// What changes when somebody writes the file: its number, its size, and when it was written.
pub(super) type Stamp = (Identity, i64, i64, u64);

impl DatabaseFile {
    /// The file of this place.
    pub(super) fn at(place: HeldPlace, locks: Locks) -> io::Result<Self> {
        let own = identity(place.parent())?;
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, folder)| folder.strong_count() > 0);
        let held = all.iter().find(|(one, _)| *one == own).and_then(|(_, folder)| folder.upgrade());
        let folder = held.unwrap_or_else(|| {
            all.push((own, Arc::downgrade(place.parent())));
            Arc::clone(place.parent())
        });
        let open = Arc::new(OpenDatabase::new(own, place.name()));
        Ok(Self { folder, place: Arc::new(place), locks, _open: open })
    }

    /// The path that SQLite opens; `None` where the system does not show open files by their numbers.
    pub(super) fn path(&self) -> Option<PathBuf> {
        numbered(&self.folder).map(|folder| folder.join(self.place.name()))
    }

    /// How others are kept out of the way.
    pub(super) fn locks(&self) -> Locks {
        self.locks
    }

    /// The URI of a file that nobody is to write while it is read: SQLite then needs no log and no locks.
    pub(super) fn unlocked(&self) -> Option<String> {
        let path = self.path()?;
        let bytes = path.as_os_str().as_bytes();
        Some(format!("file:{}?immutable=1", percent_encoding::percent_encode(bytes, ESCAPED)))
    }

    /// Whether all that was written is in the file, and nothing in a log beside it.
    pub(super) fn is_settled(&self) -> bool {
        let mut name = self.place.name().to_owned();
        name.push("-wal");
        HeldPlace::within(Arc::clone(&self.folder), &name)
            .stat()
            .is_ok_and(|log| log.is_none_or(|log| log.st_size == 0))
    }

    /// How the file is now, if it is there and nothing is in a log beside it.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let stat = self.place.stat().ok()??;
        self.is_settled().then(|| (Identity::of_stat(&stat), stat.st_size, stat.st_mtime, stat.st_mtime_nsec))
    }

    /// What the file is now, if it is there.
    pub(super) fn identity(&self) -> Option<Identity> {
        let stat = self.place.stat().ok()??;
        Some(Identity::of_stat(&stat))
    }
}
