//! This module cuts the tags of a template into tokens, as the engine cuts them: enough to see how deep they nest and
//! where values get a name. Text that the engine refuses may be cut in any way.

use memchr::memmem;

/// What one token of a tag is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagTokenKind {
    /// `(`, `[` or `{`.
    Open,
    Close,
    /// `,` or `:`.
    Split,
    /// `=`.
    Assign,
    /// `|`.
    Pipe,
    /// `.`.
    Dot,
    /// Any other sign.
    Sign,
    Word,
    /// A text in quotes, or a number.
    Literal,
}

/// A token and where it lies in the source.
#[derive(Debug, Clone, Copy)]
pub(super) struct TagToken {
    pub(super) kind: TagTokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What stands between `{{` and `}}`, or between `{%` and `%}`.
#[derive(Debug, Default)]
pub(super) struct Tag {
    pub(super) is_block: bool,
    pub(super) tokens: Vec<TagToken>,
    /// Where what follows it begins; 0 when it is never closed.
    pub(super) end: usize,
    /// Whether it takes the space behind it away, with `-%}`.
    pub(super) trims: bool,
}

/// The tags of a source in their order. One that is never closed is the last one.
pub(super) struct Tags<'a> {
    source: &'a str,
    at: usize,
    /// Brackets that are open; the engine never starts counting again.
    open: isize,
}

impl<'a> Tags<'a> {
    pub(super) fn of(source: &'a str) -> Self {
        Self { source, at: 0, open: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        &self.source.as_bytes()[self.at..]
    }

    /// Goes behind the next `needle`; behind everything when there is none.
    fn skip(&mut self, needle: &str) {
        let found = memmem::find(self.rest(), needle.as_bytes());
        self.at = found.map_or(self.source.len(), |found| self.at + found + needle.len());
    }

    /// Goes behind a raw block whose start tag ends at `end`.
    fn skip_raw(&mut self, end: usize) {
        self.at = end;
        while self.at < self.source.len() {
            self.skip("{%");
            if let Some(len) = basic_tag(self.rest(), b"endraw", true) {
                self.at += len;
                return;
            }
        }
    }

    /// Reads the tag that begins here, up to and with its end.
    fn tag(&mut self, is_block: bool) -> Tag {
        let mut tag = Tag { is_block, ..Tag::default() };
        let end: &[u8] = if is_block { b"%}" } else { b"}}" };
        loop {
            let rest = self.rest();
            let Some(&first) = rest.first() else { return tag };
            if first.is_ascii_whitespace() {
                self.at += 1;
                continue;
            }
            if self.open == 0 {
                let signed = usize::from(matches!(first, b'-' | b'+'));
                if rest[signed..].starts_with(end) {
                    self.at += signed + end.len();
                    (tag.end, tag.trims) = (self.at, first == b'-');
                    return tag;
                }
            }
            let (kind, len) = token(rest);
            self.open += match kind {
                TagTokenKind::Open => 1,
                TagTokenKind::Close => -1,
                _ => 0,
            };
            tag.tokens.push(TagToken { kind, start: self.at, end: self.at + len });
            self.at += len;
        }
    }
}

impl Iterator for Tags<'_> {
    type Item = Tag;

    fn next(&mut self) -> Option<Tag> {
        loop {
            self.at += memchr::memchr(b'{', self.rest())?;
            let rest = self.rest();
            let is_block = match rest.get(1) {
                Some(b'{') => false,
                Some(b'%') => true,
                Some(b'#') => {
                    self.at += 2;
                    self.skip("#}");
                    continue;
                }
                _ => {
                    self.at += 1;
                    continue;
                }
            };
            let signed = usize::from(matches!(rest.get(2), Some(b'-' | b'+')));
            self.at += 2 + signed;
            if is_block && let Some(len) = basic_tag(self.rest(), b"raw", false) {
                self.skip_raw(self.at + len);
                continue;
            }
            return Some(self.tag(is_block));
        }
    }
}

/// Length of a tag that is nothing but this name, up to and with its end.
fn basic_tag(rest: &[u8], name: &[u8], signed: bool) -> Option<usize> {
    let sign = |at: usize| usize::from(matches!(rest.get(at), Some(b'-' | b'+')));
    let space = |at: usize| rest[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let mut at = if signed { sign(0) } else { 0 };
    at += space(at);
    at += rest[at..].starts_with(name).then_some(name.len())?;
    at += space(at);
    at += sign(at);
    rest[at..].starts_with(b"%}").then_some(at + 2)
}

/// The token at the start of `rest`, which is not empty, and its length.
fn token(rest: &[u8]) -> (TagTokenKind, usize) {
    if let Some(b"//" | b"**" | b"==" | b"!=" | b">=" | b"<=") = rest.get(..2) {
        return (TagTokenKind::Sign, 2);
    }
    match rest[0] {
        b'(' | b'[' | b'{' => (TagTokenKind::Open, 1),
        b')' | b']' | b'}' => (TagTokenKind::Close, 1),
        b',' | b':' => (TagTokenKind::Split, 1),
        b'=' => (TagTokenKind::Assign, 1),
        b'|' => (TagTokenKind::Pipe, 1),
        b'.' => (TagTokenKind::Dot, 1),
        quote @ (b'"' | b'\'') => (TagTokenKind::Literal, quoted_len(rest, quote)),
        b'0'..=b'9' => (TagTokenKind::Literal, number_len(rest)),
        first if is_word(first) => {
            (TagTokenKind::Word, rest.iter().take_while(|byte| is_word(**byte)).count())
        }
        _ => (TagTokenKind::Sign, 1),
    }
}

/// A character that is no ASCII is in no name, and the engine refuses it; here it must not be cut.
fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Length of a number up to its point. A word may follow it without a space.
fn number_len(rest: &[u8]) -> usize {
    let digits = |at: usize, is_digit: fn(&u8) -> bool| {
        let rest = rest.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| is_digit(byte) || **byte == b'_').count()
    };
    match rest.get(..2) {
        Some(b"0x" | b"0X") => return digits(2, u8::is_ascii_hexdigit),
        Some(b"0b" | b"0B" | b"0o" | b"0O") => return digits(2, u8::is_ascii_digit),
        _ => {}
    }
    let len = digits(0, u8::is_ascii_digit);
    match rest.get(len) {
        Some(b'e' | b'E') => {
            let signed = usize::from(matches!(rest.get(len + 1), Some(b'-' | b'+')));
            digits(len + 1 + signed, u8::is_ascii_digit)
        }
        _ => len,
    }
}

/// Length of a text in quotes, both included; up to the end when it is never closed.
fn quoted_len(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    loop {
        match memchr::memchr2(quote, b'\\', &rest[at..]) {
            None => return rest.len(),
            Some(found) if rest[at + found] == quote => return at + found + 1,
            Some(found) => at = (at + found + 2).min(rest.len()),
        }
    }
}
