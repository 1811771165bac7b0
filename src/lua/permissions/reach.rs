//! This module reaches files: from a path as Lua code names it to an open file or a place, through the handle of the
//! tree that it lies in.
//!
//! A path without links that lead elsewhere is opened right below its tree. Any other is resolved by names first,
//! which says what it leads to; that is then opened below the tree it lies in, without following any link. If another
//! process has swapped one in between, the path is resolved again.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use super::beneath::{self, Links};
use super::grants::Permissions;
use super::kept::{Identity, STATE};
use super::place::{self, HeldPlace, Parents};
use super::refusal::{self, RefusedUse};
use super::scratch::Scratch;
use super::trees::{HeldTree, identity, is_plain};
use super::{databases, walk};
use crate::lua::host_error::HostError;
use crate::runtime::unconfined;

/// How often a path is resolved anew while others swap links on its way: as many links as Linux follows.
const TRIES: usize = 40;

/// Bytes of a path, as many as Linux takes. Here longer ones would be gone through name by name, for a long time.
pub(in crate::lua) const PATH_MAX: usize = 4095;

fn is_too_long(path: &Path) -> Option<io::Error> {
    (path.as_os_str().len() > PATH_MAX).then(|| Errno::NAMETOOLONG.into())
}

/// What is reached. The outer error is a refusal, the inner one what the system says about a file that may be reached.
pub(in crate::lua) type ReachResult<T> = Result<io::Result<T>, HostError>;

/// What a path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// What it leads to, all links followed.
    Target,
    /// The same, and what is there is about to be replaced.
    Fresh,
    /// What stands there itself, which may be a link to anywhere.
    Entry,
}

/// Where a path leads: below which tree, and by which names.
pub(super) struct Located<'a> {
    tree: &'a HeldTree,
    rest: PathBuf,
    pub(super) real: PathBuf,
}

