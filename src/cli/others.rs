//! Hooks of version control name the YAML files that have changed, and do not know which of them are flowrun's: the others are
//! left aside where that is asked for.

use std::fs;
use std::path::PathBuf;

use crate::config::FileKind;

/// The files that are of such a kind by their text. Those that cannot be read stay: whoever reads them says why.
pub(super) fn without_others(mut files: Vec<PathBuf>, is_wanted: fn(FileKind) -> bool) -> Vec<PathBuf> {
    files.retain(|file| match fs::read(file) {
        Ok(bytes) => FileKind::found(&bytes).is_some_and(is_wanted),
        Err(_) => true,
    });
    files
}
