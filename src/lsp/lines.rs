//! This module converts between places as editors count them, lines from 0 and UTF-16 units in the line, and places
//! in bytes.

use gen_lsp_types::{Position, Range};

use crate::source::Span;

/// Where the lines of a text begin. A line ends with a line feed, a carriage return, or both.
#[derive(Debug)]
pub(super) struct Lines {
    starts: Vec<usize>,
    /// Units of the first line that are not part of the text: its byte order mark.
    mark: u32,
}

impl Lines {
    /// The lines of `text`, before which a byte order mark was taken away if `has_mark`.
    pub(super) fn of(text: &str, has_mark: bool) -> Self {
        let bytes = text.as_bytes();
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes)
            .filter(|&at| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'));
        Self { starts: std::iter::once(0).chain(ends.map(|at| at + 1)).collect(), mark: has_mark.into() }
    }

    /// The place of a byte; one that is not on a character boundary counts as the boundary before.
    pub(super) fn position(&self, text: &str, byte: usize) -> Position {
        let mut byte = byte.min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.starts.partition_point(|&start| start <= byte) - 1;
        let before = &text[self.starts[line]..byte];
        let units = before.chars().map(char::len_utf16).sum::<usize>() as u32;
        Position::new(line as u32, units + if line == 0 { self.mark } else { 0 })
    }

    /// The range of a span.
    pub(super) fn range(&self, text: &str, span: Span) -> Range {
        Range::new(self.position(text, span.start), self.position(text, span.end.max(span.start)))
    }

    /// The byte at a place; one behind the end of its line counts as the end, one within a character as its beginning.
    pub(super) fn byte(&self, text: &str, position: Position) -> usize {
        let line = position.line as usize;
        let Some(&start) = self.starts.get(line) else { return text.len() };
        let next = self.starts.get(line + 1).copied().unwrap_or(text.len());
        let content = text[start..next].trim_end_matches(['\r', '\n']);
        let mut left = position.character.saturating_sub(if line == 0 { self.mark } else { 0 }) as usize;
        for (at, character) in content.char_indices() {
            if left < character.len_utf16() {
                return start + at;
            }
            left -= character.len_utf16();
        }
        start + content.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, byte: usize, place: (u32, u32)) {
        let lines = Lines::of(text, false);
        let position = Position::new(place.0, place.1);
        assert_eq!((lines.position(text, byte), lines.byte(text, position)), (position, byte), "{text:?}");
    }

    #[test]
    fn columns_count_units_of_utf_16() {
        check("aé𝄞日b", 0, (0, 0));
        check("aé𝄞日b", 3, (0, 2));
        check("aé𝄞日b", 7, (0, 4));
        check("aé𝄞日b", 11, (0, 6));
        check("\tx", 1, (0, 1));
    }

    #[test]
    fn every_kind_of_line_end_ends_a_line() {
        check("a\r\nb\rc\nd", 3, (1, 0));
        check("a\r\nb\rc\nd", 5, (2, 0));
        check("a\r\nb\rc\nd", 8, (3, 1));
        check("a\n", 2, (1, 0));
    }

    #[test]
    fn places_outside_of_the_text_are_cut() {
        let (text, lines) = ("a\r\n𝄞", Lines::of("a\r\n𝄞", false));
        assert_eq!(lines.byte(text, Position::new(0, 9)), 1);
        assert_eq!(lines.byte(text, Position::new(9, 0)), text.len());
        assert_eq!(lines.byte(text, Position::new(1, 1)), 3);
        assert_eq!(lines.byte(text, Position::new(u32::MAX, u32::MAX)), text.len());
        assert_eq!(lines.position(text, 99), Position::new(1, 2));
        assert_eq!(lines.position(text, 5), Position::new(1, 0));
        let marked = Lines::of("ab", true);
        assert_eq!(
            (marked.position("ab", 1), marked.byte("ab", Position::new(0, 2))),
            (Position::new(0, 2), 1)
        );
    }

    proptest! {
        #[test]
        fn for_every_text_places_go_there_and_back(text in "([a\r\n\té𝄞]){0,20}", byte in 0usize..60) {
            let lines = Lines::of(&text, false);
            let there = lines.position(&text, byte);
            let back = lines.byte(&text, there);
            prop_assert!(text.is_char_boundary(back));
            // Between the two characters of one line end there is no place.
            prop_assert!(back <= byte.min(text.len()) || text[..back].ends_with('\r'));
        }
    }
}
