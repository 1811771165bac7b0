//! This module checks the Lua files that steps name, as in `lua/lib.lua#clean`. They lie below the folders of `lua_path`
//! and compile.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::named_file::{self, Unread};
use super::places::{DocumentPart, PlacedDocument};
use super::{codes, excerpt, lua_text, paths};
use crate::config;
use crate::lua::{Block, LuaPath, Script, file_text};
use crate::source::{Diagnostic, SourceFile, Span};

/// Reads and compiles the file that `name` at `pointer` names.
pub(super) fn compile(
    places: &PlacedDocument,
    pointer: &str,
    name: &str,
    lua_path: &LuaPath,
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
    let full = find(lua_path, path).map_err(|reason| {
        let help = "a Lua file lies in the pipeline's folder or below, or in a folder that `lua_path` names";
        refuse(reason, help)
    })?;
    let unreadable = |Unread { reason, help }| refuse(reason, &help);
    let bytes = named_file::read(&full, path, lua_path.open()).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8 text".to_owned(), ""))?;
    let text = file_text(text);
    if !lua_text::has_word(&text, "return") {
        return Err(refuse(
            "it returns nothing".to_owned(),
            "end the file with `return function(item) … end`",
        ));
    }
    let shown = named_file::shown_name(places, &lua_path.relative(&full));
    let file = SourceFile::new(shown, full, text);
    let block = Block { file: Arc::clone(&file), line: 1, text: file.text().into() };
    let script = Script::file(block, field.map(str::to_owned), lua_path.clone());
    match script.check().into_iter().next() {
        None => Ok(script),
        Some(error) => {
            let start = file.line_span(error.line).start;
            let span = Span::new(start + error.columns.start, start + error.columns.end);
            let found = Diagnostic::error(codes::LUA_SYNTAX, &file, "this Lua file cannot be compiled");
            let found = found.label(span, excerpt::complaint(&error));
            let found = match &error.meant {
                Some(meant) => found.help(&**meant),
                None => found,
            };
            let found = match error.opened_column {
                Some(column) => found.label(Span::new(start + column, start + column + 1), "opened here"),
                None => found,
            };
            Err(Box::new(match error.opened.filter(|opened| *opened != error.line) {
                Some(opened) => found.label(file.line_span(opened), "opened here"),
                None => found,
            }))
        }
    }
}

/// The file that `path` names in the folders of `lua_path`, unless it lies outside of them, by its name or through links.
fn find(lua_path: &LuaPath, path: &str) -> Result<PathBuf, String> {
    let is_inside = |full: &Path, folders: &[PathBuf]| {
        folders.iter().any(|folder| full.starts_with(folder) || folder.as_os_str().is_empty())
    };
    let outside = || {
        if lua_path.is_default() {
            format!("it lies outside the pipeline's folder `{}`", lua_path.root().display())
        } else {
            "it lies outside the folders of `lua_path`".to_owned()
        }
    };
    let named = |folder: &Path| {
        Some(paths::absolute(folder, path)).filter(|full| is_inside(full, lua_path.searched()))
    };
    let full = lua_path.find(named).ok_or_else(outside)?;
    let folders: Vec<PathBuf> = lua_path.searched().iter().map(|folder| paths::resolved(folder)).collect();
    if is_inside(&paths::resolved(&full), &folders) { Ok(full) } else { Err(outside()) }
}
