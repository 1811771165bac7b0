//! This module finds what Lua requires by name and is not there, or gives nothing.

use super::codes;
use super::lua_pieces::{LuaFinding, LuaPiece};
use super::lua_text::has_word;
use super::places::PlacedDocument;
use crate::lua::{LuaPath, MODULES, missing_modules};
use crate::source::{Diagnostic, Severity};

/// Reports each, in all Lua of the pipeline; where Lua catches errors, it may be meant.
pub(super) fn check(
    places: &PlacedDocument,
    pieces: &[LuaPiece<'_>],
    lua_path: &LuaPath,
    found: &mut Vec<Diagnostic>,
) {
    for piece in pieces {
        let catches = ["pcall", "xpcall"].iter().any(|word| has_word(&piece.text, word));
        for missing in missing_modules(&piece.text, lua_path) {
            let name = &missing.name;
            let is_ours = MODULES.iter().any(|(module, _)| module == name);
            let (label, help) = if missing.is_silent {
                (
                    "its file returns nothing, so that this is `true`".to_owned(),
                    "end the file with `return` and the table of its functions".to_owned(),
                )
            } else if is_ours {
                (
                    format!("`{name}` is there without `require`"),
                    format!("take the `require` away: `{name}` is a global"),
                )
            } else {
                let file = format!("{}.lua", name.replace('.', "/"));
                (
                    format!("there is no Lua file `{file}`"),
                    "modules lie below the pipeline's folder, or below a folder of `lua_path`".to_owned(),
                )
            };
            let finding = LuaFinding {
                code: codes::LUA_FILE,
                severity: if catches || missing.is_silent { Severity::Warning } else { Severity::Error },
                message: if missing.is_silent {
                    format!("the module `{name}` has no `return`")
                } else {
                    format!("the module `{name}` cannot be loaded")
                },
                span: missing.span,
                label: &label,
            };
            found.push(piece.diagnostic(places, finding).help(help));
        }
    }
}
