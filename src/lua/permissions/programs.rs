//! This module finds the programs that a run may start: by a name that is looked for on the search path, or by a
//! path.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::place::HeldPlace;
use super::trees::HeldTree;
use super::walk;
use crate::lua::host_error::HostError;

/// Where programs are looked for when the environment does not say.
const PATHS: &str = "/usr/local/bin:/usr/bin:/bin";

/// Folders in which programs are looked for by their names, as the environment lists them.
pub(in crate::lua) fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_else(|| PATHS.into())
}

/// A program that may be started.
#[derive(Debug)]
pub(in crate::lua) enum Program {
    /// By its name, to be looked for on the search path.
    Named(String),
    /// By its path: the folder that it lies in, its name there, and the path itself. It may be a link, because many look at the
    /// name they are called by.
    At(Arc<HeldPlace>, PathBuf),
}

/// A program that is granted by its path, and was there when the run started.
#[derive(Debug)]
pub(super) struct HeldProgram {
    /// As it is granted.
    pub(super) spelled: String,
    pub(super) real: PathBuf,
    pub(super) place: Arc<HeldPlace>,
}

/// The error for a program that is granted and not there.
pub(in crate::lua) fn missing(program: &str) -> HostError {
    HostError::refusal(format!("there is no program `{program}`: no file that can be run"))
}

/// The programs among `granted` that are there, each with its folder held open.
pub(super) fn hold(root: &Path, granted: &[String]) -> Vec<HeldProgram> {
    let by_path = granted.iter().filter(|program| program.contains('/'));
    by_path
        .filter_map(|program| {
            let real = walk::place(root, Path::new(program)).ok()?;
            let place =
                HeldPlace::find(&real).ok().filter(|place| place.stat().is_ok_and(|stat| stat.is_some()))?;
            Some(HeldProgram { spelled: program.clone(), real, place: Arc::new(place) })
        })
        .collect()
}

/// The files of programs, present or not, whose names Lua code could come by: those that some name on the way to lies in a
/// folder to write. A program that Lua could make would do whatever that code likes.
pub(super) fn within(root: &Path, granted: &[String], write: &[HeldTree]) -> Vec<PathBuf> {
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
