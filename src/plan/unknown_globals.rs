//! This module finds names in Lua that can only be nil: of other languages, misspelt, or of what flowrun's Lua does not have.

use super::codes;
use super::lua_pieces::{LuaFinding, LuaPiece, LuaPlace};
use super::lua_text::has_word;
use super::places::PlacedDocument;
use super::scripts::Scripts;
use crate::lua::{COMBINE_PARAMETERS, FOLD_PARAMETERS, NamedText, PARAMETERS, RETRY_PARAMETERS};
use crate::source::{Diagnostic, Severity};

/// What Lua has in scope beside the globals, by the end of the pointer to it; the first that fits.
const SCOPES: [(&str, &str); 7] = [
    ("/reduce/lua", FOLD_PARAMETERS),
    ("/reduce/combine", COMBINE_PARAMETERS),
    ("/retries/when", RETRY_PARAMETERS),
    ("/items/lua", "ctx"),
    ("/setup", ""),
    ("/at_end", ""),
    ("/at_end/lua", ""),
];

/// Reports each, in all Lua of the pipeline that compiles.
pub(super) fn check(
    places: &PlacedDocument,
    pieces: &[LuaPiece<'_>],
    scripts: &Scripts,
    found: &mut Vec<Diagnostic>,
) {
    for piece in pieces {
        let strays = match &piece.place {
            LuaPlace::Field(pointer, _) => {
                let Some(script) = scripts.get(pointer) else { continue };
                let setup = pointer.strip_suffix("/lua").map(|at| format!("{at}/setup"));
                let setup = setup.and_then(|at| scripts.block(&at));
                let setup = setup.as_ref().map_or("", |setup| &*setup.text);
                let parameters = parameters(pointer);
                let is_expression = script.is_expression();
                NamedText { setup, text: &piece.text, is_expression, parameters }.strays()
            }
            LuaPlace::Expression(..) => {
                let is_expression = !has_word(&piece.text, "return");
                NamedText { setup: "", text: &piece.text, is_expression, parameters: "item, index" }.strays()
            }
            LuaPlace::File(_) => {
                NamedText { setup: "", text: &piece.text, is_expression: false, parameters: "" }.strays()
            }
        };
        let [_, of_text] = strays;
        for mut stray in of_text {
            if PARAMETERS.split(", ").any(|name| name == &piece.text[stray.span.clone()]) {
                stray.label = of_parameter(&piece.place, &piece.text[stray.span.clone()]);
            }
            let finding = LuaFinding {
                code: codes::UNKNOWN_GLOBAL,
                severity: Severity::Error,
                message: stray.message,
                span: stray.span,
                label: &stray.label,
            };
            found.push(piece.diagnostic(places, finding));
        }
    }
}

/// What to say of a parameter of item functions where there is none.
fn of_parameter(place: &LuaPlace<'_>, name: &str) -> String {
    match place {
        LuaPlace::File(_) => format!("add the parameter: `return function({PARAMETERS})`"),
        LuaPlace::Field(pointer, _) if pointer.ends_with("/setup") => {
            format!("`setup` runs once for each worker, where there is no `{name}`")
        }
        _ => format!("there is no `{name}` here"),
    }
}

fn parameters(pointer: &str) -> &'static str {
    // `when` of a step is evaluated before it has any item.
    if pointer.ends_with("/when") && pointer.matches('/').count() == 3 {
        return "";
    }
    let found = SCOPES.iter().find(|(end, _)| pointer.ends_with(end));
    found.map_or(PARAMETERS, |(_, names)| names)
}
