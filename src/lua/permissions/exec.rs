//! A run may start the programs that its list names; what is started by a path is the file that was there at the start.

use std::path::Path;
use std::sync::Arc;

use super::grants::Permissions;
use super::place::HeldPlace;
use super::programs::{Program, missing};
use super::refusal::{RefusedUse, refused};
use super::walk;
use crate::lua::host_error::HostError;

impl Permissions {
    /// The refusal of a program by its name alone, as things are now.
    pub(super) fn may_run(&self, program: &str) -> Result<(), HostError> {
        let all = &self.grants.lists.exec;
        let placed = |path: &str| walk::place(&self.grants.lists.root, Path::new(path)).ok();
        let is_granted = |granted: &String| {
            let are_paths = granted.contains('/') && program.contains('/');
            granted == program || are_paths && placed(granted).is_some() && placed(granted) == placed(program)
        };
        if all.iter().any(is_granted) {
            Ok(())
        } else {
            Err(refused(RefusedUse::Exec, program, None, program, all))
        }
    }

    /// What to start, if this program may be started. One by a path is the one that was there when the run started; one that
    /// was not is looked for now.
    pub(in crate::lua) fn exec(&self, program: &str) -> Result<Program, HostError> {
        let all = &self.grants.lists.exec;
        let no = || refused(RefusedUse::Exec, program, None, program, all);
        if program.is_empty() || program.contains('\0') {
            return Err(no());
        }
        if !program.contains('/') {
            let is_granted = all.iter().any(|granted| granted == program);
            return if is_granted { Ok(Program::Named(program.to_owned())) } else { Err(no()) };
        }
        let root = &self.grants.lists.root;
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
        // The code that starts it reports what is missing.
        let place = HeldPlace::find(&real).map_err(|_| missing(program))?;
        Ok(Program::At(Arc::new(place), real))
    }
}
