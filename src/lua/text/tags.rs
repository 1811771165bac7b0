//! This module takes tags out of text in one pass. It works on any bytes; nothing is allocated but the result.

use memchr::{memchr, memchr2, memmem};

use super::entities::decode;

/// Appends the text of `bytes`, without tags, comments and the content of scripts and styles, and with its entities decoded.
/// `checkpoint` is asked at each of them, with how many there were, whether to go on.
pub(in crate::lua) fn strip_into<E>(
    bytes: &[u8],
    out: &mut Vec<u8>,
    checkpoint: &mut impl FnMut(usize) -> Result<(), E>,
) -> Result<(), E> {
    out.reserve(bytes.len());
    let (mut at, mut step) = (0, 0);
    while let Some(found) = memchr2(b'<', b'&', &bytes[at..]) {
        step += 1;
        checkpoint(step)?;
        out.extend_from_slice(&bytes[at..at + found]);
        at += found;
        if bytes[at] == b'&' {
            at += decode(&bytes[at..], out);
        } else if let Some(end) = markup_end(bytes, at) {
            at = end;
        } else if is_markup(&bytes[at..]) {
            // No tag can be closed from here on, so the rest is text: looking again at each `<` would be quadratic.
            return text_into(&bytes[at..], out, checkpoint);
        } else {
            out.push(b'<');
            at += 1;
        }
    }
    out.extend_from_slice(&bytes[at..]);
    Ok(())
}

/// Appends text in which `<` means nothing.
fn text_into<E>(
    mut bytes: &[u8],
    out: &mut Vec<u8>,
    checkpoint: &mut impl FnMut(usize) -> Result<(), E>,
) -> Result<(), E> {
    let mut step = 0;
    while let Some(at) = memchr(b'&', bytes) {
        step += 1;
        checkpoint(step)?;
        out.extend_from_slice(&bytes[..at]);
        bytes = &bytes[at..];
        bytes = &bytes[decode(bytes, out)..];
    }
    out.extend_from_slice(bytes);
    Ok(())
}

/// Whether a tag, a comment, a doctype or a processing instruction begins here, closed or not. Behind `</` that is always
/// so: what is no name is a comment there.
fn is_markup(bytes: &[u8]) -> bool {
    match bytes {
        [b'<', b'/'] => false,
        [b'<', b'/', ..] => true,
        [b'<', second, ..] => second.is_ascii_alphabetic() || matches!(second, b'!' | b'?'),
        _ => false,
    }
}

/// Where the markup that begins at `at` ends, content of scripts and styles included; `None` when none begins here or
/// it is never closed.
fn markup_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    if !is_markup(rest) {
        return None;
    }
    if rest.starts_with(b"<!--") {
        return Some(at + comment_len(rest));
    }
    // A comment by mistake. It ends at the first `>` or where the text ends, and `</>` is nothing.
    if matches!(rest[1], b'!' | b'?') || rest[1] == b'/' && !rest[2].is_ascii_alphabetic() {
        return Some(memchr(b'>', rest).map_or(bytes.len(), |end| at + end + 1));
    }
    let end = at + tag_len(rest)?;
    Some(match hidden_element(rest) {
        Some(name) => hidden_end(bytes, end, name),
        None => end,
    })
}

/// A comment that is never closed hides everything behind it, as in a browser.
fn comment_len(rest: &[u8]) -> usize {
    let body = &rest[4..];
    if body.starts_with(b">") {
        return 5;
    }
    if body.starts_with(b"->") {
        return 6;
    }
    let mut at = 0;
    // `--!>` ends one as well.
    while let Some(found) = memmem::find(&body[at..], b"--") {
        at += found;
        match body[at + 2..] {
            [b'>', ..] => return 4 + at + 3,
            [b'!', b'>', ..] => return 4 + at + 4,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Length of a tag up to its `>`. A `>` inside a quoted attribute value does not close it, unless the quote itself is
/// never closed.
fn tag_len(rest: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        let found = at + memchr2(b'>', b'=', &rest[at..])?;
        if rest[found] == b'>' {
            return Some(found + 1);
        }
        let value =
            found + 1 + rest[found + 1..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        at = match rest.get(value) {
            Some(&quote @ (b'"' | b'\'')) => match memchr(quote, &rest[value + 1..]) {
                Some(len) => value + 1 + len + 1,
                None => return memchr(b'>', &rest[value..]).map(|end| value + end + 1),
            },
            Some(_) => value,
            None => return None,
        };
    }
}

/// Elements whose content is code, not text.
const HIDDEN: [&[u8]; 2] = [b"script", b"style"];

/// Which of them the start tag at the start of `rest` opens.
fn hidden_element(rest: &[u8]) -> Option<&'static [u8]> {
    HIDDEN.into_iter().find(|name| opens(&rest[1..], name))
}

/// Whether a tag's name is `name`, in any case.
fn opens(after: &[u8], name: &[u8]) -> bool {
    after.len() > name.len()
        && after[..name.len()].eq_ignore_ascii_case(name)
        && matches!(after[name.len()], b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r' | 0x0C)
}

/// Where the end tag of a hidden element ends; without one the rest is hidden, as in a browser.
fn hidden_end(bytes: &[u8], mut at: usize, name: &[u8]) -> usize {
    while let Some(found) = memmem::find(&bytes[at..], b"</") {
        let after = at + found + 2;
        if opens(&bytes[after..], name) {
            return memchr(b'>', &bytes[after..]).map_or(bytes.len(), |end| after + end + 1);
        }
        at = after;
    }
    bytes.len()
}
