//! This module finds where a path leads: links and `..` are resolved as the system would, one name after the other.
//! It opens nothing.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// Links followed for one path, as many as Linux follows.
const LINKS_MAX: usize = 40;

/// How far a walk came, and why it could not go on.
#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) at: PathBuf,
    pub(super) error: io::Error,
}

/// A name on the way, with the real folder that it was looked up in.
pub(super) type Passed = (PathBuf, OsString);

/// The real path, all links followed. What does not exist yet is where its deepest folder that exists leads.
pub(super) fn resolve(root: &Path, path: &Path) -> Result<PathBuf, Stopped> {
    Walk::new(root, path)?.finish(true).map(|walk| walk.real)
}

/// All names that were looked up on the way to `path`, those of links and of what links lead to included; the last is
/// that of the file itself. Where the way breaks off, as far as it goes.
pub(super) fn passed(root: &Path, path: &Path) -> Vec<Passed> {
    let Ok(mut walk) = Walk::new(root, path) else { return Vec::new() };
    walk.passed = Some(Vec::new());
    while let Some(part) = walk.todo.pop_front() {
        if walk.step(part, true).is_err() {
            break;
        }
    }
    walk.passed.unwrap_or_default()
}

/// The real path of what stands at `path` itself, which may be a link.
pub(super) fn place(root: &Path, path: &Path) -> Result<PathBuf, Stopped> {
    // The system follows a link with a slash behind it.
    let follow = path.as_os_str().as_bytes().ends_with(b"/");
    Walk::new(root, path)?.finish(follow).map(|walk| walk.real)
}

struct Walk {
    real: PathBuf,
    todo: VecDeque<OsString>,
    links: usize,
    /// Whether the last name taken does not exist: then there is no way up or down from it.
    missing: bool,
    /// The names looked up so far, where somebody wants them.
    passed: Option<Vec<Passed>>,
}

impl Walk {
    fn new(root: &Path, path: &Path) -> Result<Self, Stopped> {
        let bytes = path.as_os_str().as_bytes();
        let wrong = match bytes {
            [] => Some("the path is empty"),
            bytes if bytes.contains(&0) => Some("the path has a NUL byte in it"),
            _ => None,
        };
        let mut walk =
            Self { real: PathBuf::from("/"), todo: VecDeque::new(), links: 0, missing: false, passed: None };
        if let Some(wrong) = wrong {
            return Err(Stopped {
                at: root.to_owned(),
                error: io::Error::new(io::ErrorKind::InvalidInput, wrong),
            });
        }
        walk.push(&root.join(path));
        Ok(walk)
    }

    /// Puts the parts of `path` before what is still to be walked.
    fn push(&mut self, path: &Path) {
        if path.has_root() {
            self.real = PathBuf::from("/");
        }
        for part in path.components().rev() {
            match part {
                Component::Normal(name) => self.todo.push_front(name.to_owned()),
                Component::ParentDir => self.todo.push_front("..".into()),
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
    }

    fn finish(mut self, follow_last: bool) -> Result<Self, Stopped> {
        while let Some(part) = self.todo.pop_front() {
            let follow = follow_last || !self.todo.is_empty();
            if let Err(error) = self.step(part, follow) {
                return Err(Stopped { at: self.real, error });
            }
        }
        Ok(self)
    }

    fn step(&mut self, part: OsString, follow: bool) -> io::Result<()> {
        if part == ".." {
            if self.missing {
                return Err(rustix::io::Errno::NOENT.into());
            }
            self.real.pop();
            return Ok(());
        }
        if let Some(passed) = &mut self.passed {
            passed.push((self.real.clone(), part.clone()));
        }
        self.real.push(part);
        if self.missing {
            return Ok(());
        }
        match self.real.symlink_metadata() {
            Ok(found) if found.is_symlink() && follow => {
                self.links += 1;
                if self.links > LINKS_MAX {
                    return Err(rustix::io::Errno::LOOP.into());
                }
                match self.real.read_link() {
                    Ok(target) => {
                        self.real.pop();
                        self.push(&target);
                    }
                    // It was a link a moment ago: look again.
                    Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                        if let Some(name) = self.real.file_name() {
                            self.todo.push_front(name.to_owned());
                        }
                        self.real.pop();
                    }
                    Err(error) => return Err(error),
                }
                Ok(())
            }
            // There is nothing in a file: opening the path fails and says so.
            Ok(found) if !found.is_dir() && !self.todo.is_empty() => {
                self.missing = true;
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.missing = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
