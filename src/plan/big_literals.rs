//! This module warns of whole numbers in Lua that are not what is written: beyond 2^53 the VM rounds them.

use super::codes;
use super::lua_pieces::{LuaFinding, LuaPiece};
use super::places::PlacedDocument;
use crate::lua::{BigLiteral, big_literals};
use crate::source::{Diagnostic, Severity};

/// Warns of each, in all Lua of the pipeline.
pub(super) fn check(places: &PlacedDocument, pieces: &[LuaPiece<'_>], found: &mut Vec<Diagnostic>) {
    for piece in pieces {
        for literal in big_literals(&piece.text) {
            let number = &piece.text[literal.span.clone()];
            let finding = LuaFinding {
                code: codes::BIG_LITERAL,
                severity: Severity::Warning,
                message: format!("the number `{number}` is not exact: Lua holds whole numbers up to 2^53"),
                span: literal.span.clone(),
                label: "rounded to a float",
            };
            found.push(piece.diagnostic(places, finding).help(help(&literal)));
        }
    }
}

fn help(literal: &BigLiteral) -> String {
    match &literal.exact {
        Some(digits) => {
            format!("write `int(\"{digits}\")`, with its sign inside the quotes; or a float, `{digits}.0`")
        }
        None => "an integer has 64 bits: keep it as text, or write it as a float, with `.0` or an exponent"
            .to_owned(),
    }
}
