//! These ways to scan take 16 or 32 bytes with one instruction. Every processor of this family has the first, and most have the
//! second.
//!
//! Unsafe is to load a vector from an address, which is always that of an array of its size, and to call what needs SSE2, which all
//! have, or AVX2, which is asked for before.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_add_epi8, _mm_cmpeq_epi8, _mm_cmpgt_epi8, _mm_cmplt_epi8, _mm_loadu_si128,
    _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8,
    _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
};

use super::portable::Words;
use super::way::{Scan, window};

/// Scans 16 bytes at a time, and twice as many in long strings where the processor can.
pub(in crate::value::json) enum Vectors {}

// SAFETY: `found_16` and `found_32` find the first byte that they look for; where bytes that are not ASCII are among these, there are
// none before.
unsafe impl Scan for Vectors {
    #[inline]
    fn ascii_16(block: &[u8; 16]) -> u32 {
        found_16::<true>(block)
    }

    fn ascii(bytes: &[u8], at: usize) -> usize {
        scan::<true>(bytes, at)
    }

    fn plain(bytes: &[u8], at: usize) -> usize {
        scan::<false>(bytes, at)
    }

    #[inline]
    fn digits_16(block: &[u8; 16]) -> u32 {
        // SAFETY: all processors of this family have SSE2.
        unsafe { digit_bits(block) }
    }
}

fn scan<const ASCII: bool>(bytes: &[u8], at: usize) -> usize {
    if bytes.len().saturating_sub(at) >= 32 && is_x86_feature_detected!("avx2") {
        // SAFETY: this processor has AVX2.
        return unsafe { scan_32::<ASCII>(bytes, at) };
    }
    scan_16::<ASCII>(bytes, at)
}

/// Scans 16 bytes at a time, whatever the processor can.
#[cfg(test)]
pub(in crate::value::json) enum Sse2 {}

// SAFETY: the same.
#[cfg(test)]
unsafe impl Scan for Sse2 {
    fn ascii_16(block: &[u8; 16]) -> u32 {
        Vectors::ascii_16(block)
    }

    fn ascii(bytes: &[u8], at: usize) -> usize {
        scan_16::<true>(bytes, at)
    }

    fn plain(bytes: &[u8], at: usize) -> usize {
        scan_16::<false>(bytes, at)
    }

    fn digits_16(block: &[u8; 16]) -> u32 {
        Vectors::digits_16(block)
    }
}

/// Scans 32 bytes at a time, on a processor that can.
#[cfg(test)]
pub(in crate::value::json) enum Avx2 {}

#[cfg(test)]
impl Avx2 {
    fn scan<const ASCII: bool>(bytes: &[u8], at: usize) -> usize {
        assert!(is_x86_feature_detected!("avx2"), "a test asks for it before");
        // SAFETY: this processor has AVX2.
        unsafe { scan_32::<ASCII>(bytes, at) }
    }
}

// SAFETY: the same.
#[cfg(test)]
unsafe impl Scan for Avx2 {
    fn ascii_16(block: &[u8; 16]) -> u32 {
        Vectors::ascii_16(block)
    }

    fn ascii(bytes: &[u8], at: usize) -> usize {
        Self::scan::<true>(bytes, at)
    }

    fn plain(bytes: &[u8], at: usize) -> usize {
        Self::scan::<false>(bytes, at)
    }

    fn digits_16(block: &[u8; 16]) -> u32 {
        Vectors::digits_16(block)
    }
}

fn scan_16<const ASCII: bool>(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = window(bytes, at) {
        let found = found_16::<ASCII>(block);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 16;
    }
    last_16::<ASCII>(bytes, at)
}

/// The same for fewer than 16 bytes: they are looked at together with those before them, where there are such.
fn last_16<const ASCII: bool>(bytes: &[u8], at: usize) -> usize {
    let Some(block) = bytes.last_chunk() else { return Words::last::<ASCII>(bytes, at) };
    let start = bytes.len() - 16;
    match found_16::<ASCII>(block) >> (at - start) {
        0 => bytes.len(),
        found => at + found.trailing_zeros() as usize,
    }
}

#[target_feature(enable = "avx2")]
fn scan_32<const ASCII: bool>(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = window(bytes, at) {
        let found = found_32::<ASCII>(block);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 32;
    }
    scan_16::<ASCII>(bytes, at)
}

/// A bit for each byte that is looked for.
#[inline]
fn found_16<const ASCII: bool>(block: &[u8; 16]) -> u32 {
    // SAFETY: all processors of this family have SSE2.
    unsafe { bits_16::<ASCII>(block) }
}

#[target_feature(enable = "sse2")]
#[inline]
fn bits_16<const ASCII: bool>(block: &[u8; 16]) -> u32 {
    // SAFETY: 16 bytes lie there, and the load needs no alignment.
    let block: __m128i = unsafe { _mm_loadu_si128(block.as_ptr().cast()) };
    let quote = _mm_cmpeq_epi8(block, _mm_set1_epi8(b'"' as i8));
    let slash = _mm_cmpeq_epi8(block, _mm_set1_epi8(b'\\' as i8));
    let low = if ASCII {
        // Bytes that are not ASCII are negative.
        _mm_cmplt_epi8(block, _mm_set1_epi8(0x20))
    } else {
        _mm_cmpeq_epi8(block, _mm_min_epu8(block, _mm_set1_epi8(0x1f)))
    };
    _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), low)) as u32
}

#[target_feature(enable = "sse2")]
#[inline]
fn digit_bits(block: &[u8; 16]) -> u32 {
    // SAFETY: 16 bytes lie there, and the load needs no alignment.
    let block: __m128i = unsafe { _mm_loadu_si128(block.as_ptr().cast()) };
    // The ten digits become the highest ten numbers that a byte with a sign can be.
    let moved = _mm_add_epi8(block, _mm_set1_epi8((0x7f - b'9') as i8));
    _mm_movemask_epi8(_mm_cmpgt_epi8(moved, _mm_set1_epi8(0x7f - 10))) as u32
}

/// The same as [`bits_16`], twice as wide.
#[target_feature(enable = "avx2")]
#[inline]
fn found_32<const ASCII: bool>(block: &[u8; 32]) -> u32 {
    // SAFETY: 32 bytes lie there, and the load needs no alignment.
    let block: __m256i = unsafe { _mm256_loadu_si256(block.as_ptr().cast()) };
    let quote = _mm256_cmpeq_epi8(block, _mm256_set1_epi8(b'"' as i8));
    let slash = _mm256_cmpeq_epi8(block, _mm256_set1_epi8(b'\\' as i8));
    let low = if ASCII {
        _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), block)
    } else {
        _mm256_cmpeq_epi8(block, _mm256_min_epu8(block, _mm256_set1_epi8(0x1f)))
    };
    _mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(quote, slash), low)) as u32
}
