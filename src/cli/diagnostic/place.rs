//! This module gives the place of a label as line and column for machines. It does not show the text around it.

use crate::source::{Diagnostic, Position, SourceFile, Span};

/// A range of characters; the end is the first character that is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CharRange {
    pub(super) start: Position,
    pub(super) end: Position,
}

impl CharRange {
    /// Where `span` lies in `file`.
    pub(super) fn of(file: &SourceFile, span: Span) -> Self {
        Self { start: file.position(span.start), end: file.position(span.end.max(span.start)) }
    }

    /// Where a diagnostic stands: its primary label, or the beginning of the file when it is about the whole file.
    pub(super) fn primary(diagnostic: &Diagnostic) -> Self {
        let span = diagnostic.labels.first().map_or_else(Span::default, |label| label.span);
        Self::of(&diagnostic.file, span)
    }
}

/// Whether a terminal would obey `character` instead of showing it, or let it reorder the text around it.
pub(super) fn is_unsafe(character: char) -> bool {
    let reorders = matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    (character.is_control() && character != '\t') || reorders
}

/// A picture of a character that [`is_unsafe`].
pub(super) fn picture(character: char) -> char {
    match character {
        // Unicode has a picture for each of ASCII's control characters, in their order.
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{FFFD}'),
        '\x7f' => '\u{2421}',
        _ => '\u{FFFD}',
    }
}

/// `text` with pictures for what a terminal would obey; line feeds are kept.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .map(
            |character| {
                if character != '\n' && is_unsafe(character) { picture(character) } else { character }
            },
        )
        .collect()
}
