//! What the host functions of one run may reach: hosts, paths, programs. Names are compared here; what paths lead to is
//! reached through the handles of `trees`.
//!
//! Leaves to each module what it does with what it gets.

mod address;
mod beneath;
mod databases;
mod kept;
mod place;
mod programs;
mod reach;
mod refusal;
mod scratch;
mod trees;
mod trial;
mod walk;
mod wall;

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::lua::host_error::HostError;
use crate::lua::script::Reached;
pub(super) use databases::{ENDINGS, OpenDatabase, owner};
pub(super) use kept::Identity;
use kept::{Kept, STATE, Wanted};
pub(super) use place::{Parents, Place, names, numbered};
pub(super) use programs::{Program, missing, search_path};
pub(in crate::lua) use reach::PATH_MAX;
pub(super) use refusal::of_database;
use refusal::{Kind, refused};
use scratch::Scratch;
pub(super) use trees::identity;
use trees::{Missing, Tree};
pub use trial::{Change, Changed, Trial};

/// Lists as they are written in a pipeline file or given to one run; `None` where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Hosts: `api.example.org`, `localhost:8080`, `*.example.org`, `*`.
    pub net: Option<Vec<String>>,
    /// Folders and files to read.
    pub read: Option<Vec<String>>,
    /// Folders and files to write.
    pub write: Option<Vec<String>>,
    /// Programs to start.
    pub exec: Option<Vec<String>>,
}

/// Files of the run's own that no permission opens for writing.
#[derive(Debug, Clone, Default)]
pub struct Protected {
    /// The pipeline file and what belongs to it.
    pub files: Vec<PathBuf>,
    /// Folders of runs.
    pub folders: Vec<PathBuf>,
}

/// What one run may reach. The default reaches nothing.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    grants: Arc<Grants>,
    /// Whether nothing may be changed: in expressions, which are asked and not carried out.
    looks_only: bool,
}

/// The lists, and what they led to when the run started.
#[derive(Debug, Default)]
struct Grants {
    /// The pipeline's folder, absolute.
    root: PathBuf,
    net: Vec<String>,
    read: Vec<String>,
    write: Vec<String>,
    exec: Vec<String>,
    protected: Protected,
    held: OnceLock<Held>,
    wall: OnceLock<Option<wall::Wall>>,
    /// Set where nothing is to be changed.
    trial: Option<Arc<Trial>>,
}

/// What is held open from the start of a run to its end.
#[derive(Debug)]
struct Held {
    /// The pipeline's folder.
    root: Tree,
    read: Vec<Tree>,
    write: Vec<Tree>,
    scratch: OnceLock<io::Result<Scratch>>,
    wanted: Wanted,
    /// Looked up anew as long as something that is kept is still to be made, with what it was at the start.
    kept: Mutex<Arc<Kept>>,
    kept_first: Arc<Kept>,
    /// Programs that are granted by their paths, as far as they were there.
    programs: Vec<programs::Held>,
}

impl Permissions {
    /// What a pipeline file in the folder `root` grants, and what a run adds to it. Without a word on it, `fs` reaches
    /// that folder; `http` and `exec` reach nothing. What is `protected` is never written.
    #[must_use]
    pub fn new(root: &Path, written: Allowed, added: &Allowed, protected: Protected) -> Self {
        let folder = || vec![".".to_owned()];
        let all = |written: Option<Vec<String>>, default: Vec<String>, added: &Option<Vec<String>>| {
            let mut all = written.unwrap_or(default);
            all.extend(added.iter().flatten().cloned());
            all
        };
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let grants = Grants {
            root: absolute(root.to_path_buf()),
            net: all(written.net, Vec::new(), &added.net),
            read: all(written.read, folder(), &added.read),
            write: all(written.write, folder(), &added.write),
            exec: all(written.exec, Vec::new(), &added.exec),
            protected: Protected {
                files: protected.files.into_iter().map(absolute).collect(),
                folders: protected.folders.into_iter().map(absolute).collect(),
            },
            ..Grants::default()
        };
        Self { grants: Arc::new(grants), looks_only: false }
    }

    /// The same for a run that changes nothing: what Lua code writes goes to the copy of `trial`, see [`Permissions::changes`].
    #[must_use]
    pub fn on_trial(&self, trial: &Arc<Trial>) -> Self {
        let grants = &self.grants;
        let grants = Grants {
            root: grants.root.clone(),
            net: grants.net.clone(),
            read: grants.read.clone(),
            write: grants.write.clone(),
            exec: grants.exec.clone(),
            protected: grants.protected.clone(),
            trial: Some(Arc::clone(trial)),
            ..Grants::default()
        };
        Self { grants: Arc::new(grants), looks_only: self.looks_only }
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
        let held = self.grants.held.get_or_init(|| Held::open(&self.grants, missing));
        // Workers could not make it any more.
        held.scratch.get_or_init(Scratch::make);
        if missing == Missing::Leave {
            return Vec::new();
        }
        let unmade = |(granted, tree): (&String, &Tree)| {
            let error = tree.handle().err()?;
            Some(format!("`{granted}`, which `permissions` grants for writing, cannot be made: {error}"))
        };
        self.grants.write.iter().zip(&held.write).filter_map(unmade).collect()
    }

    fn held(&self) -> &Held {
        self.grants.held.get_or_init(|| Held::open(&self.grants, Missing::Leave))
    }

