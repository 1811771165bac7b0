//! White space at the ends of text and inside it. Works on any bytes: what is not UTF-8 is not white space.

use mlua::Value;

use crate::lua::host::call::Call;

/// Length in bytes of the white-space character at the start of `bytes`, 0 when there is none.
///
/// The characters with Unicode's `White_Space` property, by their UTF-8 bytes.
pub(super) fn space_after(bytes: &[u8]) -> usize {
    match *bytes {
        [b' ' | b'\t'..=b'\r', ..] => 1,
        [0xC2, 0x85 | 0xA0, ..] => 2,
        [0xE1, 0x9A, 0x80, ..]
        | [0xE2, 0x80, 0x80..=0x8A | 0xA8 | 0xA9 | 0xAF, ..]
        | [0xE2, 0x81, 0x9F, ..]
        | [0xE3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// Length in bytes of the white-space character at the end of `bytes`, 0 when there is none.
fn space_before(bytes: &[u8]) -> usize {
    // A complete character of n bytes at the end is found by looking n bytes back: UTF-8 synchronizes itself.
    (1..=bytes.len().min(3)).find(|&n| space_after(&bytes[bytes.len() - n..]) == n).unwrap_or(0)
}

fn trimmed_start(mut bytes: &[u8]) -> &[u8] {
    loop {
        match space_after(bytes) {
            0 => return bytes,
            n => bytes = &bytes[n..],
        }
    }
}

fn trimmed_end(mut bytes: &[u8]) -> &[u8] {
    loop {
        match space_before(bytes) {
            0 => return bytes,
            n => bytes = &bytes[..bytes.len() - n],
        }
    }
}

/// Without white space at both ends.
pub(super) fn trimmed(bytes: &[u8]) -> &[u8] {
    trimmed_end(trimmed_start(bytes))
}

/// `str.trim`
pub(super) fn trim(call: &Call<'_>, s: Value) -> mlua::Result<Value> {
    cut(call, s, trimmed)
}

/// `str.ltrim`
pub(super) fn ltrim(call: &Call<'_>, s: Value) -> mlua::Result<Value> {
    cut(call, s, trimmed_start)
}

/// `str.rtrim`
pub(super) fn rtrim(call: &Call<'_>, s: Value) -> mlua::Result<Value> {
    cut(call, s, trimmed_end)
}

fn cut(call: &Call<'_>, s: Value, part: fn(&[u8]) -> &[u8]) -> mlua::Result<Value> {
    let bytes = call.bytes(1, &s)?;
    let kept = part(&bytes);
    if kept.len() == bytes.len() { Ok(s) } else { call.new_string(kept) }
}

/// `str.squeeze`
pub(super) fn squeeze(call: &Call<'_>, s: Value) -> mlua::Result<Value> {
    let bytes = call.bytes(1, &s)?;
    call.build(|out| {
        squeeze_into(&bytes, out);
        Ok(())
    })
}

/// Appends `bytes` with each run of white space as one space, none at the ends.
pub(super) fn squeeze_into(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = trimmed_start(bytes);
    out.reserve(rest.len());
    while !rest.is_empty() {
        let word = word_len(rest);
        out.extend_from_slice(&rest[..word]);
        rest = trimmed_start(&rest[word..]);
        if !rest.is_empty() {
            out.push(b' ');
        }
    }
}

/// Length of the text up to the next white space.
pub(super) fn word_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        // Only these bytes can begin a white-space character; all others are skipped without decoding.
        let is_candidate = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r' | 0xC2 | 0xE1..=0xE3);
        match bytes[at..].iter().position(is_candidate) {
            None => return bytes.len(),
            Some(found) if space_after(&bytes[at + found..]) > 0 => return at + found,
            Some(found) => at += found + 1,
        }
    }
}
