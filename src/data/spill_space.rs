//! A spill space is where a step puts what does not fit in memory, and it knows how much that was.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A folder for temporary files. Clones share the count.
#[derive(Debug, Clone)]
pub struct SpillSpace {
    dir: PathBuf,
    spilled: Arc<AtomicU64>,
}

impl SpillSpace {
    /// The folder; nothing has been written yet.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// So many bytes were written to a temporary file.
    pub(super) fn wrote(&self, bytes: u64) {
        self.spilled.fetch_add(bytes, Ordering::Relaxed);
    }

    /// How many bytes were written in all, those twice that were written twice.
    pub fn spilled(&self) -> u64 {
        self.spilled.load(Ordering::Relaxed)
    }
}

impl From<&Path> for SpillSpace {
    fn from(dir: &Path) -> Self {
        Self { dir: dir.to_path_buf(), spilled: Arc::default() }
    }
}
