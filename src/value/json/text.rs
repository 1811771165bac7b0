//! This module reads strings: it finds their end quickly and resolves escapes. `write` prints them.

use super::cursor::JsonCursor;
use super::fault::JsonFault;

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// The high bit of every byte of `word` that is a quote, a backslash or a control character. Bits above the lowest one
/// set may be wrong (a borrow runs upwards), so only the lowest counts.
#[inline]
pub(super) fn special(word: u64) -> u64 {
    let quote = word ^ (ONES * 0x22);
    let slash = word ^ (ONES * 0x5c);
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    ((quote.wrapping_sub(ONES) & !quote) | (slash.wrapping_sub(ONES) & !slash) | control) & HIGHS
}

/// How many bytes stand before the first that cannot stand in a string as it is.
#[inline]
pub(super) fn plain(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(word) = bytes.get(at..at + 8) {
        let found = special(u64::from_le_bytes(word.try_into().expect("eight bytes")));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    bytes[at..]
        .iter()
        .position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
        .map_or(bytes.len(), |rest| at + rest)
}

/// Reads the string at hand, opening quote first. The text of it is borrowed where it has no escapes.
#[inline]
pub(super) fn string<'r>(reader: &'r mut JsonCursor<'_>) -> Result<&'r str, JsonFault> {
    let start = reader.at + 1;
    reader.at = start + plain(&reader.bytes[start..]);
    if reader.peek() == b'"' {
        reader.at += 1;
        return Ok(&reader.text[start..reader.at - 1]);
    }
    escaped(reader, start)
}

#[cold]
#[inline(never)]
fn escaped<'r>(reader: &'r mut JsonCursor<'_>, start: usize) -> Result<&'r str, JsonFault> {
    reader.scratch.clear();
    let mut from = start;
    loop {
        reader.scratch.push_str(&reader.text[from..reader.at]);
        match reader.bytes.get(reader.at) {
            Some(b'"') => break,
            Some(b'\\') => {
                let character = escape(reader)?;
                reader.scratch.push(character);
            }
            Some(_) => return Err(JsonFault::Control),
            None => return Err(JsonFault::Unterminated),
        }
        from = reader.at;
        reader.at += plain(&reader.bytes[from..]);
    }
    reader.at += 1;
    Ok(reader.scratch)
}

fn escape(reader: &mut JsonCursor<'_>) -> Result<char, JsonFault> {
    reader.at += 1;
    let character = match reader.peek() {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(reader),
        0 if reader.at == reader.bytes.len() => return Err(JsonFault::Unterminated),
        _ => return Err(JsonFault::Escape),
    };
    reader.at += 1;
    Ok(character)
}

/// `uXXXX`, or two of them for a character beyond the first plane.
fn unicode(reader: &mut JsonCursor<'_>) -> Result<char, JsonFault> {
    let start = reader.at;
    let high = hex(reader)?;
    let code = match high {
        0xd800..=0xdbff if reader.bytes[reader.at..].starts_with(b"\\u") => {
            reader.at += 1;
            let low = hex(reader)?;
            if (0xdc00..=0xdfff).contains(&low) {
                0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
            } else {
                high
            }
        }
        code => code,
    };
    char::from_u32(code).ok_or_else(|| {
        reader.at = start;
        JsonFault::Surrogate
    })
}

fn hex(reader: &mut JsonCursor<'_>) -> Result<u32, JsonFault> {
    let digits = reader.bytes.get(reader.at + 1..reader.at + 5).ok_or(JsonFault::Hex)?;
    let mut code = 0;
    for digit in digits {
        code = code * 16 + char::from(*digit).to_digit(16).ok_or(JsonFault::Hex)?;
    }
    reader.at += 5;
    Ok(code)
}
