//! The standard error of a process becomes lines for people.

use crate::value::Mask;

/// Bytes of one line of standard error; what is longer is cut.
const SAID_LINE_MAX: usize = 16 << 10;
/// Lines at the end of standard error that an error tells: room for a traceback.
const LAST_LINES: usize = 20;
/// Bytes of them at most.
const LAST_BYTES: usize = 4 << 10;

/// The standard error of one process.
#[derive(Debug, Clone, Default)]
pub struct Sayings {
    /// Hides secrets, before anything is cut off: half of one would not be found any more.
    mask: Mask,
    rest: Vec<u8>,
    last: std::collections::VecDeque<String>,
}

impl Sayings {
    /// Nothing was said yet.
    pub fn new(mask: Mask) -> Self {
        Self { mask, ..Self::default() }
    }

    /// Takes what was read; the lines that are whole by now.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        let Some(end) = memchr::memrchr(b'\n', &self.rest) else {
            return if self.rest.len() > SAID_LINE_MAX { self.end() } else { Vec::new() };
        };
        let rest = self.rest.split_off(end + 1);
        let whole = std::mem::replace(&mut self.rest, rest);
        let lines = whole[..end].split(|byte| *byte == b'\n').map(|line| self.text(line)).collect();
        self.keep(lines)
    }

    /// The line that has no end.
    pub fn end(&mut self) -> Vec<String> {
        let rest = std::mem::take(&mut self.rest);
        if rest.is_empty() { Vec::new() } else { self.keep(vec![self.text(&rest)]) }
    }

    /// A line as text, cut where it is too long.
    fn text(&self, line: &[u8]) -> String {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut text = self.mask.owned(String::from_utf8_lossy(line).into_owned());
        if text.len() > SAID_LINE_MAX {
            text.truncate(boundary(&text, SAID_LINE_MAX));
            text.push('…');
        }
        text
    }

    fn keep(&mut self, lines: Vec<String>) -> Vec<String> {
        for line in lines.iter().filter(|line| !line.trim().is_empty()) {
            if self.last.len() == LAST_LINES {
                self.last.pop_front();
            }
            self.last.push_back(line.clone());
        }
        lines
    }

    /// The last lines, as many as an error tells.
    pub fn last(&self) -> Vec<&str> {
        let mut room = LAST_BYTES;
        let mut lines: Vec<&str> = Vec::new();
        for line in self.last.iter().rev() {
            let Some(left) = room.checked_sub(line.len() + 1).or(lines.is_empty().then_some(0)) else {
                break;
            };
            room = left;
            lines.push(line);
        }
        lines.reverse();
        lines
    }
}

/// Where a text may be cut that is to have so many bytes at most.
pub fn boundary(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_standard_error_are_kept() {
        let mut sayings = Sayings::default();
        assert_eq!(sayings.take(b"a\r\nb"), ["a"]);
        assert_eq!(sayings.take(b"c\n\xff\n"), ["bc", "\u{fffd}"]);
        assert_eq!(sayings.take(b"rest"), Vec::<String>::new());
        assert_eq!(sayings.end(), ["rest"]);
        assert_eq!(sayings.last(), ["a", "bc", "\u{fffd}", "rest"]);
        for number in 0..100 {
            sayings.take(format!("line {number}\n").as_bytes());
        }
        assert_eq!((sayings.last().len(), sayings.last()[0]), (LAST_LINES, "line 80"));
        sayings.take(&vec![b'x'; SAID_LINE_MAX + 1]);
        assert_eq!(sayings.last().len(), 1, "a line that fills the room stands alone");
    }
}
