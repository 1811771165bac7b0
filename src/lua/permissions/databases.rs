//! This module knows the databases that Lua code has open, by the folder and the name of their files: Lua code may
//! not write or remove what SQLite keeps beside them. The index of a log is mapped into memory, and one that was cut
//! off would end the process.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::kept::Identity;

/// What SQLite's own files are called, behind the name of the database.
pub(in crate::lua) const ENDINGS: [&str; 3] = ["-journal", "-wal", "-shm"];

static OPEN: Mutex<Vec<(Identity, OsString)>> = Mutex::new(Vec::new());
/// How many those are, so that nobody waits where there are none.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A database is open until this is dropped.
#[derive(Debug)]
pub(in crate::lua) struct OpenDatabase(Identity, OsString);

fn open() -> MutexGuard<'static, Vec<(Identity, OsString)>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OpenDatabase {
    /// Says that the database `name` in a folder is open.
    pub(in crate::lua) fn new(folder: Identity, name: &OsStr) -> Self {
        open().push((folder, name.to_owned()));
        COUNT.fetch_add(1, Ordering::SeqCst);
        Self(folder, name.to_owned())
    }
}

impl Drop for OpenDatabase {
    fn drop(&mut self) {
        let mut open = open();
        if let Some(at) = open.iter().position(|(folder, name)| *folder == self.0 && *name == self.1) {
            open.swap_remove(at);
            COUNT.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// The open database that a file of this name in a folder belongs to.
pub(in crate::lua) fn owner(folder: Identity, name: &OsStr) -> Option<OsString> {
    if COUNT.load(Ordering::SeqCst) == 0 {
        return None;
    }
    let name = name.as_bytes();
    let mut stems = ENDINGS.iter().filter_map(|ending| name.strip_suffix(ending.as_bytes()));
    let stem = OsStr::from_bytes(stems.next()?);
    open().iter().find(|(one, name)| *one == folder && name == stem).map(|(_, name)| name.clone())
}
