//! Some things are held open from the start of a run to its end: the granted trees, the scratch folder, the programs.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::kept::{Kept, STATE, Wanted};
use super::lists::Lists;
use super::programs;
use super::scratch::Scratch;
use super::trees::{Missing, Tree};

/// What is held open from the start of a run to its end.
#[derive(Debug)]
pub(super) struct Held {
    /// The pipeline's folder.
    pub(super) root: Tree,
    pub(super) read: Vec<Tree>,
    pub(super) write: Vec<Tree>,
    pub(super) scratch: OnceLock<io::Result<Scratch>>,
    pub(super) wanted: Wanted,
    /// Looked up anew as long as something that is kept is still to be made, with what it was at the start.
    pub(super) kept: Mutex<Arc<Kept>>,
    pub(super) kept_first: Arc<Kept>,
    /// Programs that are granted by their paths, as far as they were there.
    pub(super) programs: Vec<programs::Held>,
}

impl Held {
    pub(super) fn open(lists: &Lists, missing: Missing) -> Self {
        let open = |list: &[String], missing| -> Vec<Tree> {
            list.iter().map(|path| Tree::open(&lists.root, Path::new(path), missing)).collect()
        };
        // What is to be written may be to be read as well, so it is made first.
        let write = open(&lists.write, missing);
        let read: Vec<Tree> =
            open(&lists.read, Missing::Leave).into_iter().map(|tree| tree.or_as(&write)).collect();
        let root = Tree::open(&lists.root, Path::new("."), Missing::Leave);
        let scratch = OnceLock::new();
        if missing == Missing::Make {
            scratch.get_or_init(Scratch::make);
        }
        let mut wanted = Wanted {
            files: lists.protected.files.clone(),
            closed: lists.protected.folders.clone(),
            fixed: [&root].into_iter().chain(&read).chain(&write).map(|tree| tree.spelled.clone()).collect(),
        };
        wanted.closed.push(lists.root.join(STATE));
        let made = scratch.get().and_then(|made| made.as_ref().ok());
        wanted.fixed.extend(made.map(|made| made.folder.path().to_owned()));
        wanted.files.extend(programs::within(&lists.root, &lists.exec, &write));
        let kept_first = Arc::new(Kept::look_up(&wanted));
        let kept = Mutex::new(Arc::clone(&kept_first));
        let programs = programs::hold(&lists.root, &lists.exec);
        Self { root, read, write, scratch, wanted, kept, kept_first, programs }
    }

    /// The scratch folder, as far as somebody has wanted it.
    pub(super) fn scratch(&self) -> Option<&Scratch> {
        self.scratch.get().and_then(|made| made.as_ref().ok())
    }

    /// What must not be written or replaced now.
    pub(super) fn kept(&self) -> Arc<Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_unfinished() {
            *kept = Arc::new(Kept::look_up(&self.wanted).joined(&self.kept_first));
        }
        Arc::clone(&kept)
    }
}
