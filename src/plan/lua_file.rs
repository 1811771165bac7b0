//! This module checks the Lua files that steps name, as in `lua/lib.lua#clean`. They lie below the pipeline's folder
//! and compile.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::places::{DocumentPart, PlacedDocument};
use super::{codes, excerpt, lua_text, paths};
use crate::config;
use crate::lua::{Block, Script};
use crate::source::{Diagnostic, SourceFile, Span, nearest};

/// Reads and compiles the file that `name` at `pointer` names.
pub(super) fn compile(
    places: &PlacedDocument,
    pointer: &str,
    name: &str,
    root: &Path,
) -> Result<Script, Box<Diagnostic>> {
    let refuse = |label: String, help: &str| {
        let message = format!("the Lua file `{name}` cannot be used");
        let found = places.error(codes::LUA_FILE, message, &DocumentPart::Value(pointer), &label);
        Box::new(if help.is_empty() { found } else { found.help(help) })
    };
    let (path, field) = match name.split_once('#') {
        Some((path, field)) => (path, Some(field)),
        None => (name, None),
    };
    if let Some(field) = field
        && !config::is_id(field)
    {
        return Err(refuse(format!("`{field}` is no name"), "write `FILE.lua#NAME`"));
    }
    let full = below(root, path)
        .map_err(|reason| refuse(reason, "a Lua file lies in the pipeline's folder or below"))?;
    // A pipe would hold up `check` until somebody writes to it.
    if std::fs::metadata(&full).is_ok_and(|data| !data.is_file() && !data.is_dir()) {
        return Err(refuse("it is no regular file".to_owned(), "name a file with Lua code in it"));
    }
    let bytes = std::fs::read(&full).map_err(|error| match near(&full, path) {
        Some(near) if error.kind() == std::io::ErrorKind::NotFound => {
            refuse(reason(&error), &format!("did you mean `{near}`?"))
        }
        _ if error.kind() == std::io::ErrorKind::IsADirectory => refuse(reason(&error), "name a file in it"),
        _ => refuse(reason(&error), "paths are relative to the pipeline file"),
    })?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8 text".to_owned(), ""))?;
    if !lua_text::has_word(&text, "return") {
        return Err(refuse(
            "it returns nothing".to_owned(),
            "end the file with `return function(item) … end`",
        ));
    }
    let file = SourceFile::new(shown_name(places, path), full, text);
    let block = Block { file: Arc::clone(&file), line: 1, text: file.text().into() };
    let script = Script::file(block, field.map(str::to_owned), root.to_owned());
    match script.check().into_iter().next() {
        None => Ok(script),
        Some(error) => {
            let start = file.line_span(error.line).start;
            let span = Span::new(start + error.columns.start, start + error.columns.end);
            let found = Diagnostic::error(codes::LUA_SYNTAX, &file, "this Lua file cannot be compiled");
            let found = found.label(span, excerpt::complaint(&error));
            Err(Box::new(match error.opened.filter(|opened| *opened != error.line) {
                Some(opened) => found.label(file.line_span(opened), "opened here"),
                None => found,
            }))
        }
    }
}

/// The file at `path`, unless it lies outside `root`, by its name or through links.
fn below(root: &Path, path: &str) -> Result<PathBuf, String> {
    let full = paths::absolute(root, path);
    let outside = || format!("it lies outside the pipeline's folder `{}`", root.display());
    if !full.starts_with(root) && !root.as_os_str().is_empty() {
        return Err(outside());
    }
    if !paths::resolved(&full).starts_with(paths::resolved(root)) {
        return Err(outside());
    }
    Ok(full)
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
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    }
}

/// The file's name as the user would write it where flowrun was started: beside the name of the pipeline file.
pub(super) fn shown_name(places: &PlacedDocument, path: &str) -> String {
    let pipeline = Path::new(places.document.file.name());
    pipeline.with_file_name(path).to_string_lossy().into_owned()
}
