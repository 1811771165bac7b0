//! A run that changes nothing reaches the copy of its trial first, and what it changes is changed there.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use super::beneath::{self, Links};
use super::grants::Permissions;
use super::place::{self, HeldPlace, Parents};
use super::reach::{Means, ReachResult, opened};
use super::refusal::RefusedUse;
use super::trial::{Change, Changed, Listing, Trial, below, changed, copied, copy};
use crate::lua::host_error::HostError;

/// Where what a path leads to is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now {
    Copied,
    Gone,
    Untouched,
}

impl Permissions {
    /// Refuses what a trial cannot undo; otherwise says nothing.
    pub(in crate::lua) fn effect(&self, what: &str) -> Result<(), HostError> {
        if self.grants.trial.is_none() {
            return Ok(());
        }
        Err(HostError::refusal(format!(
            "{what} is not carried out: `preview` and `test` change nothing; `--allow-effects` carries it out"
        )))
    }

    /// Why what a trial cannot undo is not done; nothing where this is no trial.
    pub fn refused_effect(&self, what: &str) -> Option<String> {
        self.effect(what).err().map(|refusal| refusal.message)
    }

    /// Whether files below this path are only looked at, and changed in a copy.
    pub(in crate::lua) fn is_trial_at(&self, path: &Path) -> bool {
        let real = || self.locate(RefusedUse::Read, path, Means::Target).ok().and_then(Result::ok);
        self.grants.trial.is_some() && !real().is_some_and(|located| self.is_scratch(&located.real))
    }

