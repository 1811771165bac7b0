//! A program is found by its path, or by its name on the search path.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::lua::permissions::search_path;

/// The file of a program: at its path, which is relative to `root`, or, where it has no slash, the first of that name on
/// flowrun's own search path. What a program itself gets as `PATH` has no say, or it could make one name mean another program.
pub(crate) fn find(root: &Path, name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(root.join(name)).filter(|file| is_runnable(file));
    }
    let paths = search_path();
    let mut places =
        env::split_paths(&paths).filter(|folder| folder.is_absolute()).map(|folder| folder.join(name));
    places.find(|file| is_runnable(file))
}

/// What every item program has of flowrun's own environment beside `PATH`.
const GIVEN: [&str; 2] = ["HOME", "LANG"];

/// Whether flowrun has a variable of this name that no item program has by itself.
pub(crate) fn is_withheld(name: &str) -> bool {
    name != "PATH" && !GIVEN.contains(&name) && env::var_os(name).is_some()
}

/// What every item program has of flowrun's own environment.
pub(crate) fn environment() -> BTreeMap<OsString, OsString> {
    let given = GIVEN.into_iter().filter_map(|name| Some((name.into(), env::var_os(name)?)));
    given.chain([("PATH".into(), search_path())]).collect()
}

/// Whether it is a file that can be run.
fn is_runnable(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
