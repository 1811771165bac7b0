//! A way to scan is what a processor can do with some bytes at a time.

/// A way to look for the bytes that cannot stand in a string as they are: quotes, backslashes and control characters.
///
/// # Safety
/// All bytes before the first that [`Scan::ascii_16`] finds are ASCII, and so are all that [`Scan::ascii`] passes over, from an `at` on
/// that is at most the length to an end that is, too.
pub(in crate::value::json) unsafe trait Scan {
    /// A bit for each such byte and each that is not ASCII, the lowest for the first byte. Only the lowest bit set is right.
    fn ascii_16(block: &[u8; 16]) -> u32;
    /// Where the first such byte, or the first that is not ASCII, is at or behind `at`; the end, if there is none.
    fn ascii(bytes: &[u8], at: usize) -> usize;
    /// Where the first such byte is at or behind `at`; the end, if there is none.
    fn plain(bytes: &[u8], at: usize) -> usize;
    /// A bit for each digit, the lowest for the first byte.
    fn digits_16(block: &[u8; 16]) -> u32;
}

/// The next bytes from `at` on, if there are so many.
#[inline]
pub(in crate::value::json) fn window<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..).and_then(<[u8]>::first_chunk)
}
