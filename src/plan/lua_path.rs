//! This module takes the folders from the pipeline in which its Lua files are looked for, and checks that they are there.

use std::path::Path;

use serde_json::Value;

use super::places::{DocumentPart, PlacedDocument};
use super::{codes, paths};
use crate::config;
use crate::lua::LuaPath;
use crate::source::Diagnostic;

/// The folders of `lua_path`, or else the pipeline's.
pub(super) fn of(places: &PlacedDocument, root: &Path, found: &mut Vec<Diagnostic>) -> LuaPath {
    let Some(list) = places.value().get("lua_path").and_then(Value::as_array).filter(|list| !list.is_empty())
    else {
        return LuaPath::from(root);
    };
    let mut folders = Vec::new();
    for (at, path) in list.iter().enumerate() {
        // That no expression may stand here is said where expressions are looked at.
        let Some(path) = path.as_str().filter(|path| !config::is_expression(path)) else { continue };
        let folder = paths::absolute(root, path);
        if !folder.is_dir() {
            found.push(missing(places, at, path, &folder));
        }
        folders.push(folder);
    }
    LuaPath::new(root.to_owned(), folders)
}

fn missing(places: &PlacedDocument, at: usize, path: &str, folder: &Path) -> Diagnostic {
    let label = if folder.exists() { "this is no folder" } else { "there is no such folder" };
    let pointer = format!("/lua_path/{at}");
    let message = format!("Lua files cannot be looked for in `{path}`");
    let found = places.error(codes::LUA_PATH, message, &DocumentPart::Value(&pointer), label);
    found.help("name folders, relative to the pipeline file")
}
