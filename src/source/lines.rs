//! This module knows where the lines of a text begin, so that no place has to be counted from the text's start.

/// The first byte of each line of one text. An empty text has one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineStarts(Vec<usize>);

impl LineStarts {
    /// Reads the text once.
    pub fn of(text: &str) -> Self {
        let behind = memchr::memchr_iter(b'\n', text.as_bytes()).map(|newline| newline + 1);
        Self(std::iter::once(0).chain(behind).collect())
    }

    /// The line of a byte, from 1.
    pub fn line_of(&self, byte: usize) -> usize {
        self.0.partition_point(|&start| start <= byte)
    }

    /// The line of a byte, from 1, and the bytes before it on that line.
    pub fn line_column(&self, byte: usize) -> (usize, usize) {
        let line = self.line_of(byte);
        (line, byte - self.0[line - 1])
    }

    /// The first byte of a line, counted from 1; `None` when there is no such line.
    pub fn start(&self, line: usize) -> Option<usize> {
        line.checked_sub(1).and_then(|index| self.0.get(index)).copied()
    }

    /// How many lines the text has.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_has_a_line_and_the_bytes_before_it() {
        let lines = LineStarts::of("ab\n\ncd");
        let found: Vec<_> = (0..=6).map(|byte| lines.line_column(byte)).collect();
        assert_eq!(found, [(1, 0), (1, 1), (1, 2), (2, 0), (3, 0), (3, 1), (3, 2)]);
        assert_eq!((lines.start(3), lines.start(4), lines.start(0)), (Some(4), None, None));
    }
}