    /// Whether a file may be written, without reaching it.
    pub(in crate::lua) fn writable(&self, path: &Path) -> ReachResult<()> {
        match self.locate(RefusedUse::Write, path, Means::Target)? {
            Ok(located) => {
                // A folder that is missing is none of what is kept.
                let _ = self.settle(RefusedUse::Write, path, Means::Target, &located, Parents::Expect)?;
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Opens a folder to list it.
    pub(in crate::lua) fn list(&self, path: &Path) -> ReachResult<Listing> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK;
        let Some(trial) = &self.grants.trial else {
            let only = |real| Listing { real: Some(real), copy: None, gone: Vec::new() };
            return Ok(self.reach(path, flags)?.map(only));
        };
        let located = match self.locate(RefusedUse::Read, path, Means::Target)? {
            Ok(located) => located,
            Err(error) => return Ok(Err(error)),
        };
        let real = if self.now(trial, &located.real) == Now::Gone {
            Err(Errno::NOENT.into())
        } else {
            opened(|| self.locate(RefusedUse::Read, path, Means::Target), flags)?
        };
        let copy = trial
            .root()
            .and_then(|root| Ok(beneath::open(root, below(&located.real), flags, Links::Refused)?));
        if let (Err(_), Err(error)) = (&copy, real.as_ref().map(drop)) {
            return Ok(Err(io::Error::new(error.kind(), error.to_string())));
        }
        let within = |path: &&PathBuf| path.parent() == Some(&located.real);
        let gone = trial.gone();
        let gone = gone.iter().filter(within).filter_map(|path| path.file_name()).map(OsStr::to_owned);
        Ok(Ok(Listing { real: real.ok(), copy: copy.ok(), gone: gone.collect() }))
    }

    /// A file or folder on a trial: the copy where there is one.
    pub(super) fn reach_on_trial(&self, trial: &Trial, path: &Path, flags: OFlags) -> ReachResult<OwnedFd> {
        let located = match self.locate(RefusedUse::Read, path, Means::Target)? {
            Ok(located) => located,
            Err(error) => return Ok(Err(error)),
        };
        match self.now(trial, &located.real) {
            Now::Gone => Ok(Err(Errno::NOENT.into())),
            Now::Untouched => opened(|| self.locate(RefusedUse::Read, path, Means::Target), flags),
            Now::Copied => Ok(trial
                .root()
                .and_then(|root| Ok(beneath::open(root, below(&located.real), flags, Links::Refused)?))),
        }
    }

    /// A place on a trial. One to write is in the copy, with what stands in the real place copied there.
    pub(super) fn placed_on_trial(
        &self,
        trial: &Trial,
        (kind, means): (RefusedUse, Means),
        path: &Path,
        parents: Parents,
    ) -> ReachResult<HeldPlace> {
        let located = match self.locate(kind, path, means)? {
            Ok(located) => located,
            Err(error) => return Ok(Err(error)),
        };
        // What is kept is refused as ever; folders that are missing are missing in the copy only when nobody makes them.
        let settled = self.settle(kind, path, means, &located, Parents::Expect)?;
        let now = self.now(trial, &located.real);
        if kind != RefusedUse::Write || self.is_scratch(&located.real) {
            return Ok(match now {
                Now::Gone => Err(Errno::NOENT.into()),
                Now::Copied => copied(trial, &located.real, Parents::Expect),
                Now::Untouched => settled.and_then(|place| place.ok_or_else(|| Errno::LOOP.into())),
            });
        }
        let original = match settled {
            Ok(Some(place)) if now == Now::Untouched => Some(place),
            _ => None,
        };
        let kind_of =
            |place: &HeldPlace| place.stat().ok().flatten().map(|stat| FileType::from_raw_mode(stat.st_mode));
        let standing = original.as_ref().and_then(kind_of);
        if means == Means::Entry && matches!(standing, Some(FileType::Directory | FileType::Symlink)) {
            self.effect(&format!("moving or removing the folder or link `{}`", path.display()))?;
        }
        let parents = if original.is_some() { Parents::Make } else { parents };
        Ok(copied(trial, &located.real, parents).and_then(|place| {
            match (original, standing) {
                (_, Some(FileType::Directory)) => place.make_folder()?,
                (Some(original), Some(FileType::RegularFile)) if means != Means::Fresh => {
                    copy(&original, &place)?;
                }
                _ => {}
            }
            Ok(place)
        }))
    }

    /// Notes that what stood at `path` is gone: moved or removed in the copy.
    pub(in crate::lua) fn took_away(&self, path: &Path) {
        let Some(trial) = &self.grants.trial else { return };
        if let Ok(Ok(located)) = self.locate(RefusedUse::Write, path, Means::Entry)
            && !self.is_scratch(&located.real)
            && located.real.symlink_metadata().is_ok()
        {
            trial.gone().insert(located.real);
        }
    }

    /// All that was changed so far, by path.
    ///
    /// # Errors
    /// Fails when the copy cannot be read.
    pub fn changes(&self) -> io::Result<Vec<Change>> {
        let Some(trial) = &self.grants.trial else { return Ok(Vec::new()) };
        let shown = |real: &Path| {
            let root = &self.held().root.real;
            real.strip_prefix(root).unwrap_or(real).to_owned()
        };
        let mut changes = Vec::new();
        if let Some(Ok(copy)) = trial.copy.get() {
            changed(copy.scratch.folder.path(), Path::new("/"), &mut |real, what| {
                changes.push(Change { path: shown(real), what });
            })?;
        }
        let gone = trial.gone().clone();
        let gone = gone.iter().filter(|gone| self.now(trial, gone) == Now::Gone);
        changes.extend(gone.map(|gone| Change { path: shown(gone), what: Changed::Gone }));
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(changes)
    }

    fn now(&self, trial: &Trial, real: &Path) -> Now {
        if self.is_scratch(real) {
            return Now::Untouched;
        }
        let found = trial.root().and_then(|root| {
            let found = beneath::open(root, below(real), place::STEP, Links::Refused);
            found.map_err(io::Error::from)
        });
        let is_gone = real.ancestors().any(|path| trial.gone().contains(path));
        let is_folder = |file: &OwnedFd| {
            rustix::fs::fstat(file)
                .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
        };
        match found {
            // A folder of the copy stands for the real one, with what is in both.
            Ok(copy) if !is_folder(&copy) || is_gone || real.symlink_metadata().is_err() => Now::Copied,
            _ if is_gone => Now::Gone,
            _ => Now::Untouched,
        }
    }

    fn is_scratch(&self, real: &Path) -> bool {
        self.held().scratch().is_some_and(|scratch| scratch.tree.below(real).is_some())
    }
}
