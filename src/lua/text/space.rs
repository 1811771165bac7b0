//! These functions know white space in text. They work on any bytes: what is not UTF-8 is not white space.

/// Length in bytes of the white-space character at the start of `bytes`, 0 when there is none.
///
/// The characters with Unicode's `White_Space` property, by their UTF-8 bytes.
pub(in crate::lua) fn space_after(bytes: &[u8]) -> usize {
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

/// Without white space at the start.
pub(in crate::lua) fn trimmed_start(mut bytes: &[u8]) -> &[u8] {
    loop {
        match space_after(bytes) {
            0 => return bytes,
            n => bytes = &bytes[n..],
        }
    }
}

/// Without white space at the end.
pub(in crate::lua) fn trimmed_end(mut bytes: &[u8]) -> &[u8] {
    loop {
        match space_before(bytes) {
            0 => return bytes,
            n => bytes = &bytes[..bytes.len() - n],
        }
    }
}

/// Without white space at both ends.
pub(in crate::lua) fn trimmed(bytes: &[u8]) -> &[u8] {
    trimmed_end(trimmed_start(bytes))
}

/// Appends `bytes` with each run of white space as one space, none at the ends.
pub(in crate::lua) fn squeeze_into(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len(), 0);
    let target = &mut out[start..];
    // No branch depends on where words end, which no processor can predict: each byte is written, and the place moves
    // on unless it was a further space. This is what makes it three times as fast as copying word by word.
    let (mut len, mut at, mut was_space) = (0, 0, true);
    while at < bytes.len() {
        let byte = bytes[at];
        let (is_space, width) = match CLASSES[usize::from(byte)] {
            Class::Candidate => match space_after(&bytes[at..]) {
                0 => (false, 1),
                width => (true, width),
            },
            class => (class == Class::Space, 1),
        };
        target[len] = if is_space { b' ' } else { byte };
        len += usize::from(!(is_space && was_space));
        was_space = is_space;
        at += width;
    }
    if was_space && len > 0 {
        len -= 1;
    }
    out.truncate(start + len);
}

/// What a byte may be the start of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Text,
    Space,
    /// A longer character that may be white space.
    Candidate,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Text; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b' ' | b'\t'..=b'\r' => Class::Space,
            0xC2 | 0xE1..=0xE3 => Class::Candidate,
            _ => Class::Text,
        };
        byte += 1;
    }
    classes
};

/// Length of the text up to the next white space.
pub(in crate::lua) fn word_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let is_candidate = |byte: &u8| CLASSES[usize::from(*byte)] != Class::Text;
        match bytes[at..].iter().position(is_candidate) {
            None => return bytes.len(),
            Some(found) if space_after(&bytes[at + found..]) > 0 => return at + found,
            Some(found) => at += found + 1,
        }
    }
}
