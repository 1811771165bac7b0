//! Programs that a run may start: by a name that is looked for on the search path, or by a path.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::refusal::{Kind, refused};
use super::trees::Tree;
use super::{HostError, Permissions, walk};

/// Where programs are looked for when the environment does not say.
const PATHS: &str = "/usr/local/bin:/usr/bin:/bin";

/// Folders in which programs are looked for by their names, as the environment lists them.
pub(in crate::lua::host) fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_else(|| PATHS.into())
}

impl Permissions {
    /// Whether this program may be started, and what to start: a name for the search path as it is, a path with the
    /// links of its folder resolved. A program may be a link itself, because many look at the name they are called by.
    pub(in crate::lua) fn exec(&self, program: &str) -> Result<PathBuf, HostError> {
        let is_path = program.contains('/');
        let placed = |path: &str| walk::place(&self.grants.root, Path::new(path)).ok();
        let found = if is_path { placed(program) } else { Some(PathBuf::from(program)) };
        let granted = |granted: &&String| {
            if granted.contains('/') {
                return is_path && found.is_some() && placed(granted) == found;
            }
            !is_path && !program.is_empty() && *granted == program
        };
        let all = &self.grants.exec;
        match found.as_ref().filter(|_| !program.contains('\0') && all.iter().any(|one| granted(&one))) {
            Some(found) => Ok(found.clone()),
            None => Err(refused(Kind::Exec, program, None, program, all)),
        }
    }
}

/// The files of programs, present or not, whose names Lua code could come by: those that some name on the way to lies in a
/// folder to write. A program that Lua could make would do whatever that code likes.
pub(super) fn within(root: &Path, granted: &[String], write: &[Tree]) -> Vec<PathBuf> {
    let path = search_path();
    let folders: Vec<PathBuf> = env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    let files = granted.iter().flat_map(|program| {
        if program.contains('/') {
            return vec![root.join(program)];
        }
        folders.iter().map(|folder| folder.join(program)).collect()
    });
    files
        .filter(|file| {
            let passed = walk::passed(Path::new("/"), file);
            passed.iter().any(|(folder, _)| write.iter().any(|tree| tree.below(folder).is_some()))
        })
        .collect()
}
