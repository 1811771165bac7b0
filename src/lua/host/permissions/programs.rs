//! Programs that a run may start: by a name that is looked for on the search path, or by a path.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::place::Place;
use super::refusal::{Kind, refused};
use super::trees::Tree;
use super::{Permissions, walk};
use crate::lua::host_error::HostError;

/// Where programs are looked for when the environment does not say.
const PATHS: &str = "/usr/local/bin:/usr/bin:/bin";

/// Folders in which programs are looked for by their names, as the environment lists them.
pub(in crate::lua::host) fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_else(|| PATHS.into())
}

/// A program that may be started.
#[derive(Debug)]
pub(in crate::lua::host) enum Program {
    /// By its name, to be looked for on the search path.
    Named(String),
    /// By its path: the folder that it lies in, its name there, and the path itself. It may be a link, because many look at the
    /// name they are called by.
    At(Arc<Place>, PathBuf),
}

/// A program that is granted by its path, and was there when the run started.
#[derive(Debug)]
pub(super) struct Held {
    /// As it is granted.
    spelled: String,
    real: PathBuf,
    place: Arc<Place>,
}

impl Permissions {
    /// The refusal of a program by its name alone, as things are now.
    pub(super) fn may_run(&self, program: &str) -> Result<(), HostError> {
        let all = &self.grants.exec;
        let placed = |path: &str| walk::place(&self.grants.root, Path::new(path)).ok();
        let is_granted = |granted: &String| {
            let are_paths = granted.contains('/') && program.contains('/');
            granted == program || are_paths && placed(granted).is_some() && placed(granted) == placed(program)
        };
        if all.iter().any(is_granted) {
            Ok(())
        } else {
            Err(refused(Kind::Exec, program, None, program, all))
        }
    }

    /// What to start, if this program may be started. One by a path is the one that was there when the run started; one that
    /// was not is looked for now.
    pub(in crate::lua::host) fn exec(&self, program: &str) -> Result<Program, HostError> {
        let all = &self.grants.exec;
        let no = || refused(Kind::Exec, program, None, program, all);
        if program.is_empty() || program.contains('\0') {
            return Err(no());
        }
        if !program.contains('/') {
            let is_granted = all.iter().any(|granted| granted == program);
            return if is_granted { Ok(Program::Named(program.to_owned())) } else { Err(no()) };
        }
        let root = &self.grants.root;
        let held = &self.held().programs;
        // Spelled as it is granted, it is that one whatever the name leads to by now.
        let spelled = held.iter().find(|held| held.spelled == *program);
        if let Some(held) = spelled {
            return Ok(Program::At(Arc::clone(&held.place), held.real.clone()));
        }
        let real = walk::place(root, Path::new(program)).map_err(|_| no())?;
        if let Some(held) = held.iter().find(|held| held.real == real) {
            return Ok(Program::At(Arc::clone(&held.place), held.real.clone()));
        }
        let is_granted = |granted: &&String| {
            let is_held = held.iter().any(|held| held.spelled == **granted);
            granted.contains('/')
                && !is_held
                && walk::place(root, Path::new(granted)).is_ok_and(|granted| granted == real)
        };
        all.iter().find(is_granted).ok_or_else(no)?;
        // What is missing is said by whoever starts it.
        let place = Place::find(&real).map_err(|_| missing(program))?;
        Ok(Program::At(Arc::new(place), real))
    }
}

/// The error for a program that is granted and not there.
pub(in crate::lua::host) fn missing(program: &str) -> HostError {
    HostError::refusal(format!("there is no program `{program}`: no file that can be run"))
}

/// The programs among `granted` that are there, each with its folder held open.
pub(super) fn hold(root: &Path, granted: &[String]) -> Vec<Held> {
    let by_path = granted.iter().filter(|program| program.contains('/'));
    by_path
        .filter_map(|program| {
            let real = walk::place(root, Path::new(program)).ok()?;
            let place =
                Place::find(&real).ok().filter(|place| place.stat().is_ok_and(|stat| stat.is_some()))?;
            Some(Held { spelled: program.clone(), real, place: Arc::new(place) })
        })
        .collect()
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
