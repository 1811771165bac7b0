//! A source file is a file's text, held once, with byte offsets turned into lines and columns. The caller reads the
//! file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::LineStarts;

/// A range of bytes in a [`SourceFile`], end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to `end`, which is not part of it.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }
}

/// A place for people: both numbers start at 1, the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
}

/// One text file as it was when it was read.
#[derive(Debug)]
pub struct SourceFile {
    /// The name as the user wrote it, for messages.
    name: String,
    /// Where the file lies.
    path: PathBuf,
    text: String,
    lines: LineStarts,
}

impl SourceFile {
    /// Wraps text that was read from `path`; messages call it `name`.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>, text: String) -> Arc<Self> {
        let lines = LineStarts::of(&text);
        Arc::new(Self { name: name.into(), path: path.into(), text, lines })
    }

    /// The name for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte; one past the end is allowed, anything beyond is cut to it.
    pub fn position(&self, byte: usize) -> Position {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let (line, before) = self.lines.line_column(byte);
        Position { line, column: self.text[byte - before..byte].chars().count() + 1 }
    }

    /// The line of a byte, from 1: [`Self::position`] for those who have no use for the column, which takes counting.
    pub fn line_of(&self, byte: usize) -> usize {
        self.lines.line_of(byte)
    }

    /// The text of a line, counted from 1, without its line end. Empty when there is no such line.
    pub fn line(&self, line: usize) -> &str {
        let span = self.line_span(line);
        &self.text[span.start..span.end]
    }

    /// The bytes of a line, counted from 1, without its line end. Empty when there is no such line.
    pub fn line_span(&self, line: usize) -> Span {
        let Some(start) = self.lines.start(line) else {
            return Span::new(self.text.len(), self.text.len());
        };
        let end = self.lines.start(line + 1).map_or(self.text.len(), |next| next - 1);
        let end = if self.text[start..end].ends_with('\r') { end - 1 } else { end };
        Span::new(start, end)
    }

    /// How many lines the text has; an empty text has one.
    pub fn line_count(&self) -> usize {
        self.lines.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_lines_from_one() {
        let file = SourceFile::new("x", "x", "a: é\r\nb: 2".to_owned());
        assert_eq!(file.position(0), Position { line: 1, column: 1 });
        assert_eq!(file.position(5), Position { line: 1, column: 5 });
        assert_eq!(file.position(7), Position { line: 2, column: 1 });
        assert_eq!(file.position(99), Position { line: 2, column: 5 });
        assert_eq!((file.line(1), file.line(2), file.line(3)), ("a: é", "b: 2", ""));
    }
}