impl Permissions {
    /// Opens a plain file to read.
    pub(in crate::lua) fn open(&self, path: &Path) -> ReachResult<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        Ok(self.reach(path, flags)?.and_then(|file| place::plain(File::from(file))))
    }

    /// A handle to what may be read, which is not opened itself: to see what it is, or to go into it.
    pub(in crate::lua) fn handle(&self, path: &Path) -> ReachResult<OwnedFd> {
        self.reach(path, place::STEP)
    }

    /// A file below the first of the folders for `require` that has it, whatever else may be read. A refusal says outside of
    /// what the file lies.
    pub(in crate::lua) fn open_own(&self, path: &Path) -> ReachResult<File> {
        if let Some(error) = is_too_long(path) {
            return Ok(Err(error));
        }
        let mut missing = Errno::NOENT.into();
        for tree in self.held().lua() {
            match self.open_below(tree, path)? {
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    missing = error;
                }
                found => return Ok(found),
            }
        }
        Ok(Err(missing))
    }

    fn open_below(&self, tree: &HeldTree, path: &Path) -> ReachResult<File> {
        let handle = match tree.handle() {
            // It was a folder when the run began.
            Ok(_) if tree.is_file() => return Ok(Err(Errno::NOTDIR.into())),
            Ok(handle) => handle,
            Err(error) => return Ok(Err(error)),
        };
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let plain = |file| place::plain(File::from(file));
        match beneath::open(handle, path, flags, Links::Followed) {
            Err(Errno::XDEV | Errno::LOOP | Errno::AGAIN) => {}
            opened => return Ok(opened.map_err(beneath::told).and_then(plain)),
        }
        let trees = self.held().lua();
        let located = || match walk::resolve(&tree.spelled, path) {
            Err(stopped) => Ok(Err(stopped.error)),
            // From one of the folders, a link may lead to another of them.
            Ok(real) => match trees.iter().find_map(|tree| Some((tree, tree.below(&real)?))) {
                Some((tree, rest)) => Ok(Ok(Located { tree, rest, real })),
                None if self.grants.lists.lua.is_empty() => {
                    Err(HostError::refusal("the pipeline's folder".to_owned()))
                }
                None => Err(HostError::refusal("the folders of `lua_path`".to_owned())),
            },
        };
        Ok(opened(located, flags)?.and_then(plain))
    }

    pub(super) fn reach(&self, path: &Path, flags: OFlags) -> ReachResult<OwnedFd> {
        if let Some(error) = is_too_long(path) {
            return Ok(Err(error));
        }
        if let Some(trial) = &self.grants.trial {
            return self.reach_on_trial(trial, path, flags);
        }
        if let Some(Located { tree, rest, .. }) = self.as_written(RefusedUse::Read, path)
            && let Ok(handle) = tree.handle()
        {
            match open_in(tree, handle, &rest, flags, tree.links()) {
                Err(Errno::XDEV | Errno::LOOP | Errno::AGAIN) => {}
                opened => return Ok(opened.map_err(beneath::told)),
            }
        }
        opened(|| self.locate(RefusedUse::Read, path, Means::Target), flags)
    }

    /// The place of a file to read, and of what a link there leads to.
    pub(in crate::lua) fn source(&self, path: &Path) -> ReachResult<HeldPlace> {
        self.placed(RefusedUse::Read, path, Means::Target, Parents::Expect)
    }

    /// The place of a file to write, and of what a link there leads to.
    pub(in crate::lua) fn target(&self, path: &Path, parents: Parents) -> ReachResult<HeldPlace> {
        self.placed(RefusedUse::Write, path, Means::Target, parents)
    }

    /// The same for a file whose old content goes.
    pub(in crate::lua) fn fresh(&self, path: &Path, parents: Parents) -> ReachResult<HeldPlace> {
        self.placed(RefusedUse::Write, path, Means::Fresh, parents)
    }

    /// The place of what stands at `path` itself: to replace it, or to take it away with all that is in it.
    pub(in crate::lua) fn entry(&self, path: &Path, parents: Parents) -> ReachResult<HeldPlace> {
        self.placed(RefusedUse::Write, path, Means::Entry, parents)
    }

    /// The place of what stands at `path` itself, to look at it.
    pub(in crate::lua) fn look(&self, path: &Path) -> ReachResult<HeldPlace> {
        self.placed(RefusedUse::Read, path, Means::Entry, Parents::Expect)
    }

    /// Refuses a name beside a place, which something else than Lua code is about to make, where it is that of a kept file.
    pub(in crate::lua) fn beside(&self, place: &HeldPlace, name: &OsStr) -> Result<(), HostError> {
        let kept = self.held().kept();
        let Ok(folder) = identity(place.parent()) else { return Ok(()) };
        let found = HeldPlace::within(Arc::clone(place.parent()), name).stat().ok().flatten();
        let file = || kept.file(Identity::of_stat(&found?));
        match kept.file_at(folder, name).or_else(file) {
            Some(kept) => Err(refusal::protected(Path::new(name), kept)),
            None => Ok(()),
        }
    }

    fn placed(
        &self,
        kind: RefusedUse,
        path: &Path,
        means: Means,
        parents: Parents,
    ) -> ReachResult<HeldPlace> {
        if let Some(error) = is_too_long(path) {
            return Ok(Err(error));
        }
        if let Some(trial) = &self.grants.trial {
            return self.placed_on_trial(trial, (kind, means), path, parents);
        }
        let follows = path.as_os_str().as_bytes().ends_with(b"/");
        if let Some(located) = self.as_written(kind, path)
            && !follows
            && located.tree.handle().is_ok()
            && is_plain(&located.rest)
        {
            match self.settle(kind, path, means, &located, parents)? {
                Ok(None) => {}
                Err(error) if is_swapped(&error) => {}
                Ok(Some(place)) => return Ok(Ok(place)),
                Err(error) => return Ok(Err(error)),
            }
        }
        let mut last: Option<(io::Error, PathBuf)> = None;
        for _ in 0..TRIES {
            let located = match self.locate(kind, path, means)? {
                Ok(located) => located,
                Err(error) => return Ok(Err(error)),
            };
            match self.settle(kind, path, means, &located, parents)? {
                Ok(None) => {}
                // Nobody has swapped anything where the way is the same as before.
                Err(error)
                    if is_swapped(&error) && last.as_ref().is_none_or(|(_, real)| *real != located.real) =>
                {
                    last = Some((error, located.real));
                }
                Ok(Some(place)) => return Ok(Ok(place)),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Err(last.map_or_else(|| Errno::LOOP.into(), |(error, _)| error)))
    }

    /// The place itself, unless something there is kept; `None` where a link stands in the way.
    pub(super) fn settle(
        &self,
        kind: RefusedUse,
        path: &Path,
        means: Means,
        located: &Located<'_>,
        parents: Parents,
    ) -> ReachResult<Option<HeldPlace>> {
        let Located { tree, rest, .. } = located;
        if kind != RefusedUse::Write {
            let place = tree.descend(rest, parents, |_, _| true);
            let is_link = |place: &HeldPlace| {
                let found = place.stat().ok().flatten();
                found.is_some_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
            };
            return Ok(place.map(|place| place.filter(|place| means == Means::Entry || !is_link(place))));
        }
        if let Some(state) = state_folder(&tree.real_of(rest)) {
            return Err(refusal::protected(path, &state));
        }
        if means == Means::Entry && rest.as_os_str().is_empty() {
            return Err(refusal::protected(path, &tree.real));
        }
        let kept = self.held().kept();
        if let Some(unmade) = kept.unmade(&tree.real_of(rest), means != Means::Entry) {
            return Err(refusal::protected(path, unmade));
        }
        let mut closed = None;
        let top = tree.handle().ok().and_then(|top| identity(top).ok());
        let place = tree.descend(rest, parents, |folder, _| {
            closed = kept.closed(folder).map(Path::to_owned);
            closed.is_none()
        });
        let closed = closed.or_else(|| top.and_then(|top| kept.closed(top).map(Path::to_owned)));
        if let Some(closed) = closed {
            return Err(refusal::protected(path, &closed));
        }
        let place = match place {
            Ok(Some(place)) => place,
            other => return Ok(other),
        };
        let (folder, found) = match (identity(place.parent()), place.stat()) {
            (Ok(folder), Ok(found)) => (folder, found),
            (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
        };
        if let Some(database) = databases::owner(folder, place.name()) {
            return Err(refusal::of_database(path, &database));
        }
        let is_link =
            found.as_ref().is_some_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink);
        if is_link && means != Means::Entry {
            return Ok(Ok(None));
        }
        let itself = found.as_ref().map(Identity::of_stat);
        let refused = match means {
            Means::Target | Means::Fresh => {
                kept.file_at(folder, place.name()).or_else(|| itself.and_then(|itself| kept.file(itself)))
            }
            Means::Entry => {
                kept.led_to(folder, place.name()).or_else(|| itself.and_then(|itself| kept.thing(itself)))
            }
        };
        match refused {
            Some(kept) => Err(refusal::protected(path, kept)),
            None => Ok(Ok(Some(place.keeping(kept)))),
        }
    }

    /// The tree and the names in it that a path spells out, when nothing has to be resolved for that.
    fn as_written(&self, kind: RefusedUse, path: &Path) -> Option<Located<'_>> {
        let bytes = path.as_os_str().as_bytes();
        if bytes.is_empty() || bytes.contains(&0) {
            return None;
        }
        let whole = self.grants.lists.root.join(path);
        // One that is missing hides none that is there.
        self.trees(kind).filter(|tree| tree.handle().is_ok()).find_map(|tree| {
            let rest = tree.below_spelled(&whole)?;
            Some(Located { tree, rest, real: PathBuf::new() })
        })
    }

    /// Where a path leads by its names, as far as that is granted.
    pub(super) fn locate(&self, kind: RefusedUse, path: &Path, means: Means) -> ReachResult<Located<'_>> {
        let root = &self.grants.lists.root;
        let walked = match means {
            Means::Target | Means::Fresh => walk::resolve(root, path),
            Means::Entry => walk::place(root, path),
        };
        let (real, error) = match walked {
            Ok(real) => (real, None),
            Err(stopped) => (stopped.at, Some(stopped.error)),
        };
        let covers = |tree: &'_ HeldTree| tree.below(&real).is_some();
        let mut covering = self.trees(kind).filter(|tree| covers(tree));
        let first = covering.next();
        // One that is missing hides none that is there.
        let found = first.into_iter().chain(covering).find(|tree| tree.handle().is_ok()).or(first);
        let found = found.and_then(|tree| Some((tree, tree.below(&real)?)));
        match (found, error) {
            (None, _) => Err(self.uncovered(kind, path, &real)),
            (Some(_), Some(error)) => Ok(Err(error)),
            (Some((tree, rest)), None) => Ok(Ok(Located { tree, rest, real })),
        }
    }

    fn trees(&self, kind: RefusedUse) -> impl Iterator<Item = &HeldTree> {
        let held = self.held();
        let granted: &[HeldTree] = match kind {
            RefusedUse::Read => &held.read,
            _ if self.looks_only => &[],
            _ => &held.write,
        };
        granted.iter().chain(held.scratch().map(|scratch| &scratch.tree))
    }

    /// The folder for temporary files, if it was wanted before now.
    pub(in crate::lua) fn scratch_made(&self) -> Option<Arc<OwnedFd>> {
        self.held().scratch().and_then(|scratch| scratch.tree.handle().ok().cloned())
    }

    /// The folder for temporary files: its path, and itself; made where it is not there yet.
    pub(in crate::lua) fn scratch(&self) -> io::Result<(&Path, HeldPlace)> {
        match self.held().scratch.get_or_init(Scratch::make) {
            Ok(scratch) => {
                let folder = Arc::clone(scratch.tree.handle()?);
                let place = HeldPlace::within(folder, std::ffi::OsStr::new("."));
                Ok((scratch.folder.path(), place.keeping(self.held().kept())))
            }
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        }
    }
}

