//! This module opens by handle: a path below an open folder, which is never left, whatever links or other processes
//! do meanwhile.
//!
//! Linux checks that itself (`openat2`). Elsewhere, and in sandboxes that do not know the call, one folder after the other is
//! opened without following links; a path with links in it is then for the walk by names to resolve.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Tries while others rename folders on the way: the kernel then cannot tell whether `..` still led where it should.
#[cfg(target_os = "linux")]
const TRIES: usize = 64;

/// What becomes of links on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// They are followed as long as they stay below the folder; else the error is [`Errno::XDEV`].
    Followed,
    /// The first one is an error.
    Refused,
}

/// Opens what lies at `rest` below `folder`. `rest` may be empty, which is the folder itself.
pub(super) fn open(
    folder: &OwnedFd,
    rest: &Path,
    flags: OFlags,
    links: Links,
) -> rustix::io::Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC;
    let rest = if rest.as_os_str().is_empty() { Path::new(".") } else { rest };
    #[cfg(target_os = "linux")]
    if let Some(opened) = by_kernel(folder, rest, flags, links) {
        return opened;
    }
    step_by_step(folder, rest, flags, links)
}

/// `None`: this system has no such call, or a sandbox around flowrun refuses it.
#[cfg(target_os = "linux")]
fn by_kernel(
    folder: &OwnedFd,
    rest: &Path,
    flags: OFlags,
    links: Links,
) -> Option<rustix::io::Result<OwnedFd>> {
    use rustix::fs::ResolveFlags;
    if !is_known() {
        return None;
    }
    let resolve = match links {
        Links::Followed => ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS,
        Links::Refused => ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
    };
    for _ in 0..TRIES {
        match rustix::fs::openat2(folder, rest, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            opened => return Some(opened),
        }
    }
    Some(Err(Errno::AGAIN))
}

/// Whether `openat2` works here, asked once. `EPERM` from a filter must not be taken for an answer about a file.
#[cfg(target_os = "linux")]
fn is_known() -> bool {
    use std::sync::OnceLock;
    static KNOWN: OnceLock<bool> = OnceLock::new();
    #[cfg(test)]
    if without::is_set() {
        return false;
    }
    *KNOWN.get_or_init(|| {
        let root = rustix::fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        let resolve = rustix::fs::ResolveFlags::BENEATH;
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        root.is_ok_and(|root| rustix::fs::openat2(&root, ".", flags, Mode::empty(), resolve).is_ok())
    })
}

/// The same by one `openat` for each name. The caller resolves a link on the way, so it is an error here.
fn step_by_step(folder: &OwnedFd, rest: &Path, flags: OFlags, links: Links) -> rustix::io::Result<OwnedFd> {
    let link = match links {
        Links::Followed => Errno::XDEV,
        Links::Refused => Errno::LOOP,
    };
    let mut names = Vec::new();
    for part in rest.components() {
        match part {
            Component::Normal(name) => names.push(name),
            Component::CurDir => {}
            _ => return Err(Errno::XDEV),
        }
    }
    let Some((last, way)) = names.split_last() else {
        return rustix::fs::openat(folder, ".", flags, Mode::empty());
    };
    let is_link = |folder: &OwnedFd, name: &std::ffi::OsStr| {
        let stat = rustix::fs::statat(folder, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW);
        stat.is_ok_and(|stat| {
            rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::Symlink
        })
    };
    let mut at: Option<OwnedFd> = None;
    for name in way {
        let from = at.as_ref().unwrap_or(folder);
        let opened = super::place::step(from, name);
        at = Some(opened.map_err(|error| if is_link(from, name) { link } else { error })?);
    }
    let from = at.as_ref().unwrap_or(folder);
    // A path handle to a link would open the link itself, without a word.
    if flags.contains(OFlags::PATH) && is_link(from, last) {
        return Err(link);
    }
    let opened = rustix::fs::openat(from, *last, flags | OFlags::NOFOLLOW, Mode::empty());
    opened.map_err(|error| if is_link(from, last) { link } else { error })
}

/// The error of the system as the standard library tells it.
pub(super) fn told(error: Errno) -> io::Error {
    error.into()
}

/// A switch that only tests reach: no `openat2` on this thread.
#[cfg(test)]
pub(super) mod without {
    use std::cell::Cell;

    thread_local!(static WITHOUT: Cell<bool> = const { Cell::new(false) });

    pub(super) fn is_set() -> bool {
        WITHOUT.get()
    }

    /// Runs `body` as on a system that does not know the call.
    pub(in crate::lua) fn openat2<R>(body: impl FnOnce() -> R) -> R {
        WITHOUT.set(true);
        let result = body();
        WITHOUT.set(false);
        result
    }
}
