//! This way to scan takes words of eight bytes, on any processor.

use super::way::{Scan, window};

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// Scans words.
pub(in crate::value::json) enum Words {}

// SAFETY: `special` finds the first byte that it looks for; where bytes that are not ASCII are among these, there are none before.
unsafe impl Scan for Words {
    #[inline]
    fn ascii_16(block: &[u8; 16]) -> u32 {
        let block = u128::from_le_bytes(*block);
        let (low, high) = (special::<true>(block as u64), special::<true>((block >> 64) as u64));
        match (low, high) {
            (0, 0) => 0,
            (0, _) => 1 << (8 + high.trailing_zeros() / 8),
            _ => 1 << (low.trailing_zeros() / 8),
        }
    }

    fn ascii(bytes: &[u8], at: usize) -> usize {
        scan::<true>(bytes, at)
    }

    fn plain(bytes: &[u8], at: usize) -> usize {
        scan::<false>(bytes, at)
    }

    #[inline]
    fn digits_16(block: &[u8; 16]) -> u32 {
        let block = u128::from_le_bytes(*block);
        digit_bits(block as u64) | digit_bits((block >> 64) as u64) << 8
    }
}

impl Words {
    /// The same as [`Scan::ascii`] or [`Scan::plain`], byte by byte, for a few of them.
    pub(super) fn last<const ASCII: bool>(bytes: &[u8], at: usize) -> usize {
        let is_special =
            |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\' || ASCII && *byte >= 0x80;
        let rest = bytes.get(at..).unwrap_or_default();
        rest.iter().position(is_special).map_or(bytes.len(), |found| at + found)
    }
}

fn scan<const ASCII: bool>(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = window(bytes, at) {
        let found = special::<ASCII>(u64::from_le_bytes(*word));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    Words::last::<ASCII>(bytes, at)
}

/// The high bit of every byte of `word` that is a quote, a backslash, a control character or, where it is asked for, no ASCII. Bits
/// above the lowest one set may be wrong (a borrow runs upwards), so only the lowest counts.
#[inline]
fn special<const ASCII: bool>(word: u64) -> u64 {
    let quote = word ^ (ONES * 0x22);
    let slash = word ^ (ONES * 0x5c);
    let control = word.wrapping_sub(ONES * 0x20);
    let found = (quote.wrapping_sub(ONES) & !quote) | (slash.wrapping_sub(ONES) & !slash);
    (if ASCII { found | control | word } else { found | (control & !word) }) & HIGHS
}

/// A bit for each byte of `word` that is a digit.
#[inline]
fn digit_bits(word: u64) -> u32 {
    // Without its highest bit, no byte carries into the next, and none borrows from it.
    let low = word & !HIGHS;
    let above = low + ONES * (0x7f - u64::from(b'9'));
    let from_zero = (low | HIGHS) - ONES * u64::from(b'0');
    let digits = from_zero & !above & !word & HIGHS;
    // Moves the eight bits, which lie eight apart, to the top.
    ((digits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
}
