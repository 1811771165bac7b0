//! This module passes keys and values that are like most: short, of ASCII, without escapes, exponents and white space. It looks at
//! a window of fixed size, in which no place has to be compared with the end of the text; what it does not know, others look at.

use super::number::{NUMBER_BYTES, ShortNumber};
use super::scan::{STRING_BYTES, Scan, ascii_count, part, short_string, window};

/// Bytes in which an entry is looked for: a key of 16 characters, a short value and what follows.
const ENTRY_BYTES: usize = 64;

/// An entry of an object.
pub(super) struct PlainKey<'t> {
    /// Begins with the entry's value.
    value: &'t [u8; STRING_BYTES],
    /// Bytes of the key and its colon.
    pub(super) len: usize,
}

/// The length of the value at `at`; `None` where it has to be looked at in another way.
#[inline]
pub(super) fn value_len<S: Scan>(bytes: &[u8], at: usize) -> Option<usize> {
    len::<S>(window(bytes, at)?)
}

impl<'t> PlainKey<'t> {
    /// The key at `at`, and what follows; `None` where it has to be looked at in another way.
    #[inline]
    pub(super) fn at<S: Scan>(bytes: &'t [u8], at: usize) -> Option<Self> {
        let window = window::<ENTRY_BYTES>(bytes, at)?;
        let count = ascii_count::<S>(part(window, 1));
        let len = count + 3;
        let is_plain = window[0] == b'"' && part(window, count + 1) == b"\":";
        is_plain.then_some(Self { value: part(window, len), len })
    }

    /// The length of the value; `None` where it has to be looked at in another way.
    #[inline]
    pub(super) fn value_len<S: Scan>(&self) -> Option<usize> {
        len::<S>(self.value)
    }

    /// Whether a comma and the quote of another key follow behind the value of this length.
    #[inline]
    pub(super) fn goes_on(&self, value_len: usize) -> bool {
        self.value.get(value_len..value_len + 2) == Some(b",\"")
    }
}

#[expect(clippy::inline_always, reason = "a call takes as long as what it does")]
#[inline(always)]
fn len<S: Scan>(window: &[u8; STRING_BYTES]) -> Option<usize> {
    let number_len = |window: &[u8; NUMBER_BYTES]| Some(ShortNumber::of::<S>(window)?.len);
    match window[0] {
        b'"' => short_string::<S>(window).map(|text| text.len() + 2),
        b'-' => number_len(part(window, 1)).map(|len| len + 1),
        b'0'..=b'9' => number_len(part(window, 0)),
        b't' => (part(window, 0) == b"true").then_some(4),
        b'f' => (part(window, 1) == b"alse").then_some(5),
        b'n' => (part(window, 0) == b"null").then_some(4),
        _ => None,
    }
}
