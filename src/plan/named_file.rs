//! This module reads files that a pipeline names, and says why one cannot be read in words for people.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::places::PlacedDocument;
use crate::data::normal;
use crate::source::{OpenTexts, nearest};

/// Why a file cannot be read, and what to do.
pub(super) struct Unread {
    pub(super) reason: String,
    pub(super) help: String,
}

/// The bytes of the file at `full`, which the pipeline calls `path`, unless an editor has other ones.
pub(super) fn read(full: &Path, path: &str, open: &OpenTexts) -> Result<Vec<u8>, Unread> {
    if let Some(text) = open.get(full) {
        return Ok(text.as_bytes().to_vec());
    }
    let unread = |reason: String, help: &str| Unread { reason, help: help.to_owned() };
    // A pipe would hold up `check` until somebody writes to it.
    if std::fs::metadata(full).is_ok_and(|data| !data.is_file() && !data.is_dir()) {
        return Err(unread("it is no regular file".to_owned(), "name a file with text in it"));
    }
    std::fs::read(full).map_err(|error| match near(full, path) {
        Some(near) if error.kind() == ErrorKind::NotFound => {
            unread(reason(&error), &format!("did you mean `{near}`?"))
        }
        _ if error.kind() == ErrorKind::IsADirectory => unread(reason(&error), "name a file in it"),
        _ => unread(reason(&error), "paths are relative to the pipeline file"),
    })
}

/// The file in the folder of `full` whose name is nearest, as `path` would name it.
fn near(full: &Path, path: &str) -> Option<String> {
    let entries = std::fs::read_dir(full.parent()?).ok()?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    let near = nearest(full.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(Path::new(path).with_file_name(near).to_string_lossy().into_owned())
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => {
            let reason = error.to_string();
            reason.split(" (os error").next().unwrap_or(&reason).to_lowercase()
        }
    }
}

/// The file's name as the user would write it where flowrun was started: beside the name of the pipeline file.
pub(super) fn shown_name(places: &PlacedDocument, path: &Path) -> String {
    let pipeline: PathBuf = Path::new(places.document.file.name()).with_file_name(path);
    normal(&pipeline).to_string_lossy().into_owned()
}
