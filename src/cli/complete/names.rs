//! The names in a pipeline file are read without checking the file: it may be in the middle of being written.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::command_line::CommandLine;
use super::runs;
use crate::config::{self, FileKind, is_id, is_yaml};

/// Bytes of a pipeline file that are read while somebody waits for an answer to a key.
const BYTES_MAX: u64 = 16 << 20;

/// What the pipeline file says that is meant: the one on the line, that of the run on the line, or the only one here.
pub(super) fn document(line: &CommandLine) -> Option<Value> {
    let file = line.path(&["file", "files"]).or_else(|| runs::file(line)).or_else(only_one)?;
    let text = read(&file)?;
    Some(config::load(&text, &file.to_string_lossy(), &file).document?.value)
}

/// What stands under a key of the file, by ids: other names are none that a shell should write into a line.
pub(super) fn named<'a>(document: &'a Value, key: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let map = document.get(key).and_then(Value::as_object);
    map.into_iter().flat_map(Map::iter).map(|(id, value)| (id.as_str(), value)).filter(|(id, _)| is_id(id))
}

/// The pipeline file of this folder, if there is one only.
fn only_one() -> Option<PathBuf> {
    let files = fs::read_dir(".").ok()?.filter_map(|entry| Some(PathBuf::from(entry.ok()?.file_name())));
    let is_pipeline = |file: &PathBuf| {
        let kind = read(file).and_then(|text| FileKind::found(&text));
        is_yaml(file) && kind == Some(FileKind::Pipeline)
    };
    let mut found = files.filter(is_pipeline);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The bytes of a file; nothing waits here for a pipe.
fn read(file: &Path) -> Option<Vec<u8>> {
    let about = fs::metadata(file).ok()?;
    (about.is_file() && about.len() <= BYTES_MAX).then(|| fs::read(file).ok()).flatten()
}
