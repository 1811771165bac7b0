//! This module reads strings: it finds their end quickly and resolves escapes. `write` prints them.

use super::cursor::JsonCursor;
use super::fault::JsonFault;
use super::scan::{self, Quickest, Scan, Stretch};

/// Where the first byte is, at or behind `at`, that cannot stand in a string as it is; the end, if there is none.
#[inline]
pub(super) fn plain_end(bytes: &[u8], at: usize) -> usize {
    Quickest::plain(bytes, at)
}

/// Reads the string at hand, opening quote first. The text of it is borrowed where it has no escapes.
#[inline]
pub(super) fn string<'r, S: Scan>(reader: &'r mut JsonCursor<'_, S>) -> Result<&'r str, JsonFault> {
    let bytes = reader.bytes;
    match scan::window(bytes, reader.at).and_then(scan::short_string::<S>) {
        Some(text) => {
            reader.at += text.len() + 2;
            Ok(text)
        }
        None => any_string(reader),
    }
}

#[inline(never)]
fn any_string<'r, S: Scan>(reader: &'r mut JsonCursor<'_, S>) -> Result<&'r str, JsonFault> {
    let Some(Stretch { text, end }) = scan::text::<S>(reader.bytes, reader.at + 1) else {
        return Err(JsonFault::NotUtf8);
    };
    reader.at = end;
    if reader.peek() == b'"' {
        reader.at += 1;
        return Ok(text);
    }
    escaped(reader, text)
}

/// The same, of which `text` is known.
#[cold]
#[inline(never)]
fn escaped<'r, S: Scan>(reader: &'r mut JsonCursor<'_, S>, text: &str) -> Result<&'r str, JsonFault> {
    reader.scratch.clear();
    reader.scratch.push_str(text);
    while reader.peek() != b'"' {
        let character = special(reader)?;
        reader.scratch.push(character);
        let Some(Stretch { text, end }) = scan::text::<S>(reader.bytes, reader.at) else {
            return Err(JsonFault::NotUtf8);
        };
        reader.at = end;
        reader.scratch.push_str(text);
    }
    reader.at += 1;
    Ok(reader.scratch)
}

/// Appends what the string at hand says to `out`, and passes it. It is known to be UTF-8. What stands for each escape is put
/// there by `put`.
pub(super) fn unescape<S: Scan>(
    reader: &mut JsonCursor<'_, S>,
    out: &mut Vec<u8>,
    put: impl Fn(&mut Vec<u8>, &[u8]),
) -> Result<(), JsonFault> {
    reader.at += 1;
    loop {
        let start = reader.at;
        reader.at = S::plain(reader.bytes, start);
        out.extend_from_slice(&reader.bytes[start..reader.at]);
        if reader.peek() == b'"' {
            reader.at += 1;
            return Ok(());
        }
        let next = reader.bytes.get(reader.at + 1).filter(|_| reader.peek() == b'\\');
        match next.map_or(0, |byte| SHORT[usize::from(*byte)]) {
            0 => put(out, special(reader)?.encode_utf8(&mut [0; 4]).as_bytes()),
            byte => {
                put(out, &[byte]);
                reader.at += 2;
            }
        }
    }
}

/// What stands for a character behind a backslash; 0 for those that need more looking at.
const SHORT: [u8; 256] = {
    let mut short = [0; 256];
    short[b'"' as usize] = b'"';
    short[b'\\' as usize] = b'\\';
    short[b'/' as usize] = b'/';
    short[b'b' as usize] = 0x08;
    short[b'f' as usize] = 0x0c;
    short[b'n' as usize] = b'\n';
    short[b'r' as usize] = b'\r';
    short[b't' as usize] = b'\t';
    short
};

/// Passes the string at hand, which is checked as if it were read.
pub(super) fn skip<S: Scan>(reader: &mut JsonCursor<'_, S>) -> Result<(), JsonFault> {
    reader.at += 1;
    loop {
        reader.at = scan::plain_end::<S>(reader.bytes, reader.at).ok_or(JsonFault::NotUtf8)?;
        if reader.peek() == b'"' {
            reader.at += 1;
            return Ok(());
        }
        special(reader)?;
    }
}

/// What stands here for one character that cannot stand in a string as it is, and is no quote.
#[inline]
fn special<S: Scan>(reader: &mut JsonCursor<'_, S>) -> Result<char, JsonFault> {
    match reader.bytes.get(reader.at) {
        Some(b'\\') => escape(reader),
        Some(_) => Err(JsonFault::Control),
        None => Err(JsonFault::Unterminated),
    }
}

fn escape<S: Scan>(reader: &mut JsonCursor<'_, S>) -> Result<char, JsonFault> {
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
fn unicode<S: Scan>(reader: &mut JsonCursor<'_, S>) -> Result<char, JsonFault> {
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

fn hex<S: Scan>(reader: &mut JsonCursor<'_, S>) -> Result<u32, JsonFault> {
    let digits = reader.bytes.get(reader.at + 1..reader.at + 5).ok_or(JsonFault::Hex)?;
    let mut code = 0;
    for digit in digits {
        code = code * 16 + char::from(*digit).to_digit(16).ok_or(JsonFault::Hex)?;
    }
    reader.at += 5;
    Ok(code)
}
