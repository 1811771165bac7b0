//! This module warns of escapes that Lua does not know: of `"\d"`, which is `d`, nobody who writes a pattern expects that.

use super::codes;
use super::lua_pieces::{LuaFinding, LuaPiece};
use super::places::PlacedDocument;
use crate::lua::false_escapes;
use crate::source::{Diagnostic, Severity};

/// Warns of each, in all Lua of the pipeline.
pub(super) fn check(places: &PlacedDocument, pieces: &[LuaPiece<'_>], found: &mut Vec<Diagnostic>) {
    for piece in pieces {
        for span in false_escapes(&piece.text) {
            let escape = &piece.text[span.clone()];
            let kept = &escape[1..];
            let finding = LuaFinding {
                code: codes::LUA_ESCAPE,
                severity: Severity::Warning,
                message: format!("`{escape}` in a string is no escape of Lua: it means `{kept}`"),
                span: span.clone(),
                label: "the backslash is dropped",
            };
            let help = format!(
                "write `\\{escape}`, or the string in long brackets, `[[{escape}]]`, in which nothing is an escape"
            );
            found.push(piece.diagnostic(places, finding).help(help));
        }
    }
}
