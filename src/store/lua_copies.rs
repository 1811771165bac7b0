//! This module copies the Lua files that a run turns out to use while it is going on, beside those that it began
//! with. The engine says which files these are.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::run_dir::{elsewhere, inside};
use super::segment::sync_folder;
use super::{StoreError, paths, private};

/// Keeps Lua files, given by their paths from the pipeline's folder, with a run. What is there already stays: it is
/// what the run began with.
///
/// # Errors
/// Fails when a copy cannot be written.
pub fn keep_lua(state: &Path, run: &str, files: &[(PathBuf, Arc<str>)]) -> Result<(), StoreError> {
    let pipeline = paths::pipeline(&paths::run(state, run));
    for (file, text) in files {
        let mut copy = pipeline.join(inside(file));
        if file.starts_with("..") && fs::read_to_string(&copy).is_ok_and(|other| other != **text) {
            copy = elsewhere(&pipeline, &copy);
        }
        if copy.exists() {
            continue;
        }
        let folder = copy.parent().unwrap_or(&pipeline);
        let written = private::folders(folder)
            .and_then(|()| private::options().create_new(true).open(&copy))
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            });
        match written {
            // Another step has brought it at the same moment.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::io("write", &copy, error)),
            Ok(()) => sync_folder(folder)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_copied_once_and_stay_inside() {
        let dir = tempfile::tempdir().expect("a folder");
        let pipeline = dir.path().join("runs/r1/pipeline");
        fs::create_dir_all(&pipeline).expect("room");
        fs::write(pipeline.join("a.lua"), "first").expect("room");
        let files = [
            ("a.lua".into(), "second".into()),
            ("../lua/b.lua".into(), "b".into()),
            ("../a.lua".into(), "other".into()),
        ];
        keep_lua(dir.path(), "r1", &files).expect("room");
        let text = |name: &str| fs::read_to_string(pipeline.join(name)).expect(name);
        assert_eq!((text("a.lua"), text("lua/b.lua")), ("first".to_owned(), "b".to_owned()));
        assert_eq!(text("outside/a.lua"), "other");
        fs::write(dir.path().join("file"), "").expect("room");
        let error = keep_lua(&dir.path().join("file"), "r1", &files).expect_err("no folder");
        assert!(error.to_string().contains("pipeline/a.lua"), "{error}");
    }
}
