//! The lists say what a run was granted, as it was written: in a pipeline file, and by what a run adds.

use std::path::{Path, PathBuf};

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

/// The lists, joined, and where their relative paths start.
#[derive(Debug, Clone, Default)]
pub(super) struct Lists {
    /// The pipeline's folder, absolute.
    pub(super) root: PathBuf,
    pub(super) net: Vec<String>,
    pub(super) read: Vec<String>,
    pub(super) write: Vec<String>,
    pub(super) exec: Vec<String>,
    /// Folders in which `require` looks, in this order; none: the pipeline's folder.
    pub(super) lua: Vec<PathBuf>,
    pub(super) protected: Protected,
}

impl Lists {
    /// What a pipeline file in the folder `root` grants, and what a run adds to it. Without a word on it, `fs` reaches
    /// that folder; `http` and `exec` reach nothing.
    pub(super) fn new(root: &Path, written: Allowed, added: &Allowed, protected: Protected) -> Self {
        let folder = || vec![".".to_owned()];
        let all = |written: Option<Vec<String>>, default: Vec<String>, added: &Option<Vec<String>>| {
            let mut all = written.unwrap_or(default);
            all.extend(added.iter().flatten().cloned());
            all
        };
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        Self {
            root: absolute(root.to_path_buf()),
            net: all(written.net, Vec::new(), &added.net),
            read: all(written.read, folder(), &added.read),
            write: all(written.write, folder(), &added.write),
            exec: all(written.exec, Vec::new(), &added.exec),
            lua: Vec::new(),
            protected: Protected {
                files: protected.files.into_iter().map(absolute).collect(),
                folders: protected.folders.into_iter().map(absolute).collect(),
            },
        }
    }
}
