//! A cursor is a place in a text that is being read. The modules for numbers, strings and the grammar know what they
//! read there.

/// A place in a text. Its methods leave `at` on the offending byte when they fail.
pub(super) struct JsonCursor<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) scratch: &'a mut String,
}

impl JsonCursor<'_> {
    /// The byte at hand; 0, which no token begins with, at the end.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\t' | b'\r') {
            self.at += 1;
        }
    }
}
