//! Folders of databases, held open. All connections to files of one folder go through one handle: SQLite shares the log of a
//! database between them, by the path of whichever came first.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::lua::host::permissions::{Identity, Place, identity};

/// Open files of the process by their numbers.
const OPEN_FILES: &str = "/proc/self/fd";

/// The folders that databases are open in.
static ALL: Mutex<Vec<(Identity, Weak<OwnedFd>)>> = Mutex::new(Vec::new());

/// A database file: its folder, and its name in it.
#[derive(Debug, Clone)]
pub(super) struct DatabaseFile {
    folder: Arc<OwnedFd>,
    place: Arc<Place>,
}

impl DatabaseFile {
    /// The file of this place.
    pub(super) fn at(place: Place) -> io::Result<Self> {
        let own = identity(place.parent())?;
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, folder)| folder.strong_count() > 0);
        let held = all.iter().find(|(one, _)| *one == own).and_then(|(_, folder)| folder.upgrade());
        let folder = held.unwrap_or_else(|| {
            all.push((own, Arc::downgrade(place.parent())));
            Arc::clone(place.parent())
        });
        Ok(Self { folder, place: Arc::new(place) })
    }

    /// The path that SQLite opens; `None` where the system does not show open files by their numbers.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let folder = Path::new(OPEN_FILES).join(self.folder.as_raw_fd().to_string());
        folder.is_dir().then(|| folder.join(self.place.name()))
    }

    /// What the file is now, if it is there.
    pub(super) fn identity(&self) -> Option<Identity> {
        let stat = self.place.stat().ok()??;
        Some(Identity::of_stat(&stat))
    }
}
