//! Places say where the parts of a document stand: in the pipeline file, in one that it includes, or in the `--set` that
//! put them there.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::inputs::UsageError;
use crate::config::{self, Document};
use crate::lua;
use crate::source::{Diagnostic, Severity, SourceFile, Span};

/// A document with the overrides of one run already in its value.
#[derive(Debug, Clone)]
pub(super) struct PlacedDocument {
    pub(super) document: Document,
    pub(super) included: Vec<IncludedFile>,
    /// Whether an included file could not be read as a whole: more names may stand in it.
    pub(super) is_partial: bool,
    pub(super) overrides: Vec<Override>,
}

/// A file that the pipeline includes.
#[derive(Debug, Clone)]
pub(super) struct IncludedFile {
    pub(super) document: Document,
    /// Pointers to what it gave the pipeline, which are the same in both.
    pub(super) parts: Vec<String>,
}

impl IncludedFile {
    fn covers(&self, pointer: &str) -> bool {
        self.parts.iter().any(|part| is_within(pointer, part))
    }
}

/// Whether `inner` is `outer` or stands below it.
pub(super) fn is_within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// One `--set`.
#[derive(Debug, Clone)]
pub(super) struct Override {
    /// What it sets.
    pub(super) pointer: String,
    /// As it was given, `clean.concurrency=2`.
    pub(super) option: String,
    /// The value as a file of its own, for positions.
    pub(super) file: Arc<SourceFile>,
}

