//! This module writes the tokens of JSON text: strings and numbers. The callers write the structure around them.

use super::cursor::JsonCursor;
use super::scan::{self, Quickest};
use super::text;

/// Appends `text` in quotes, escaped. `false`, and nothing appended, when it is not UTF-8.
#[inline]
pub fn write_string(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let start = out.len();
    out.push(b'"');
    let mut from = 0;
    loop {
        let Some(end) = scan::plain_end::<Quickest>(bytes, from) else {
            out.truncate(start);
            return false;
        };
        out.extend_from_slice(&bytes[from..end]);
        match bytes.get(end) {
            None => break,
            Some(&byte) => escape(out, byte),
        }
        from = end + 1;
    }
    out.push(b'"');
    true
}

/// Appends a string in its quotes as [`write_string`] writes what it says; `false`, and something appended, where it is none. It
/// is known to be UTF-8.
pub fn rewrite_string(out: &mut Vec<u8>, quoted: &[u8]) -> bool {
    out.push(b'"');
    let mut scratch = String::new();
    let mut cursor: JsonCursor<'_> = JsonCursor::new(quoted, &mut scratch);
    let put = |out: &mut Vec<u8>, character: &[u8]| match character {
        [byte @ (b'"' | b'\\' | 0..0x20)] => escape(out, *byte),
        _ => out.extend_from_slice(character),
    };
    let whole = text::unescape(&mut cursor, out, put).is_ok();
    out.push(b'"');
    whole
}

/// A text in quotes, escaped.
pub fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    let known = write_string(&mut out, text.as_bytes());
    assert!(known, "a `str` is UTF-8");
    out
}

/// At most as many bytes as [`write_string`] appends for these, and at least a third of that.
pub fn written_len(bytes: &[u8]) -> usize {
    let length = |byte: &u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    bytes.iter().map(length).sum::<usize>() + 2
}

#[cold]
fn escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            out.extend_from_slice(b"\\u00");
            return push_hex(out, &[byte]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Appends bytes as hexadecimal digits, two for each.
pub fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.extend(bytes.iter().flat_map(|byte| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]));
}

/// Appends an integer.
#[inline]
pub fn write_integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends the shortest text that reads as `value` again, always recognisable as a float; `value` is finite.
#[inline]
pub fn write_float(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
}

/// Appends a number of Lua's: as an integer where it is a whole number that a float holds exactly, else as a float. `value` is
/// finite.
#[inline]
pub fn write_number(out: &mut Vec<u8>, value: f64) {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let whole = value as i64;
    if (whole as f64).to_bits() == value.to_bits() && value.abs() <= EXACT_MAX {
        write_integer(out, whole);
    } else {
        write_float(out, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn for_every_string_the_escaping_is_that_of_serde_json(text in ".*") {
            let mut out = Vec::new();
            prop_assert!(write_string(&mut out, text.as_bytes()));
            prop_assert_eq!(String::from_utf8(out).expect("utf-8"), serde_json::to_string(&text).expect("writes"));
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_refused() {
        let mut out = b"x".to_vec();
        for bytes in [
            &b"a\xffb"[..],
            b"a\nb\xc3\n\xa9",
            b"\xed\xa0\x80",
            "0123456789abcdef0123456789abcdef\u{e9}".as_bytes()[..33].as_ref(),
        ] {
            assert!(!write_string(&mut out, bytes), "{bytes:?}");
        }
        assert_eq!(out, b"x");
    }
}
