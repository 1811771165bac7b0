//! Some things are held open from the start of a run to its end: the granted trees, the scratch folder, the programs.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::kept::{KeptFiles, STATE, Wanted};
use super::lists::Lists;
use super::programs;
use super::scratch::Scratch;
use super::trees::{HeldTree, Missing};

/// What is held open from the start of a run to its end.
#[derive(Debug)]
pub(super) struct HeldHandles {
    /// The pipeline's folder.
    pub(super) root: HeldTree,
    /// Folders for `require` alone; none: the pipeline's folder.
    lua: Vec<HeldTree>,
    pub(super) read: Vec<HeldTree>,
    pub(super) write: Vec<HeldTree>,
    pub(super) scratch: OnceLock<io::Result<Scratch>>,
    pub(super) wanted: Wanted,
    /// Looked up anew as long as something that is kept is still to be made, with what it was at the start.
    pub(super) kept: Mutex<Arc<KeptFiles>>,
    pub(super) kept_first: Arc<KeptFiles>,
    /// Programs that are granted by their paths, as far as they were there.
    pub(super) programs: Vec<programs::HeldProgram>,
}

impl HeldHandles {
    pub(super) fn open(lists: &Lists, missing: Missing) -> Self {
        let open = |list: &[String], missing| -> Vec<HeldTree> {
            list.iter().map(|path| HeldTree::open(&lists.root, Path::new(path), missing)).collect()
        };
        // What is to be written may be to be read as well, so it is made first.
        let write = open(&lists.write, missing);
        let read: Vec<HeldTree> =
            open(&lists.read, Missing::Leave).into_iter().map(|tree| tree.or_as(&write)).collect();
        let root = HeldTree::open(&lists.root, Path::new("."), Missing::Leave);
        let lua: Vec<HeldTree> =
            lists.lua.iter().map(|path| HeldTree::open(&lists.root, path, Missing::Leave)).collect();
        let scratch = OnceLock::new();
        if missing == Missing::Make {
            scratch.get_or_init(Scratch::make);
        }
        let mut wanted = Wanted {
            files: lists.protected.files.clone(),
            closed: lists.protected.folders.clone(),
            fixed: [&root]
                .into_iter()
                .chain(&lua)
                .chain(&read)
                .chain(&write)
                .map(|tree| tree.spelled.clone())
                .collect(),
        };
        wanted.closed.push(lists.root.join(STATE));
        let made = scratch.get().and_then(|made| made.as_ref().ok());
        wanted.fixed.extend(made.map(|made| made.folder.path().to_owned()));
        wanted.files.extend(programs::within(&lists.root, &lists.exec, &write));
        let kept_first = Arc::new(KeptFiles::look_up(&wanted));
        let kept = Mutex::new(Arc::clone(&kept_first));
        let programs = programs::hold(&lists.root, &lists.exec);
        Self { root, lua, read, write, scratch, wanted, kept, kept_first, programs }
    }

    /// The folders in which `require` looks, in this order.
    pub(super) fn lua(&self) -> &[HeldTree] {
        if self.lua.is_empty() { std::slice::from_ref(&self.root) } else { &self.lua }
    }

    /// The scratch folder, as far as somebody has wanted it.
    pub(super) fn scratch(&self) -> Option<&Scratch> {
        self.scratch.get().and_then(|made| made.as_ref().ok())
    }

    /// What must not be written or replaced now.
    pub(super) fn kept(&self) -> Arc<KeptFiles> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_unfinished() {
            *kept = Arc::new(KeptFiles::look_up(&self.wanted).joined(&self.kept_first));
        }
        Arc::clone(&kept)
    }
}