/// A part of a document that a diagnostic points at.
#[derive(Debug, Clone)]
pub(super) enum DocumentPart<'a> {
    /// The key at this pointer.
    Key(&'a str),
    /// The value at this pointer.
    Value(&'a str),
    /// Some bytes of a line of the text at this pointer; the line counts from 1 within the text.
    Text(&'a str, usize, Range<usize>),
}

impl DocumentPart<'_> {
    fn pointer(&self) -> &str {
        match self {
            Self::Key(pointer) | Self::Value(pointer) | Self::Text(pointer, ..) => pointer,
        }
    }
}

impl PlacedDocument {
    /// A document as it stands in its file.
    pub(super) fn of(document: Document) -> Self {
        Self { document, included: Vec::new(), is_partial: false, overrides: Vec::new() }
    }

    /// The document's value.
    pub(super) fn value(&self) -> &Value {
        &self.document.value
    }

    /// An error about `spot`.
    pub(super) fn error(
        &self,
        code: &'static str,
        message: String,
        spot: &DocumentPart<'_>,
        label: &str,
    ) -> Diagnostic {
        let (file, span) = self.find(spot);
        Diagnostic::error(code, file, message).label(span, label)
    }

    /// A warning about `spot`.
    pub(super) fn warning(
        &self,
        code: &'static str,
        message: String,
        spot: &DocumentPart<'_>,
        label: &str,
    ) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..self.error(code, message, spot, label) }
    }

    /// Adds a label, unless it stands in another file than the finding.
    pub(super) fn also(&self, found: Diagnostic, spot: &DocumentPart<'_>, label: &str) -> Diagnostic {
        let (file, span) = self.find(spot);
        if Arc::ptr_eq(file, &found.file) { found.label(span, label) } else { found }
    }

    /// Where `spot` stands.
    pub(super) fn find(&self, spot: &DocumentPart<'_>) -> (&Arc<SourceFile>, Span) {
        let document = self.document_of(spot.pointer());
        let file = &document.file;
        match (self.override_of(spot.pointer()), spot) {
            (Some(one), DocumentPart::Text(_, line, columns)) => {
                let start = one.file.line_span(*line).start;
                (&one.file, Span::new(start + columns.start, start + columns.end))
            }
            (Some(one), _) => (&one.file, Span::new(0, one.file.text().len())),
            (None, DocumentPart::Key(pointer)) => (file, document.spans.key(pointer)),
            (None, DocumentPart::Value(pointer)) => (file, document.spans.value(pointer)),
            (None, DocumentPart::Text(pointer, line, columns)) => {
                let (_, first) = self.start(pointer);
                (file, document.lua_span(pointer, first + line - 1, columns.clone()))
            }
        }
    }

    /// The file in which the text at `pointer` stands, and its line there, from 1.
    pub(super) fn start(&self, pointer: &str) -> (&Arc<SourceFile>, usize) {
        if let Some(one) = self.override_of(pointer) {
            return (&one.file, 1);
        }
        let document = self.document_of(pointer);
        (&document.file, document.scalar(pointer).map_or(1, |scalar| scalar.line))
    }

    /// The text at `pointer` as Lua with its place.
    pub(super) fn block(&self, pointer: &str) -> Option<lua::Block> {
        if let Some(one) = self.override_of(pointer) {
            return Some(lua::Block { file: Arc::clone(&one.file), line: 1, text: self.text(pointer)? });
        }
        let document = self.document_of(pointer);
        let (line, text) = match document.block(pointer) {
            Some(block) => (block.line, block.text),
            // An override of a neighbour has made a long form of the short one that stands in the file.
            None => (document.scalar(pointer)?.line, self.text(pointer)?),
        };
        Some(lua::Block { file: Arc::clone(&document.file), line, text })
    }

    fn text(&self, pointer: &str) -> Option<Arc<str>> {
        match self.value().pointer(pointer)? {
            Value::String(text) => Some(text.as_str().into()),
            Value::Bool(_) | Value::Number(_) => Some(self.value().pointer(pointer)?.to_string().into()),
            _ => None,
        }
    }

    /// Sets apart what is wrong with an override from what is wrong with the file.
    pub(super) fn split_usage(&self, found: &mut Vec<Diagnostic>, usage: &mut Vec<UsageError>) {
        found.retain(|diagnostic| {
            let blamed = self.overrides.iter().find(|one| Arc::ptr_eq(&one.file, &diagnostic.file));
            let Some(one) = blamed.filter(|_| diagnostic.severity == Severity::Error) else { return true };
            usage.push(set_error(&one.option, diagnostic));
            false
        });
    }

    fn override_of(&self, pointer: &str) -> Option<&Override> {
        self.overrides.iter().rev().find(|one| is_within(pointer, &one.pointer))
    }

    /// The file in which a part stands, as far as no `--set` has put it there.
    pub(super) fn document_of(&self, pointer: &str) -> &Document {
        let included = self.included.iter().find(|file| file.covers(pointer));
        included.map_or(&self.document, |file| &file.document)
    }

    /// Whether a part stands in a file that the pipeline includes.
    pub(super) fn is_included(&self, pointer: &str) -> bool {
        self.included.iter().any(|file| file.covers(pointer))
    }

    /// Checks all values against the schema once more, each where it stands, after expressions were replaced by what they
    /// gave.
    pub(super) fn validate(&self) -> Vec<Diagnostic> {
        let Document { value, spans, file, .. } = &self.document;
        if self.included.is_empty() {
            return config::validate_value(value, spans, file);
        }
        let mut own = value.clone();
        let mut found = Vec::new();
        for IncludedFile { document, parts } in &self.included {
            let mut included = document.value.clone();
            for part in parts {
                let now = take(&mut own, part);
                if let (Some(place), Some(now)) = (included.pointer_mut(part), now) {
                    *place = now;
                }
            }
            found.extend(config::validate_included(&included, &document.spans, &document.file));
        }
        found.extend(config::validate_value(&own, spans, file));
        found
    }
}

/// Takes the part at a pointer out, which has two keys.
fn take(value: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    value.pointer_mut(parent)?.as_object_mut()?.shift_remove(&config::unescape_key(name))
}

/// A finding about the value of `--set OPTION`.
pub(super) fn set_error(option: &str, found: &Diagnostic) -> UsageError {
    let label = found.labels.first().filter(|label| !label.text.is_empty());
    let reason = label.map(|label| format!(": {}", label.text)).unwrap_or_default();
    let error = UsageError::new(format!("`--set {option}`: {}{reason}", found.message));
    match &found.help {
        Some(help) => error.help(help.clone()),
        None => error,
    }
}