    /// Whether requests or programs are granted at all.
    pub fn reaches_out(&self) -> bool {
        !self.grants.net.is_empty() || !self.grants.exec.is_empty()
    }

    /// The lists, by their keys in the pipeline file.
    pub fn lists(&self) -> [(&'static str, &[String]); 4] {
        let grants = &self.grants;
        [("read", &grants.read), ("write", &grants.write), ("net", &grants.net), ("exec", &grants.exec)]
    }

    /// Why something that Lua code visibly reaches for would be refused, and what to do about it. Compares names, and
    /// opens and makes nothing.
    pub fn complaint(&self, reached: &Reached) -> Option<(String, String)> {
        let needs = |module: &str, what: &str, entry: &str| {
            let message = format!("`{module}` is used, and the file grants no {what}");
            Some((message, format!("add `permissions: {{{entry}}}` to the pipeline file")))
        };
        let refused = match reached {
            Reached::AnyHost if self.grants.net.is_empty() => return needs("http", "host", "net: [HOST]"),
            Reached::AnyProgram if self.grants.exec.is_empty() => {
                return needs("exec", "program", "exec: [PROGRAM]");
            }
            Reached::AnyHost | Reached::AnyProgram => return None,
            Reached::Url(text) => {
                let url = url::Url::parse(text).ok()?;
                self.net(url.host_str()?, url.port_or_known_default().unwrap_or(0))
            }
            Reached::Program(program) => self.may_run(program),
            Reached::Read(path) => self.named(Kind::Read, Path::new(path)),
            Reached::Write(path) => self.named(Kind::Write, Path::new(path)),
        };
        let error = refused.err()?;
        let (message, help) = error.message.split_once("; ").unwrap_or((&error.message, ""));
        Some((message.to_owned(), help.to_owned()))
    }

    /// Whether this host may be reached: a name or an address, as it stands in a URL. To be asked for each redirect
    /// too.
    pub(in crate::lua) fn net(&self, host: &str, port: u16) -> Result<(), HostError> {
        if self.grants.net.iter().any(|granted| address::covers(granted, host, port)) {
            return Ok(());
        }
        let wanted = address::shown(host);
        Err(refused(Kind::Net, &wanted, None, &wanted, &self.grants.net))
    }

    /// The refusal of a path by its name alone, as things are now.
    fn named(&self, kind: Kind, path: &Path) -> Result<(), HostError> {
        let root = &self.grants.root;
        let Ok(real) = walk::resolve(root, path) else { return Ok(()) };
        let granted = self.listed(kind);
        let covers = |granted: &String| {
            walk::resolve(root, Path::new(granted)).is_ok_and(|granted| real.starts_with(granted))
        };
        if !granted.iter().any(covers) {
            return Err(self.uncovered(kind, path, &real));
        }
        let kept = self.grants.protected.files.iter().chain(&self.grants.protected.folders);
        match (kind, kept.into_iter().find(|kept| real.starts_with(kept))) {
            (Kind::Write, Some(kept)) => Err(refusal::protected(path, kept)),
            _ => Ok(()),
        }
    }

    fn listed(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::Read => &self.grants.read,
            _ if self.looks_only => &[],
            _ => &self.grants.write,
        }
    }

    /// The refusal of a path that leads to `real`, which nothing covers.
    fn uncovered(&self, kind: Kind, path: &Path, real: &Path) -> HostError {
        let root = &self.grants.root;
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

    /// Whether the system itself keeps workers within what is granted; otherwise why it does not.
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

impl Held {
    fn open(grants: &Grants, missing: Missing) -> Self {
        let open = |list: &[String], missing| -> Vec<Tree> {
            list.iter().map(|path| Tree::open(&grants.root, Path::new(path), missing)).collect()
        };
        // What is to be written may be to be read as well, so it is made first.
        let write = open(&grants.write, missing);
        let read: Vec<Tree> =
            open(&grants.read, Missing::Leave).into_iter().map(|tree| tree.or_as(&write)).collect();
        let root = Tree::open(&grants.root, Path::new("."), Missing::Leave);
        let scratch = OnceLock::new();
        if missing == Missing::Make {
            scratch.get_or_init(Scratch::make);
        }
        let mut wanted = Wanted {
            files: grants.protected.files.clone(),
            closed: grants.protected.folders.clone(),
            fixed: [&root].into_iter().chain(&read).chain(&write).map(|tree| tree.spelled.clone()).collect(),
        };
        wanted.closed.push(grants.root.join(STATE));
        let made = scratch.get().and_then(|made| made.as_ref().ok());
        wanted.fixed.extend(made.map(|made| made.folder.path().to_owned()));
        wanted.files.extend(programs::within(&grants.root, &grants.exec, &write));
        let kept_first = Arc::new(Kept::look_up(&wanted));
        let kept = Mutex::new(Arc::clone(&kept_first));
        let programs = programs::hold(&grants.root, &grants.exec);
        Self { root, read, write, scratch, wanted, kept, kept_first, programs }
    }

    /// The scratch folder, as far as somebody has wanted it.
    fn scratch(&self) -> Option<&Scratch> {
        self.scratch.get().and_then(|made| made.as_ref().ok())
    }

    /// What must not be written or replaced now.
    fn kept(&self) -> Arc<Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_unfinished() {
            *kept = Arc::new(Kept::look_up(&self.wanted).joined(&self.kept_first));
        }
        Arc::clone(&kept)
    }
}

#[cfg(test)]
mod tests;
