//! An excerpt is a part of the document that was compiled on its own; what the compiler says of it is placed in the file.

use super::codes;
use super::places::{DocumentPart, PlacedDocument};
use crate::lua::{Block, SyntaxError};
use crate::source::Diagnostic;

/// A part of a text of the document that was compiled on its own.
pub(super) struct Excerpt<'a> {
    /// The text.
    pub(super) pointer: &'a str,
    /// Line of the text on which the excerpt begins, from 1.
    pub(super) line: usize,
    /// Bytes before it on that line.
    pub(super) column: usize,
    /// The excerpt as it was compiled.
    pub(super) block: &'a Block,
}

impl Excerpt<'_> {
    /// The diagnostic for `error`.
    pub(super) fn finding(
        &self,
        places: &PlacedDocument,
        message: &str,
        error: &SyntaxError,
        help: Option<&str>,
    ) -> Diagnostic {
        let spot = self.spot(error.line, error.columns.clone());
        let mut found = places.error(codes::LUA_SYNTAX, message.to_owned(), &spot, &complaint(error));
        if let Some(opened) = error.opened.filter(|opened| *opened != error.line) {
            let text =
                self.block.text.lines().nth(opened.saturating_sub(self.block.line)).unwrap_or_default();
            let start = text.len() - text.trim_start().len();
            found = places.also(found, &self.spot(opened, start..text.trim_end().len()), "opened here");
        }
        if let Some(column) = error.opened_column {
            found = places.also(found, &self.spot(error.line, column..column + 1), "opened here");
        }
        let is_exact =
            places.document_of(self.pointer).scalar(self.pointer).is_none_or(|scalar| scalar.exact);
        match help {
            Some(help) => found.help(help),
            None if !is_exact => {
                found.help("write Lua as a literal block (`|`), which keeps its lines as they are")
            }
            None => found,
        }
    }

    /// Bytes of a line, where the line is one of the file as the compiler counts.
    fn spot(&self, line: usize, columns: std::ops::Range<usize>) -> DocumentPart<'_> {
        let at = line.saturating_sub(self.block.line);
        let shift = if at == 0 { self.column } else { 0 };
        DocumentPart::Text(self.pointer, self.line + at, columns.start + shift..columns.end + shift)
    }
}

/// What the compiler says, in the case of our own messages.
pub(super) fn complaint(error: &SyntaxError) -> String {
    let mut letters = error.message.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
