//! This way to scan takes words of eight bytes, on any processor.

use super::way::{Scan, window};

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// Scans words.
pub(in crate::value::json) enum Words {}

// SAFETY: `special` finds all bytes that it looks for, and bytes that are not ASCII are among these.
unsafe impl Scan for Words {
    #[inline]
    fn ascii_16(block: &[u8; 16]) -> u32 {
        let block = u128::from_le_bytes(*block);
        gathered(special::<true>(block as u64)) | gathered(special::<true>((block >> 64) as u64)) << 8
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

impl Words {
    /// The same for fewer than 16 bytes.
    pub(super) fn last<const ASCII: bool>(bytes: &[u8], at: usize) -> usize {
        let rest = bytes.get(at..).unwrap_or_default();
        let position = |word: u64| (special::<ASCII>(word).trailing_zeros() / 8) as usize;
        let (Some(first), Some(last)) = (rest.first_chunk(), rest.last_chunk()) else {
            return at + position(short_word(rest)).min(rest.len());
        };
        match position(u64::from_le_bytes(*first)) {
            // The last eight overlap those.
            8 => bytes.len() - 8 + position(u64::from_le_bytes(*last)),
            found => at + found,
        }
    }
}

/// Fewer than eight bytes as a word, with zeros behind them.
fn short_word(bytes: &[u8]) -> u64 {
    let count = bytes.len();
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        // The halves overlap.
        return u64::from(u32::from_le_bytes(*first))
            | u64::from(u32::from_le_bytes(*last)) << (8 * (count - 4));
    }
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// The high bit of every byte of `word` that is a quote, a backslash, a control character or, where it is asked for, no ASCII.
#[inline]
fn special<const ASCII: bool>(word: u64) -> u64 {
    // Without its highest bit, no byte carries into the next.
    let low = word & !HIGHS;
    let is_other = |byte: u8| (low ^ (ONES * u64::from(byte))) + ONES * 0x7f;
    let plain = is_other(b'"') & is_other(b'\\') & (low + ONES * 0x60);
    (if ASCII { !plain | word } else { !(plain | word) }) & HIGHS
}

/// The highest bits of the eight bytes, side by side.
#[inline]
fn gathered(highs: u64) -> u32 {
    ((highs >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
}

/// A bit for each byte of `word` that is a digit.
#[inline]
fn digit_bits(word: u64) -> u32 {
    // Without its highest bit, no byte carries into the next, and none borrows from it.
    let low = word & !HIGHS;
    let above = low + ONES * (0x7f - u64::from(b'9'));
    let from_zero = (low | HIGHS) - ONES * u64::from(b'0');
    gathered(from_zero & !above & !word & HIGHS)
}
