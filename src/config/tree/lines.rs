//! This module gives the lines of a text as ranges of bytes.

use std::ops::Range;

use crate::source::Span;

/// The character at a byte, or nothing at the end of a line.
pub(super) fn one_char(text: &str, at: usize) -> Span {
    let width = text[at..].chars().next().filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8);
    Span::new(at, at + width)
}

/// The content of the line that holds a byte, without its line end.
pub(super) fn line_at(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let end = if text[start..end].ends_with('\r') { end - 1 } else { end };
    start..end
}

/// The nearest line above that is not blank.
pub(super) fn line_above(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    let mut start = line.start;
    while start > 0 {
        let above = line_at(text, start - 1);
        if !is_blank(text, &above) {
            return Some(above);
        }
        start = above.start;
    }
    None
}

pub(super) fn lines_from(text: &str, start: usize) -> impl Iterator<Item = Range<usize>> {
    let mut next = Some(start);
    std::iter::from_fn(move || {
        let start = next.filter(|start| *start <= text.len())?;
        next = text[start..].find('\n').map(|newline| start + newline + 1);
        Some(line_at(text, start))
    })
}

pub(super) fn indent<'a>(text: &'a str, line: &Range<usize>) -> &'a str {
    let line = &text[line.clone()];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

pub(super) fn is_blank(text: &str, line: &Range<usize>) -> bool {
    text[line.clone()].trim().is_empty()
}
