//! This module knows what Lua code may not replace or write: the pipeline file, the folder of runs, granted folders,
//! programs, and every name that leads to one of them. They are known by what the system calls a file, so that other
//! names of it are no way round.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::walk;

/// The folder of runs, wherever it lies: Lua code must not rewrite what has been journalled.
pub(super) const STATE: &str = ".flowrun";

/// Device and number of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::lua) struct Identity(pub(super) u64, pub(super) u64);

impl Identity {
    /// That of what was looked at.
    pub(in crate::lua) fn of_stat(stat: &rustix::fs::Stat) -> Self {
        Self(stat.st_dev, stat.st_ino)
    }

    /// That of what a path leads to, if anything is there.
    pub(super) fn of(path: &Path) -> Option<Self> {
        path.metadata().ok().map(|found| Self(found.dev(), found.ino()))
    }
}

/// Paths that are to be kept, absolute.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Files: not written, not replaced, not made.
    pub(super) files: Vec<PathBuf>,
    /// Folders in which nothing is written.
    pub(super) closed: Vec<PathBuf>,
    /// Folders that stay where they are; in them, anything may be written.
    pub(super) fixed: Vec<PathBuf>,
}

/// A name in a folder that leads to something kept.
#[derive(Debug, Clone)]
struct KeptName {
    folder: Identity,
    name: OsString,
    /// Whether it is the last name of a file: then nothing may be made there either.
    is_file: bool,
    /// Which path it leads to.
    to: PathBuf,
}

/// The files and folders that Lua code may not replace or write.
#[derive(Debug, Default)]
pub(super) struct KeptFiles {
    entries: Vec<KeptName>,
    /// Real paths whose folder does not exist yet, and whether they are those of files.
    unmade: Vec<(PathBuf, bool)>,
    files: Vec<(Identity, PathBuf)>,
    closed: Vec<(Identity, PathBuf)>,
    fixed: Vec<(Identity, PathBuf)>,
}

impl KeptFiles {
    /// Looks up what is wanted, as it is now.
    pub(super) fn look_up(wanted: &Wanted) -> Self {
        let mut kept = Self::default();
        let find = |path: &PathBuf| Identity::of(path).map(|identity| (identity, path.clone()));
        kept.files = wanted.files.iter().filter_map(find).collect();
        kept.closed = wanted.closed.iter().filter_map(find).collect();
        kept.fixed = wanted.fixed.iter().filter_map(find).collect();
        for (paths, are_files) in [(&wanted.files, true), (&wanted.closed, false), (&wanted.fixed, false)] {
            for path in paths {
                kept.add_way(path, are_files);
            }
        }
        kept
    }

    /// Both: what was kept under other names stays kept.
    pub(super) fn joined(mut self, other: &Self) -> Self {
        self.entries.extend(other.entries.iter().cloned());
        self.files.extend(other.files.iter().cloned());
        self.closed.extend(other.closed.iter().cloned());
        self.fixed.extend(other.fixed.iter().cloned());
        self
    }

    fn add_way(&mut self, path: &Path, is_file: bool) {
        let passed = walk::passed(Path::new("/"), path);
        let last = passed.len().saturating_sub(1);
        for (at, (folder, name)) in passed.into_iter().enumerate() {
            let is_file = is_file && at == last;
            let Some(folder) = Identity::of(&folder) else {
                self.unmade.push((folder.join(name), is_file));
                continue;
            };
            self.entries.push(KeptName { folder, name, is_file, to: path.to_owned() });
        }
    }

    /// What a name in a folder leads to, if that is kept: it may not be renamed, removed or replaced.
    pub(super) fn led_to(&self, folder: Identity, name: &OsStr) -> Option<&Path> {
        self.entry(folder, name).map(|entry| &*entry.to)
    }

    /// The kept file whose name this is: it may not be made either.
    pub(super) fn file_at(&self, folder: Identity, name: &OsStr) -> Option<&Path> {
        let entries = self.entries.iter().filter(|entry| entry.is_file);
        entries.into_iter().find(|entry| entry.is(folder, name)).map(|entry| &*entry.to)
    }

    /// The kept path that this one is, or leads to, before the folders on the way have been made; of files to be made, only
    /// those that are kept themselves.
    pub(super) fn unmade(&self, real: &Path, is_made: bool) -> Option<&Path> {
        let is_it = |(path, is_file): &&(PathBuf, bool)| path == real && (*is_file || !is_made);
        self.unmade.iter().find(is_it).map(|(path, _)| &**path)
    }

    /// Whether folders on the way to a kept file are still missing: once they are there, they have to be known.
    pub(super) fn is_unfinished(&self) -> bool {
        !self.unmade.is_empty()
    }

    fn entry(&self, folder: Identity, name: &OsStr) -> Option<&KeptName> {
        self.entries.iter().find(|entry| entry.is(folder, name))
    }

    /// The kept file that this is, whatever it is called.
    pub(super) fn file(&self, identity: Identity) -> Option<&Path> {
        found(&self.files, identity)
    }

    /// The closed folder that this is.
    pub(super) fn closed(&self, identity: Identity) -> Option<&Path> {
        found(&self.closed, identity)
    }

    /// The folder that stays where it is, or anything else kept, that this is.
    pub(super) fn thing(&self, identity: Identity) -> Option<&Path> {
        found(&self.fixed, identity).or_else(|| self.closed(identity)).or_else(|| self.file(identity))
    }

    /// Says no where this is a kept file.
    pub(super) fn may_write(&self, identity: Identity) -> Result<(), String> {
        match self.file(identity) {
            None => Ok(()),
            Some(kept) => Err(format!("it is `{}`, which is kept from Lua code", kept.display())),
        }
    }
}

impl KeptName {
    /// Some file systems do not mind the case of names; where they do, a name that differs in that only is kept too.
    fn is(&self, folder: Identity, name: &OsStr) -> bool {
        self.folder == folder && self.name.eq_ignore_ascii_case(name)
    }
}

fn found(all: &[(Identity, PathBuf)], identity: Identity) -> Option<&Path> {
    all.iter().find(|(one, _)| *one == identity).map(|(_, path)| &**path)
}
