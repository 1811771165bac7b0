//! This module warns of whole numbers in Lua that are not what is written: beyond 2^53 the VM rounds them.

use super::codes;
use super::expand::ExpressionField;
use super::places::{DocumentPart, PlacedDocument};
use super::scripts::Scripts;
use super::step_index::StepIndex;
use crate::lua::{BigLiteral, big_literals};
use crate::source::{Diagnostic, LineStarts, Span};

const LABEL: &str = "rounded to a float";

/// Warns of each, in the Lua of the file, in its expressions and in the Lua files that steps name.
pub(super) fn check(
    places: &PlacedDocument,
    step_index: &StepIndex,
    scripts: &Scripts,
    fields: &[ExpressionField],
    found: &mut Vec<Diagnostic>,
) {
    for lua in places.document.lua_fields() {
        let Some(block) = places.block(&lua.pointer) else { continue };
        let lines = LineStarts::of(&block.text);
        for literal in big_literals(&block.text) {
            let (line, column) = lines.line_column(literal.span.start);
            let spot = DocumentPart::Text(&lua.pointer, line, column..column + literal.span.len());
            let message = message(&block.text, &literal);
            found.push(places.warning(codes::BIG_LITERAL, message, &spot, LABEL).help(help(&literal)));
        }
    }
    for field in fields {
        for (text, literal, range) in field.big_literals() {
            let message = message(text, &literal);
            let warning = places.warning(codes::BIG_LITERAL, message, &field.spot(range), LABEL);
            found.push(warning.help(help(&literal)));
        }
    }
    for step in &step_index.steps {
        let Some(script) = scripts.get(&format!("{}/file", step.verb_pointer())) else { continue };
        let block = script.block();
        for literal in big_literals(&block.text) {
            let message = message(&block.text, &literal);
            let warning = Diagnostic::warning(codes::BIG_LITERAL, &block.file, message);
            let span = Span::new(literal.span.start, literal.span.end);
            found.push(warning.label(span, LABEL).help(help(&literal)));
        }
    }
}

fn message(text: &str, literal: &BigLiteral) -> String {
    format!("the number `{}` is not exact: Lua holds whole numbers up to 2^53", &text[literal.span.clone()])
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
