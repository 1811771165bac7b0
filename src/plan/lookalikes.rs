//! This module warns of Lua that does something else than it looks like.

use super::codes;
use super::lua_pieces::{LuaFinding, LuaPiece};
use super::places::PlacedDocument;
use crate::lua::lookalikes;
use crate::source::{Diagnostic, Severity};

/// Warns of each place, in all Lua of the pipeline.
pub(super) fn check(places: &PlacedDocument, pieces: &[LuaPiece<'_>], found: &mut Vec<Diagnostic>) {
    for piece in pieces {
        for one in lookalikes(&piece.text) {
            let finding = LuaFinding {
                code: codes::LUA_LOOKALIKE,
                severity: Severity::Warning,
                message: one.message,
                span: one.span,
                label: one.label,
            };
            found.push(piece.diagnostic(places, finding).help(one.help));
        }
    }
}
