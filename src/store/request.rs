//! The request of a run is kept beside the pipeline as it was, so that resuming the run asks for the same. The
//! command line decides what stands in it.

use std::fs;
use std::path::Path;

use super::{Catalogue, StoreError, StoredRun, paths, private};

const NAME: &str = "request.json";

/// Keeps the request of a run whose folder has just been made.
///
/// # Errors
/// Fails when the file cannot be written.
pub fn keep_request(state: &Path, run: &str, text: &str) -> Result<(), StoreError> {
    let path = paths::pipeline(&paths::run(state, run)).join(NAME);
    private::replace(&path, text.as_bytes()).map_err(|error| StoreError::io("write", &path, error))
}

impl StoredRun {
    /// What the run was asked for, if it came to keep that.
    pub fn request(&self) -> Option<String> {
        read(self.path())
    }
}

impl Catalogue {
    /// What a run was asked for, by its whole id, if it came to keep that.
    pub fn request(&self, id: &str) -> Option<String> {
        read(&self.path(id))
    }
}

fn read(run: &Path) -> Option<String> {
    fs::read_to_string(paths::pipeline(run).join(NAME)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_cannot_be_kept_is_named() {
        let dir = tempfile::tempdir().expect("a folder");
        let error = keep_request(dir.path(), "r1", "{}").expect_err("no such run");
        assert!(error.to_string().contains("runs/r1/pipeline/request.json"), "{error}");
        fs::create_dir_all(dir.path().join("runs/r1/pipeline")).expect("room");
        keep_request(dir.path(), "r1", "{}").expect("room");
        let text = fs::read_to_string(dir.path().join("runs/r1/pipeline/request.json"));
        assert_eq!(text.expect("it is there"), "{}");
    }
}
