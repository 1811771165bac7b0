//! The second wall is the system itself: it keeps a thread within the granted trees (Landlock, Linux 5.19 and later),
//! whatever a host function gets wrong. It knows folders, not the protected names in them, and looking (`stat`) is
//! not opening.

use super::held::HeldHandles;
use super::trial::Trial;

/// What is said where there is no second wall.
pub(super) const MISSING: &str = "Landlock (Linux 5.19 and later) is not to be had here";

#[cfg(target_os = "linux")]
pub(super) use linux::Wall;

/// There is none.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(super) enum Wall {}

#[cfg(not(target_os = "linux"))]
impl Wall {
    pub(super) fn around(_: &HeldHandles, _: Option<&Trial>) -> Option<Self> {
        None
    }

    pub(super) fn confine(&self) {
        match *self {}
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::Path;

    use landlock::{
        ABI, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
        RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, make_bitflags,
    };

    use super::{HeldHandles, Trial};
    use crate::lua::permissions::trees::HeldTree;

    /// Where the system keeps its time zones, and which of them is its own.
    const ZONES: [&str; 4] =
        ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo", "/etc/localtime"];

    /// Rights of who reads.
    fn read() -> BitFlags<AccessFs> {
        make_bitflags!(AccessFs::{ReadFile | ReadDir})
    }

    /// Rights of who writes; to empty a folder it has to be listed.
    fn write() -> BitFlags<AccessFs> {
        AccessFs::from_write(ABI::V3) | AccessFs::ReadDir
    }

    /// The rules of one run, which any number of threads take on.
    #[derive(Debug)]
    pub(in crate::lua::permissions) struct Wall(RulesetCreated);

    impl Wall {
        /// The wall around what is held; `None` where the system builds none. On a trial, what may be written is only read.
        pub(in crate::lua::permissions) fn around(held: &HeldHandles, trial: Option<&Trial>) -> Option<Self> {
            let wall = Self(rules(held, trial).ok()?);
            // A sandbox around flowrun may leave no room for another one: only a trial tells.
            let stands = std::thread::scope(|threads| {
                let thread = std::thread::Builder::new().spawn_scoped(threads, || wall.restrict());
                // No thread is to be had for it: whoever works will try.
                thread.map_or(true, |thread| thread.join().unwrap_or(false))
            });
            stands.then_some(wall)
        }

        /// Restricts this thread and those that it starts. Nothing takes that back.
        pub(in crate::lua::permissions) fn confine(&self) {
            // Without it there is still the first wall.
            let _ = self.restrict();
        }

        fn restrict(&self) -> bool {
            let rules = self.0.try_clone().ok();
            let status = rules.and_then(|rules| rules.restrict_self().ok());
            status.is_some_and(|status| status.ruleset != RulesetStatus::NotEnforced)
        }
    }

    fn rules(held: &HeldHandles, trial: Option<&Trial>) -> Result<RulesetCreated, RulesetError> {
        let needed = read() | AccessFs::from_write(ABI::V2);
        let mut rules = Ruleset::default()
            // Older versions forbid to move files between folders.
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(needed)?
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::Truncate)?
            .create()?;
        for zone in ZONES {
            let rights = if Path::new(zone).is_dir() { read() } else { AccessFs::ReadFile.into() };
            if let Ok(zone) = PathFd::new(zone) {
                rules = rules.add_rule(PathBeneath::new(zone, rights))?;
            }
        }
        rules = allow(rules, &held.root, read())?;
        for tree in held.lua().iter().chain(&held.read) {
            rules = allow(rules, tree, read())?;
        }
        for tree in &held.write {
            // New files are made in the folder, also those beside a granted file: parts to be renamed, logs of databases.
            let reads = held.read.iter().any(|read| read.real == tree.real) && tree.is_file();
            let rights = if reads { write() | read() } else { write() };
            let rights = if trial.is_some() { read() } else { rights };
            if let Ok(folder) = tree.handle() {
                rules = rules.add_rule(PathBeneath::new(folder, rights))?;
            }
        }
        if let Some(Ok(copy)) = trial.map(Trial::root) {
            rules = rules.add_rule(PathBeneath::new(copy, read() | write()))?;
        }
        if let Some(scratch) = held.scratch() {
            rules = allow(rules, &scratch.tree, read() | write())?;
        }
        Ok(rules)
    }

    /// Adds a tree with what is in it; of a granted file, the file alone.
    fn allow(
        rules: RulesetCreated,
        tree: &HeldTree,
        rights: BitFlags<AccessFs>,
    ) -> Result<RulesetCreated, RulesetError> {
        match (tree.handle(), tree.is_file()) {
            (Ok(folder), false) => rules.add_rule(PathBeneath::new(folder, rights)),
            (Ok(_), true) => match PathFd::new(&tree.real) {
                Ok(file) => rules.add_rule(PathBeneath::new(file, rights & AccessFs::from_file(ABI::V3))),
                Err(_) => Ok(rules),
            },
            (Err(_), _) => Ok(rules),
        }
    }
}
