//! These tests compare each way to scan with a look at every byte, at every distance from the ends of a text.

use super::{Quickest, STRING_BYTES, Scan, Words, part, plain_end, short_string, text};
use proptest::prelude::*;

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Where the first byte is at or behind `at` of which `is` is true.
fn first(bytes: &[u8], at: usize, is: impl Fn(u8) -> bool) -> usize {
    (at..bytes.len()).find(|at| is(bytes[*at])).unwrap_or(bytes.len())
}

fn check_way<S: Scan>(bytes: &[u8], at: usize, way: &str) {
    let ascii = first(bytes, at, |byte| is_special(byte) || !byte.is_ascii());
    let plain = first(bytes, at, is_special);
    assert_eq!(S::ascii(bytes, at), ascii, "ASCII, {way}, from {at}: {bytes:?}");
    assert_eq!(S::plain(bytes, at), plain, "plain, {way}, from {at}: {bytes:?}");
    let stretch = std::str::from_utf8(&bytes[at..plain]).ok();
    assert_eq!(plain_end::<S>(bytes, at), stretch.map(|_| plain), "{way}, from {at}: {bytes:?}");
    assert_eq!(text::<S>(bytes, at).map(|found| found.text), stretch, "{way}, from {at}: {bytes:?}");
    if let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let found = S::ascii_16(block).trailing_zeros().min(16) as usize;
        assert_eq!(found, (ascii - at).min(16), "16 bytes, {way}: {block:?}");
        let digits: u32 = (0..16).map(|at| u32::from(block[at].is_ascii_digit()) << at).sum();
        assert_eq!(S::digits_16(block), digits, "digits, {way}: {block:?}");
    }
    if let Some(window) = bytes.get(at..).and_then(<[u8]>::first_chunk::<STRING_BYTES>) {
        let end = first(window, 1, |byte| is_special(byte) || !byte.is_ascii());
        let is_whole = window[0] == b'"' && end <= 33 && window[end] == b'"';
        let expect = is_whole.then(|| std::str::from_utf8(&window[1..end]).expect("ASCII"));
        assert_eq!(short_string::<S>(window), expect, "{way}: {window:?}");
    }
}

fn check(bytes: &[u8]) {
    for at in 0..=bytes.len() {
        check_way::<Words>(bytes, at, "words");
        check_way::<Quickest>(bytes, at, "the quickest");
        #[cfg(target_arch = "x86_64")]
        {
            check_way::<super::Sse2>(bytes, at, "SSE2");
            if is_x86_feature_detected!("avx2") {
                check_way::<super::Avx2>(bytes, at, "AVX2");
            }
        }
    }
}

#[test]
fn each_byte_is_known_at_each_place() {
    for byte in 0..=255 {
        for at in 0..16 {
            for other in [b'a', b'5', b'!', b'#', b'[', b']', b' ', 0x7f] {
                let mut block = [other; 16];
                block[at] = byte;
                check_way::<Words>(&block, 0, "words");
                check_way::<Quickest>(&block, 0, "the quickest");
            }
        }
    }
}

#[test]
fn whatever_is_not_utf8_is_found() {
    for first in 0x80..=255_u8 {
        for second in [0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff] {
            for third in [0x41, 0x7f, 0x80, 0xbf, 0xc0] {
                for bytes in [
                    vec![first, second, third, b'"'],
                    vec![b'a', first, second, third, 0x80, b'b'],
                    vec![first],
                    vec![first, second],
                    [&[b'x'; 37][..], &[first, second, third], &[b'y'; 20]].concat(),
                ] {
                    check_way::<Quickest>(&bytes, 0, "the quickest");
                    check_way::<Words>(&bytes, 0, "words");
                }
            }
        }
    }
}

#[test]
fn the_bytes_of_a_part_are_those_at_its_place() {
    assert_eq!(part::<2>(b"abcd", 2), b"cd");
}

proptest! {
    #[test]
    fn for_every_bytes_each_way_finds_the_same(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        check(&bytes);
    }

    #[test]
    fn for_every_text_each_way_finds_the_same(
        text in "[a-z0-9 ]{0,70}[\"\\\\\n\u{0}é€😀]?[a-z0-9]{0,70}[\"é]?[0-9]{0,20}"
    ) {
        check(text.as_bytes());
    }
}
