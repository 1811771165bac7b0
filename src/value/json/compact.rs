//! This module writes JSON text without the white space between its tokens. Numbers and strings stay letter for
//! letter.

use super::{JsonError, text, validate};

/// Appends `text`, which must be one JSON value, to `out` as one line without line end. Nothing is appended when it is
/// not JSON.
///
/// # Errors
/// Fails when `text` is not exactly one JSON value.
pub fn compact(text: &[u8], out: &mut Vec<u8>) -> Result<(), JsonError> {
    validate(text)?;
    out.reserve(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let end = match byte {
            b' ' | b'\n' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b'"' => string_end(text, at),
            _ => at + 1,
        };
        out.extend_from_slice(&text[at..end]);
        at = end;
    }
    Ok(())
}

/// Appends an item's text on one line, without the white space around it and otherwise as it is, unless it has line ends.
#[inline]
pub fn on_one_line(text: &[u8], out: &mut Vec<u8>) {
    let text = text.trim_ascii();
    if memchr::memchr2(b'\n', b'\r', text).is_none() || compact(text, out).is_err() {
        out.extend_from_slice(text);
    }
}

/// The same, where it is to be read only: the text itself, unless it has line ends. `room` is only room for it.
#[inline]
pub fn one_line<'t>(text: &'t [u8], room: &'t mut Vec<u8>) -> &'t [u8] {
    let text = text.trim_ascii();
    if memchr::memchr2(b'\n', b'\r', text).is_none() {
        return text;
    }
    room.clear();
    on_one_line(text, room);
    room
}

/// One past the closing quote of the string that opens at `at`, in valid text.
fn string_end(text: &[u8], mut at: usize) -> usize {
    at += 1;
    loop {
        at = text::plain_end(text, at);
        match text.get(at) {
            Some(b'\\') => at += 2,
            _ => return at + 1,
        }
    }
}

/// Appends `text`, which must be valid and compact, with one entry a line and two spaces for each level.
pub fn pretty(text: &[u8], out: &mut Vec<u8>) {
    let _ = pretty_within(text, out, usize::MAX);
}

/// Does so as long as `out` has at most `max` bytes; `false`, and an incomplete text appended, when it needs more. Where
/// much is nested deep, the text is a thousand times as long as before.
pub fn pretty_within(text: &[u8], out: &mut Vec<u8>, max: usize) -> bool {
    let mut depth = 0;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let next = text.get(at + 1).copied();
        let mut end = at + 1;
        match byte {
            b'"' => {
                end = string_end(text, at);
                out.extend_from_slice(&text[at..end]);
            }
            b'{' | b'[' if matches!(next, Some(b'}' | b']')) => {
                end += 1;
                out.extend_from_slice(&text[at..end]);
            }
            b'{' | b'[' => {
                depth += 1;
                out.push(byte);
                new_line(out, depth);
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                new_line(out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => out.push(byte),
        }
        at = end;
        if out.len() > max {
            return false;
        }
    }
    true
}

fn new_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pretty_is_that_of_serde_json() {
        let text = r#"{"a":[1,{"b":[]},{}],"c:{":"x,y\"","d":null}"#;
        let mut out = Vec::new();
        pretty(text.as_bytes(), &mut out);
        let value: serde_json::Value = serde_json::from_str(text).expect("valid");
        assert_eq!(String::from_utf8_lossy(&out), serde_json::to_string_pretty(&value).expect("writes"));
    }
}
