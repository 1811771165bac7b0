//! A view is a text as it reads without its escapes, with the way back to where each byte stood. Escapes have many
//! spellings (`%2F`, `%2f`, or the character itself); reading them all is simpler, and surer, than listing what a
//! secret may become.

use std::ops::Range;

/// Escapes within escapes that are looked through: JSON in JSON, a query in a query.
const DEPTH_MAX: usize = 2;

/// A text without one kind of escapes.
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// Where each byte began in the text, and where the last one ended.
    starts: Vec<usize>,
}

impl View {
    /// The bytes of the text that these bytes of the view stand for.
    pub(super) fn origin(&self, range: &Range<usize>) -> Range<usize> {
        self.starts[range.start]..self.starts[range.end]
    }

    fn whole(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), starts: (0..=text.len()).collect() }
    }

    /// The same with escapes taken away by `read`: bytes at the beginning of a rest → what they stand for, how many they are.
    fn without(&self, read: impl Fn(&[u8]) -> Option<(Vec<u8>, usize)>) -> Option<Self> {
        let (mut bytes, mut starts) = (Vec::with_capacity(self.bytes.len()), Vec::new());
        let (mut at, mut changed) = (0, false);
        while let Some(byte) = self.bytes.get(at) {
            let length = if let Some((meant, length)) = read(&self.bytes[at..]) {
                changed = true;
                starts.extend(meant.iter().map(|_| self.starts[at]));
                bytes.extend(meant);
                length
            } else {
                starts.push(self.starts[at]);
                bytes.push(*byte);
                1
            };
            at += length;
        }
        starts.push(self.starts[self.bytes.len()]);
        changed.then_some(Self { bytes, starts })
    }
}

/// Every reading of `text` that has escapes in it. `plus`: a `+` may be a space.
pub(super) fn of(text: &str, plus: bool) -> Vec<View> {
    let is_escaped = |byte: &u8| *byte == b'%' || *byte == b'\\' || (plus && *byte == b'+');
    let mut views = Vec::new();
    if !text.as_bytes().iter().any(is_escaped) {
        return views;
    }
    let mut latest = vec![View::whole(text)];
    for _ in 0..DEPTH_MAX {
        let mut next = Vec::new();
        for view in &latest {
            next.extend(view.without(percent));
            next.extend(view.without(backslash));
            if plus {
                next.extend(view.without(|rest| match rest[0] {
                    b'+' => Some((vec![b' '], 1)),
                    _ => percent(rest),
                }));
            }
        }
        views.append(&mut latest);
        latest = next;
    }
    views.append(&mut latest);
    // The text itself is searched without a copy.
    views.remove(0);
    views
}

fn percent(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let digits = rest.strip_prefix(b"%")?.get(..2)?;
    Some((vec![hex(digits)? as u8], 3))
}

/// The escapes of JSON, and those of Lua's `%q` that are others.
fn backslash(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let escape = *rest.strip_prefix(b"\\")?.first()?;
    let byte = match escape {
        b'"' | b'\\' | b'/' | b'\'' | b'\n' => escape,
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => return unicode(rest),
        _ => return None,
    };
    Some((vec![byte], 2))
}

/// `\u00e9`, or two of them for a character beyond the first 65,536.
fn unicode(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let unit = |from: usize| {
        let digits = rest.get(from..from + 6)?.strip_prefix(b"\\u")?;
        hex(digits)
    };
    let first = unit(0)?;
    let (character, length) = match (first, unit(6)) {
        (0xd800..0xdc00, Some(second @ 0xdc00..0xe000)) => {
            (0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00), 12)
        }
        _ => (first, 6),
    };
    Some((char::from_u32(character)?.to_string().into_bytes(), length))
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
}
