//! This type is one of the pieces of Lua that a pipeline is made of, wherever it stands: in the file, in an expression, in a file
//! that steps name or that other Lua requires. What is found in its text is placed here.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::expand::ExpressionField;
use super::named_file;
use super::places::{DocumentPart, PlacedDocument};
use super::scripts::Scripts;
use super::step_index::StepIndex;
use crate::lua::LuaPath;
use crate::source::{Diagnostic, LineStarts, Severity, SourceFile, Span};

/// A piece of Lua.
pub(super) struct LuaPiece<'a> {
    pub(super) text: Arc<str>,
    pub(super) place: LuaPlace<'a>,
}

/// Where a piece of Lua stands.
pub(super) enum LuaPlace<'a> {
    /// It is the text at a pointer.
    Field(String, LineStarts),
    /// It begins at this byte of a text with expressions in it.
    Expression(&'a ExpressionField, usize),
    File(Arc<SourceFile>),
}

/// What is found in a piece of Lua.
pub(super) struct LuaFinding<'a> {
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    pub(super) message: String,
    /// Bytes of the piece.
    pub(super) span: Range<usize>,
    pub(super) label: &'a str,
}

impl<'a> LuaPiece<'a> {
    /// All of a pipeline: those of the file first, then those in expressions, then each Lua file once.
    pub(super) fn all(
        places: &PlacedDocument,
        step_index: &StepIndex,
        scripts: &Scripts,
        fields: &'a [ExpressionField],
        lua_path: &LuaPath,
    ) -> Vec<Self> {
        let mut all = Vec::new();
        for lua in places.document.lua_fields() {
            let Some(block) = places.block(&lua.pointer) else { continue };
            let lines = LineStarts::of(&block.text);
            all.push(Self { text: block.text, place: LuaPlace::Field(lua.pointer, lines) });
        }
        for field in fields {
            for hole in &field.template.expressions {
                let text = field.text[hole.inner.clone()].into();
                all.push(Self { text, place: LuaPlace::Expression(field, hole.inner.start) });
            }
        }
        for file in files(places, step_index, scripts, lua_path).into_values() {
            all.push(Self { text: file.text().into(), place: LuaPlace::File(file) });
        }
        all
    }

    /// The diagnostic at its place.
    pub(super) fn diagnostic(&self, places: &PlacedDocument, found: LuaFinding<'_>) -> Diagnostic {
        let LuaFinding { code, severity, message, span, label } = found;
        let is_error = severity == Severity::Error;
        let in_document = |message, spot: &DocumentPart<'_>| {
            if is_error {
                places.error(code, message, spot, label)
            } else {
                places.warning(code, message, spot, label)
            }
        };
        match &self.place {
            LuaPlace::Field(pointer, lines) => {
                let (line, column) = lines.line_column(span.start);
                let text = &self.text[span];
                let length = text.find('\n').unwrap_or(text.len());
                in_document(message, &DocumentPart::Text(pointer, line, column..column + length))
            }
            LuaPlace::Expression(field, start) => {
                in_document(message, &field.spot(span.start + start..span.end + start))
            }
            LuaPlace::File(file) => {
                let diagnostic = if is_error {
                    Diagnostic::error(code, file, message)
                } else {
                    Diagnostic::warning(code, file, message)
                };
                diagnostic.label(Span::new(span.start, span.end), label)
            }
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
