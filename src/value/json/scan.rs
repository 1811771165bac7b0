//! A scan finds where stretches of strings and numbers end, 16 or 32 bytes at a time where the processor can. It is the one place
//! with `unsafe` that touches no C: vectors are loaded from addresses, and what was seen to be ASCII is text.
#![expect(
    unsafe_code,
    reason = "vector instructions load from addresses, and text that was seen is not checked twice"
)]

mod portable;
mod way;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(any(test, not(target_arch = "x86_64")))]
pub(super) use portable::Words;
pub(super) use way::{Scan, window};
#[cfg(all(test, target_arch = "x86_64"))]
pub(super) use x86::{Avx2, Sse2};

/// The quickest way that this processor has.
#[cfg(target_arch = "x86_64")]
pub(super) type Quickest = x86::Vectors;
/// The quickest way that this processor has.
#[cfg(not(target_arch = "x86_64"))]
pub(super) type Quickest = Words;

/// The same as [`Scan::ascii`]. Most strings are short, so the first 32 bytes are looked at in place.
#[inline]
pub(super) fn ascii_end<S: Scan>(bytes: &[u8], at: usize) -> usize {
    let end = match window::<32>(bytes, at) {
        None => S::ascii(bytes, at),
        Some(window) => {
            let (first, second) = window.split_at(16);
            let found = S::ascii_16(first.try_into().expect("half of 32"));
            if found != 0 {
                at + found.trailing_zeros() as usize
            } else {
                let found = S::ascii_16(second.try_into().expect("half of 32"));
                if found != 0 { at + 16 + found.trailing_zeros() as usize } else { S::ascii(bytes, at + 32) }
            }
        }
    };
    // SAFETY: a window ends at or before the end, and `Scan` promises that what it says does.
    unsafe { std::hint::assert_unchecked(end <= bytes.len()) };
    end
}

/// Bytes in which a short string is looked for: its quotes, at most 32 bytes and some more.
pub(super) const STRING_BYTES: usize = 40;

/// The string in quotes at the beginning; `None` where it is longer, has escapes or is not ASCII, or something else stands there.
#[inline]
pub(super) fn short_string<S: Scan>(window: &[u8; STRING_BYTES]) -> Option<&str> {
    let mut count = ascii_count::<S>(part(window, 1));
    if count == 16 {
        count += ascii_count::<S>(part(window, 17));
    }
    let is_whole = window[0] == b'"' && window[count + 1] == b'"';
    // SAFETY: `Scan` promises that all of these bytes are ASCII.
    is_whole.then(|| unsafe { std::str::from_utf8_unchecked(&window[1..=count]) })
}

/// How many bytes stand before the first that [`Scan::ascii_16`] finds.
#[inline]
pub(super) fn ascii_count<S: Scan>(block: &[u8; 16]) -> usize {
    (S::ascii_16(block) | 1 << 16).trailing_zeros() as usize
}

/// The bytes from `at` on.
#[inline]
pub(super) fn part<const N: usize>(window: &[u8], at: usize) -> &[u8; N] {
    window[at..][..N].try_into().expect("windows are longer than what is looked for in them")
}

/// A part of a string that has no escapes.
pub(super) struct Stretch<'t> {
    pub(super) text: &'t str,
    /// Where it ends.
    pub(super) end: usize,
}

/// The text from `start` up to the first byte that cannot stand in a string as it is; `None` where it is not UTF-8.
#[inline]
pub(super) fn text<S: Scan>(bytes: &[u8], start: usize) -> Option<Stretch<'_>> {
    let end = plain_end::<S>(bytes, start)?;
    // SAFETY: `plain_end` passes over ASCII, by the promise of `Scan`, and over what the standard library has found to be UTF-8.
    Some(Stretch { text: unsafe { std::str::from_utf8_unchecked(&bytes[start..end]) }, end })
}

/// Where the first byte is, at or behind `at`, that cannot stand in a string as it is; `None` where what stands before is not
/// UTF-8.
#[inline]
pub(super) fn plain_end<S: Scan>(bytes: &[u8], at: usize) -> Option<usize> {
    let end = ascii_end::<S>(bytes, at);
    match bytes.get(end) {
        Some(0x80..) => beyond_ascii::<S>(bytes, end),
        _ => Some(end),
    }
}

/// The same where a byte that is not ASCII stands at `at`.
#[inline(never)]
fn beyond_ascii<S: Scan>(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let rest = &bytes[at..];
        let count = rest.iter().take_while(|byte| !byte.is_ascii()).count();
        if count == 0 {
            return Some(at);
        }
        std::str::from_utf8(&rest[..count]).ok()?;
        at = ascii_end::<S>(bytes, at + count);
    }
}

#[cfg(test)]
mod tests;
