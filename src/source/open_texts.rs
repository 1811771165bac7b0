//! This type holds the texts of files that an editor has open: they go before what lies on the disk.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The open texts by their paths. Its clones are cheap, and stay as they are when the original changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenTexts(Arc<BTreeMap<PathBuf, Arc<str>>>);

impl OpenTexts {
    /// The text of a file, if it is open.
    pub fn get(&self, path: &Path) -> Option<&Arc<str>> {
        self.0.get(&normal(path))
    }

    /// A file has been opened, or changed.
    pub fn put(&mut self, path: &Path, text: Arc<str>) {
        Arc::make_mut(&mut self.0).insert(normal(path), text);
    }

    /// A file has been closed.
    pub fn remove(&mut self, path: &Path) {
        Arc::make_mut(&mut self.0).remove(&normal(path));
    }
}

/// A path without `.` and `..`, as far as its words tell.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some() => drop(out.pop()),
            other => out.push(other),
        }
    }
    out
}
