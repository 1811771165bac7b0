//! A cursor is a place in a text that is being read. The modules for numbers, strings and the grammar know what they
//! read there.

use std::marker::PhantomData;

use super::scan::{Quickest, Scan};

/// A place in a text. Its methods leave `at` on the offending byte when they fail.
///
/// Whether the text is UTF-8 is found out on the way: in strings where they are read, and anything else that is not ASCII fits
/// nowhere.
pub(super) struct JsonCursor<'a, S: Scan = Quickest> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) scratch: &'a mut String,
    scan: PhantomData<S>,
}

impl<'a, S: Scan> JsonCursor<'a, S> {
    /// At the first byte of `bytes`; `scratch` is working space for strings with escapes.
    pub(super) fn new(bytes: &'a [u8], scratch: &'a mut String) -> Self {
        Self { bytes, at: 0, scratch, scan: PhantomData }
    }

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

    /// The byte at hand behind white space, which is passed; 0 at the end.
    #[inline]
    pub(super) fn token(&mut self) -> u8 {
        let byte = self.peek();
        if byte > b' ' {
            return byte;
        }
        self.space();
        self.peek()
    }
}
