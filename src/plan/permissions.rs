//! This module gives what the Lua code of a run may reach, from the file's `permissions` and what the run adds, and
//! warns of Lua that visibly reaches for more. The permissions themselves say whether something is covered.

use std::collections::HashSet;

use serde_json::Value;

use super::codes;
use super::inputs::Inputs;
use super::places::{DocumentPart, PlacedDocument};
use super::scripts::Scripts;
use super::step_index::StepIndex;
use crate::lua::{Allowed, LuaPath, Permissions, Protected, Reached, reaches};
use crate::source::{Diagnostic, LineStarts, OpenTexts, Span};

/// The permissions of one run.
pub(super) fn permissions(places: &PlacedDocument, lua_path: &LuaPath, inputs: &Inputs) -> Permissions {
    let root = lua_path.root();
    let list = |key: &str| {
        let list = places.value().get("permissions")?.get(key)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    let written = Allowed { net: list("net"), read: list("read"), write: list("write"), exec: list("exec") };
    let file = places.document.file.path().file_name();
    let own = file.into_iter().map(|name| root.join(name));
    let included = places.included.iter().map(|one| one.document.file.path().to_owned());
    let files = own.chain(included).collect();
    let protected = Protected { files, folders: inputs.state.clone().into_iter().collect() };
    let permissions = with_lua_path(&Permissions::new(root, written, &inputs.allow, protected), lua_path);
    if inputs.open == OpenTexts::default() { permissions } else { permissions.knowing(lua_path) }
}

/// The same permissions, and `require` looks where it shall.
pub(super) fn with_lua_path(permissions: &Permissions, lua_path: &LuaPath) -> Permissions {
    if lua_path.is_default() { permissions.clone() } else { permissions.requiring_from(lua_path.searched()) }
}

/// Warns of Lua that would be refused. What comes from expressions without a value cannot be judged.
pub(super) fn check(
    places: &PlacedDocument,
    step_index: &StepIndex,
    scripts: &Scripts,
    permissions: &Permissions,
    found: &mut Vec<Diagnostic>,
) {
    let is_open = |key: &str| {
        if places.is_partial {
            return true;
        }
        let list = places.value().pointer(&format!("/permissions/{key}")).and_then(Value::as_array);
        list.into_iter().flatten().any(|one| one.as_str().is_some_and(|text| text.contains("${{")))
    };
    let judge = |reached: &Reached| {
        let key = match reached {
            Reached::AnyHost | Reached::Url(_) => "net",
            Reached::AnyProgram | Reached::Program(_) => "exec",
            Reached::Read(_) => "read",
            Reached::Write(_) => "write",
        };
        permissions.complaint(reached).filter(|_| !is_open(key))
    };
    for lua in places.document.lua_fields() {
        let Some(block) = places.block(&lua.pointer) else { continue };
        let lines = LineStarts::of(&block.text);
        for (reach, (message, help)) in refused(&block.text, &judge) {
            let (line, column) = lines.line_column(reach.start);
            let spot = DocumentPart::Text(&lua.pointer, line, column..column + reach.len());
            found.push(places.warning(codes::NOT_PERMITTED, message, &spot, LABEL).help(help));
        }
    }
    for step in &step_index.steps {
        let Some(script) = scripts.get(&format!("{}/file", step.verb_pointer())) else { continue };
        let block = script.block();
        for (reach, (message, help)) in refused(&block.text, &judge) {
            let span = Span::new(reach.start, reach.end);
            let warning = Diagnostic::warning(codes::NOT_PERMITTED, &block.file, message);
            found.push(warning.label(span, LABEL).help(help));
        }
    }
}

const LABEL: &str = "this will be refused";

/// The places of a text that will be refused, each kind of thing once.
fn refused(
    text: &str,
    judge: &dyn Fn(&Reached) -> Option<(String, String)>,
) -> Vec<(std::ops::Range<usize>, (String, String))> {
    let mut seen = HashSet::new();
    let mut refused = Vec::new();
    for reach in reaches(text) {
        if seen.contains(&reach.what) {
            continue;
        }
        if let Some(complaint) = judge(&reach.what) {
            refused.push((reach.span, complaint));
        }
        seen.insert(reach.what);
    }
    refused
}
