//! The bytes that a process writes to its standard output become whole lines.

/// Bytes of one answer at most; a program that writes without line ends must not fill the memory.
const ANSWER_MAX: usize = 64 << 20;
/// A line longer than an answer may be.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

/// The standard output of one process.
#[derive(Debug, Default)]
pub struct AnswerLines {
    /// The beginning of a line.
    rest: Vec<u8>,
}

impl AnswerLines {
    /// Takes what was read. The whole lines are handed to `each`, line ends excluded, until it says no.
    pub fn take(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8]) -> bool) -> Result<(), TooLong> {
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            let line = &bytes[from..end];
            from = end + 1;
            let goes_on = if self.rest.is_empty() {
                each(line)
            } else {
                self.rest.extend_from_slice(line);
                let whole = std::mem::take(&mut self.rest);
                each(&whole)
            };
            if !goes_on {
                return Ok(());
            }
        }
        self.rest.extend_from_slice(&bytes[from..]);
        if self.rest.len() > ANSWER_MAX { Err(TooLong) } else { Ok(()) }
    }

    /// What was written of a line that has no end.
    pub fn unended(&self) -> &[u8] {
        &self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        for size in 1..12 {
            let (mut answers, mut found) = (AnswerLines::default(), Vec::new());
            for piece in b"one\ntwo\n\nthree".chunks(size) {
                let each = |line: &[u8]| {
                    found.push(String::from_utf8_lossy(line).into_owned());
                    true
                };
                assert_eq!(answers.take(piece, each), Ok(()));
            }
            assert_eq!(
                (found, answers.unended()),
                (vec!["one".to_owned(), "two".to_owned(), String::new()], &b"three"[..])
            );
        }
    }
}
