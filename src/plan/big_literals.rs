//! This module warns of whole numbers in Lua that are not what is written: beyond 2^53 the VM rounds them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::expand::ExpressionField;
use super::places::{DocumentPart, PlacedDocument};
use super::scripts::Scripts;
use super::step_index::StepIndex;
use super::{codes, named_file};
use crate::lua::{BigLiteral, LuaPath, big_literals};
use crate::source::{Diagnostic, LineStarts, SourceFile, Span};

const LABEL: &str = "rounded to a float";

/// Warns of each, in the Lua of the file, in its expressions, in the Lua files that steps name and in those that any of it requires
/// by name.
pub(super) fn check(
    places: &PlacedDocument,
    step_index: &StepIndex,
    scripts: &Scripts,
    fields: &[ExpressionField],
    lua_path: &LuaPath,
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
    for file in files(places, step_index, scripts, lua_path).values() {
        for literal in big_literals(file.text()) {
            let message = message(file.text(), &literal);
            let warning = Diagnostic::warning(codes::BIG_LITERAL, file, message);
            let span = Span::new(literal.span.start, literal.span.end);
            found.push(warning.label(span, LABEL).help(help(&literal)));
        }
    }
}

/// The Lua files of the pipeline, each once, by their paths.
fn files(
    places: &PlacedDocument,
    step_index: &StepIndex,
    scripts: &Scripts,
    lua_path: &LuaPath,
) -> BTreeMap<PathBuf, Arc<SourceFile>> {
    let mut files = BTreeMap::new();
    for step in &step_index.steps {
        if let Some(script) = scripts.get(&format!("{}/file", step.verb_pointer())) {
            let file = &script.block().file;
            files.insert(file.path().to_owned(), Arc::clone(file));
        }
    }
    for (path, text) in scripts.modules() {
        let name = named_file::shown_name(places, &lua_path.relative(&path));
        let file = || SourceFile::new(name, path.clone(), text.to_string());
        files.entry(path.clone()).or_insert_with(file);
    }
    files
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
