//! JSON text without the white space between its tokens. Numbers and strings stay letter for letter.

use super::{JsonError, text, validate};

/// Appends `text`, which must be one JSON value, to `out` as one line without line end. Nothing is appended when it is
/// not JSON.
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

/// One past the closing quote of the string that opens at `at`, in valid text.
fn string_end(text: &[u8], mut at: usize) -> usize {
    at += 1;
    loop {
        at += text::plain(&text[at..]);
        match text.get(at) {
            Some(b'\\') => at += 2,
            _ => return at + 1,
        }
    }
}
