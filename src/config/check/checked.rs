//! A value is checked together with the places of its parts in the file.

use std::sync::Arc;

use serde_json::Value;

use crate::config::document::SpanIndex;
use crate::config::file_kind::FileKind;
use crate::config::setting::is_expression;
use crate::source::{Diagnostic, SourceFile, Span};

/// Characters of the file that a label underlines.
const MOST_MARKED: usize = 100;

/// A value under check, and where its parts stand.
pub(super) struct CheckedValue<'a> {
    pub(super) kind: FileKind,
    pub(super) value: &'a Value,
    pub(super) spans: &'a SpanIndex,
    pub(super) file: &'a Arc<SourceFile>,
    /// Whether lines were left out: what is missing may have stood there.
    pub(super) dropped: bool,
}

impl CheckedValue<'_> {
    pub(super) fn error(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.file, message)
    }

    /// Where a value stands, the start of its first line only.
    pub(super) fn value_span(&self, pointer: &str) -> Span {
        self.first_line(self.spans.value(pointer))
    }

    /// Where a key stands; for the whole file its first line.
    pub(super) fn key_span(&self, pointer: &str) -> Span {
        self.first_line(self.spans.key(pointer))
    }

    fn first_line(&self, span: Span) -> Span {
        let text = &self.file.text()[span.start..span.end];
        let line = text.lines().next().unwrap_or_default();
        Span::new(span.start, span.start + line.chars().take(MOST_MARKED).map(char::len_utf8).sum::<usize>())
    }

    /// The expression that stands in the file where a value was put.
    pub(super) fn expression(&self, pointer: &str) -> Option<&str> {
        let place = self.spans.nearest(pointer).filter(|place| place.scalar)?;
        let written = &self.file.text()[place.value.start..place.value.end];
        let value = self.value.pointer(pointer)?;
        let is_replaced = is_expression(written) && !value.as_str().is_some_and(is_expression);
        is_replaced.then_some(written)
    }
}
