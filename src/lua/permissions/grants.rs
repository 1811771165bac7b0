//! Grants say what one run may reach: the lists, and what they led to when the run started.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::held::HeldHandles;
use super::lists::{Allowed, Lists, Protected};
use super::refusal::{self, RefusedUse, refused};
use super::scratch::Scratch;
use super::trees::{HeldTree, Missing};
use super::trial::Trial;
use super::wall;
use crate::lua::host_error::HostError;
use crate::lua::lua_path::LuaPath;

/// What one run may reach. The default reaches nothing.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    pub(super) grants: Arc<Grants>,
    /// Whether nothing may be changed: in expressions, which are asked and not carried out.
    pub(super) looks_only: bool,
    /// Where modules are looked for whose texts are known already.
    known: Option<LuaPath>,
}

/// The lists, and what they led to when the run started.
#[derive(Debug, Default)]
pub(super) struct Grants {
    pub(super) lists: Lists,
    pub(super) held: OnceLock<HeldHandles>,
    wall: OnceLock<Option<wall::Wall>>,
    /// Set where nothing is to be changed.
    pub(super) trial: Option<Arc<Trial>>,
}

impl Permissions {
    /// What a pipeline file in the folder `root` grants, and what a run adds to it. Without a word on it, `fs` reaches
    /// that folder; `http` and `exec` reach nothing. What is `protected` is never written.
    #[must_use]
    pub fn new(root: &Path, written: Allowed, added: &Allowed, protected: Protected) -> Self {
        let lists = Lists::new(root, written, added, protected);
        Self { grants: Arc::new(Grants { lists, ..Grants::default() }), looks_only: false, known: None }
    }

    /// The same, with these folders, for `require` to look for files in, instead of the pipeline's. Nothing else is read there.
    #[must_use]
    pub fn requiring_from(&self, folders: &[PathBuf]) -> Self {
        let lists = Lists { lua: folders.to_owned(), ..self.grants.lists.clone() };
        let grants = Grants { lists, trial: self.grants.trial.clone(), ..Grants::default() };
        Self { grants: Arc::new(grants), ..self.clone() }
    }

    /// The same, and `require` takes texts that are known already before files.
    #[must_use]
    pub fn knowing(&self, lua_path: &LuaPath) -> Self {
        Self { known: Some(lua_path.clone()), ..self.clone() }
    }

    /// The known text of a module, by its path below the folders for `require`.
    pub(in crate::lua) fn known_text(&self, path: &Path) -> Option<Arc<str>> {
        let known = self.known.as_ref()?;
        known.searched().iter().find_map(|folder| known.open().get(&folder.join(path)).cloned())
    }

    /// The same for a run that changes nothing: what Lua code writes goes to the copy of `trial`, see [`Permissions::changes`].
    #[must_use]
    pub fn on_trial(&self, trial: &Arc<Trial>) -> Self {
        let grants =
            Grants { lists: self.grants.lists.clone(), trial: Some(Arc::clone(trial)), ..Grants::default() };
        Self { grants: Arc::new(grants), ..self.clone() }
    }

    /// The same without any file to write: for expressions, which are asked and change nothing.
    #[must_use]
    pub fn reading(&self) -> Self {
        Self { looks_only: true, ..self.clone() }
    }

    /// Resolves and opens all that is granted, and makes folders to write that are missing. From here on a granted folder is
    /// this one, whatever becomes of its name. To be called when a run starts; otherwise the first access does the same
    /// without making anything. Gives what is granted for writing and could not be made.
    pub fn begin(&self) -> Vec<String> {
        let missing = if self.grants.trial.is_some() { Missing::Leave } else { Missing::Make };
        let held = self.grants.held.get_or_init(|| HeldHandles::open(&self.grants.lists, missing));
        // Workers could not make it any more.
        held.scratch.get_or_init(Scratch::make);
        if missing == Missing::Leave {
            return Vec::new();
        }
        let unmade = |(granted, tree): (&String, &HeldTree)| {
            let error = tree.handle().err()?;
            Some(format!("`{granted}`, which `permissions` grants for writing, cannot be made: {error}"))
        };
        self.grants.lists.write.iter().zip(&held.write).filter_map(unmade).collect()
    }

    pub(super) fn held(&self) -> &HeldHandles {
        self.grants.held.get_or_init(|| HeldHandles::open(&self.grants.lists, Missing::Leave))
    }

    /// Whether requests or programs are granted at all.
    pub fn reaches_out(&self) -> bool {
        !self.grants.lists.net.is_empty() || !self.grants.lists.exec.is_empty()
    }

    /// The lists, by their keys in the pipeline file.
    pub fn lists(&self) -> [(&'static str, &[String]); 4] {
        let lists = &self.grants.lists;
        [("read", &lists.read), ("write", &lists.write), ("net", &lists.net), ("exec", &lists.exec)]
    }

    pub(super) fn listed(&self, kind: RefusedUse) -> &[String] {
        match kind {
            RefusedUse::Read => &self.grants.lists.read,
            _ if self.looks_only => &[],
            _ => &self.grants.lists.write,
        }
    }

    /// The refusal of a path that leads to `real`, which nothing covers.
    pub(super) fn uncovered(&self, kind: RefusedUse, path: &Path, real: &Path) -> HostError {
        let root = &self.grants.lists.root;
        let given = root.join(path);
        // The real path is told where the one given does not show it.
        let elsewhere =
            (given.components().ne(real.components())).then(|| real.to_string_lossy().into_owned());
        let folder = refusal::folder(root, real);
        refused(kind, &path.to_string_lossy(), elsewhere, &folder, self.listed(kind))
    }

    /// The pipeline's folder, held open; `None` where it is gone.
    pub(in crate::lua) fn root(&self) -> Option<&Arc<OwnedFd>> {
        self.held().root.handle().ok()
    }

    /// Keeps this thread, for good, from opening anything outside of what is granted, as far as the system can do that.
    pub fn confine(&self) {
        self.wall().into_iter().for_each(wall::Wall::confine);
    }

    /// Whether the system itself keeps workers within what is granted.
    ///
    /// # Errors
    /// Fails with the reason when it does not.
    pub fn confinement(&self) -> Result<(), &'static str> {
        self.wall().map(drop).ok_or(wall::MISSING)
    }

    fn wall(&self) -> Option<&wall::Wall> {
        self.grants
            .wall
            .get_or_init(|| wall::Wall::around(self.held(), self.grants.trial.as_deref()))
            .as_ref()
    }
}