/// Opens what is located, and locates it again while links are swapped in on the way.
pub(super) fn opened<'a>(
    locate: impl Fn() -> ReachResult<Located<'a>>,
    flags: OFlags,
) -> ReachResult<OwnedFd> {
    for _ in 0..TRIES {
        let Located { tree, rest, .. } = match locate()? {
            Ok(located) => located,
            Err(error) => return Ok(Err(error)),
        };
        let handle = match tree.handle() {
            Ok(handle) => handle,
            Err(error) => return Ok(Err(error)),
        };
        match open_in(tree, handle, &rest, flags, Links::Refused) {
            Err(Errno::XDEV | Errno::LOOP | Errno::AGAIN) => {}
            opened => return Ok(opened.map_err(beneath::told)),
        }
    }
    Ok(Err(Errno::LOOP.into()))
}

/// Opens what lies in a tree. The second wall knows a granted file by what it was when the run started; one that took its place
/// since is opened on a thread without that wall.
fn open_in(
    tree: &HeldTree,
    handle: &Arc<OwnedFd>,
    rest: &Path,
    flags: OFlags,
    links: Links,
) -> rustix::io::Result<OwnedFd> {
    let opened = beneath::open(handle, rest, flags, links);
    if !tree.is_file() || !matches!(opened, Err(Errno::ACCESS)) {
        return opened;
    }
    let (handle, rest) = (Arc::clone(handle), rest.to_owned());
    let (sender, receiver) = std::sync::mpsc::channel();
    unconfined(move || {
        let _ = sender.send(beneath::open(&handle, &rest, flags, links));
    });
    receiver.recv().unwrap_or(opened)
}

/// Whether a folder on the way was no folder: a link, or it has become one meanwhile.
fn is_swapped(error: &io::Error) -> bool {
    [Errno::LOOP, Errno::NOTDIR].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// The folder of runs that a path lies in or is, by its name.
fn state_folder(real: &Path) -> Option<PathBuf> {
    let is_state = |part: &std::ffi::OsStr| part.eq_ignore_ascii_case(STATE);
    real.ancestors().find(|path| path.file_name().is_some_and(is_state)).map(Path::to_owned)
}
