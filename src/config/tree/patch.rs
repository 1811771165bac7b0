//! A patched text was changed to go on past its faults; this module finds the way back to the places of the text as
//! written.

use std::ops::Range;

use crate::source::Span;

/// The text as it is read, and where each of its bytes comes from.
#[derive(Debug, Clone)]
pub(in crate::config) struct Patch {
    /// The text after all changes.
    pub(in crate::config) text: String,
    /// For each byte of `text`, and its end, the byte of the text as written. Empty while nothing was changed.
    origin: Vec<u32>,
    /// Whether whole lines were left out, so that what seems to be missing may be there.
    pub(in crate::config) dropped: bool,
}

impl Patch {
    /// A text as written.
    pub(in crate::config) fn new(text: String) -> Self {
        Self { text, origin: Vec::new(), dropped: false }
    }

    /// Whether anything was changed.
    pub(in crate::config) fn is_changed(&self) -> bool {
        !self.origin.is_empty()
    }

    /// Replaces bytes, the ranges in order. Line ends must stay as many as they were, so that lines keep their numbers.
    pub(in crate::config) fn replace(&mut self, edits: &[(Range<usize>, String)]) {
        if self.origin.is_empty() {
            self.origin = (0..=self.text.len() as u32).collect();
        }
        let mut text = String::with_capacity(self.text.len());
        let mut origin = Vec::with_capacity(self.origin.len());
        let mut done = 0;
        for (range, with) in edits {
            text.push_str(&self.text[done..range.start]);
            origin.extend_from_slice(&self.origin[done..range.start]);
            let from = self.origin[range.start];
            let length = self.origin[range.end] - from;
            text.push_str(with);
            origin.extend((0..with.len() as u32).map(|at| from + at.min(length)));
            done = range.end;
        }
        text.push_str(&self.text[done..]);
        origin.extend_from_slice(&self.origin[done..]);
        (self.text, self.origin) = (text, origin);
    }

    /// The place in the text as written.
    pub(in crate::config) fn original(&self, span: Span, written: &str) -> Span {
        if self.origin.is_empty() {
            return span;
        }
        let place = |byte: usize| {
            let mut byte = self.origin[byte.min(self.text.len())] as usize;
            while !written.is_char_boundary(byte) {
                byte -= 1;
            }
            byte
        };
        Span::new(place(span.start), place(span.end))
    }
}
