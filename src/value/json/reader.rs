//! This module holds the grammar: it turns text into calls of a [`Sink`]. Modules of their own read numbers and
//! strings.

use super::cursor::JsonCursor;
use super::fault::{DEPTH_MAX, JsonError, JsonFault};
use super::scan::{Quickest, Scan};
use super::{number, text};

/// Takes what is read, in the order of the text.
///
/// Implementations may be left in the middle of a value, by an error in the text or (on Lua's stack) by an exception
/// of the interpreter: the reader keeps nothing that would have to be tidied up.
pub trait Sink {
    /// What the sink wants to remember of a container until its end.
    type Mark: Copy + Default;

    /// `null`
    fn null(&mut self) {}
    /// `true` or `false`
    fn boolean(&mut self, _value: bool) {}
    /// A number without fraction and exponent.
    fn integer(&mut self, _value: i64) {}
    /// Any other number, and `-0`; with its text, unless that is surely what [`write_float`](super::write_float) writes.
    fn float(&mut self, _value: f64, _text: Option<&[u8]>) {}
    /// A string, escapes resolved.
    fn string(&mut self, _value: &str) {}
    /// `[`
    fn begin_array(&mut self) -> Self::Mark {
        Self::Mark::default()
    }
    /// The array has `count` elements by now.
    fn element(&mut self, _mark: Self::Mark, _count: usize) {}
    /// `]` behind `count` elements.
    fn end_array(&mut self, _mark: Self::Mark, _count: usize) {}
    /// `{`
    fn begin_object(&mut self) -> Self::Mark {
        Self::Mark::default()
    }
    /// Asked before each key: when the text at hand, `rest`, begins with the key that the sink expects, quotes and colon
    /// included, the length of that, and what [`Sink::key`] would answer.
    fn expect(&mut self, _rest: &[u8]) -> Option<(usize, bool)> {
        None
    }
    /// A key, escapes resolved. `false`: its value is read, checked and thrown away, and counts for nothing.
    fn key(&mut self, _key: &str) -> bool {
        true
    }
    /// The object has `count` wanted entries by now.
    fn entry(&mut self, _mark: Self::Mark, _count: usize) {}
    /// `}` behind `count` wanted entries.
    fn end_object(&mut self, _mark: Self::Mark, _count: usize) {}
}

/// Reads `text` as exactly one JSON value with optional white space around it. `scratch` is working space for strings
/// with escapes; it lives outside so that reading many small texts allocates nothing.
///
/// # Errors
/// Fails at the first byte that does not fit, or where the text is not UTF-8; the sink has taken what stood before it by then.
pub fn read<S: Sink>(text: &[u8], scratch: &mut String, sink: &mut S) -> Result<(), JsonError> {
    JsonCursor::<Quickest>::new(text, scratch).whole(|cursor| cursor.value(sink, 0))
}

/// Whether `text` is exactly one JSON value (white space around it allowed) that flowrun can carry.
///
/// # Errors
/// Fails when `text` is no such value, and says where and why.
pub fn validate(text: &[u8]) -> Result<(), JsonError> {
    JsonCursor::<Quickest>::new(text, &mut String::new()).whole(|cursor| cursor.skip(0))
}

impl<T: Scan> JsonCursor<'_, T> {
    /// Reads the whole text, of which `value` reads the one value.
    pub(super) fn whole(
        mut self,
        value: impl FnOnce(&mut Self) -> Result<(), JsonFault>,
    ) -> Result<(), JsonError> {
        self.space();
        let read = value(&mut self).and_then(|()| match self.token() {
            _ if self.at == self.bytes.len() => Ok(()),
            _ => Err(JsonFault::Trailing),
        });
        read.map_err(|fault| fault.explain(self.bytes, self.at))
    }

    /// Reads the value at hand, which lies in `depth` others.
    #[expect(
        clippy::inline_always,
        reason = "most values are short, and a call takes as long as reading them"
    )]
    #[inline(always)]
    pub(super) fn value<S: Sink>(&mut self, sink: &mut S, depth: usize) -> Result<(), JsonFault> {
        match self.peek() {
            b'"' => {
                let value = text::string(self)?;
                sink.string(value);
                Ok(())
            }
            b'-' | b'0'..=b'9' => {
                let start = self.at;
                match number::number(self)? {
                    number::Number::Integer(value) => sink.integer(value),
                    number::Number::Shortest(value) => sink.float(value, None),
                    number::Number::Float(value) => sink.float(value, Some(&self.bytes[start..self.at])),
                }
                Ok(())
            }
            b'{' => self.object(sink, depth),
            b'[' => self.array(sink, depth),
            b't' => self.word(b"true").map(|()| sink.boolean(true)),
            b'f' => self.word(b"false").map(|()| sink.boolean(false)),
            b'n' => self.word(b"null").map(|()| sink.null()),
            _ => Err(JsonFault::Value),
        }
    }

    #[inline]
    pub(super) fn word(&mut self, word: &[u8]) -> Result<(), JsonFault> {
        if self.bytes[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(JsonFault::Value)
        }
    }

    #[inline(never)]
    fn array<S: Sink>(&mut self, sink: &mut S, depth: usize) -> Result<(), JsonFault> {
        self.enter(depth)?;
        let mark = sink.begin_array();
        let mut count = 0;
        if self.token() != b']' {
            loop {
                self.value(sink, depth + 1)?;
                count += 1;
                sink.element(mark, count);
                if !self.goes_on(b']', JsonFault::ArrayEnd)? {
                    break;
                }
            }
        }
        self.at += 1;
        sink.end_array(mark, count);
        Ok(())
    }

    #[inline(never)]
    fn object<S: Sink>(&mut self, sink: &mut S, depth: usize) -> Result<(), JsonFault> {
        self.enter(depth)?;
        let mark = sink.begin_object();
        let mut count = 0;
        if self.token() != b'}' {
            loop {
                let wanted = match sink.expect(&self.bytes[self.at..]) {
                    Some((len, wanted)) => {
                        self.at += len;
                        wanted
                    }
                    None => self.key(sink)?,
                };
                self.token();
                if wanted {
                    self.value(sink, depth + 1)?;
                    count += 1;
                    sink.entry(mark, count);
                } else {
                    self.skip(depth + 1)?;
                }
                if !self.goes_on(b'}', JsonFault::ObjectEnd)? {
                    break;
                }
            }
        }
        self.at += 1;
        sink.end_object(mark, count);
        Ok(())
    }

    /// Steps into the container at hand, which lies in `depth` others.
    #[inline]
    pub(super) fn enter(&mut self, depth: usize) -> Result<(), JsonFault> {
        if depth == DEPTH_MAX {
            return Err(JsonFault::Depth);
        }
        self.at += 1;
        Ok(())
    }

    /// Goes on to the next entry behind one of a container that ends with `end`; `false` at that end, which is not passed.
    #[inline]
    pub(super) fn goes_on(&mut self, end: u8, or: JsonFault) -> Result<bool, JsonFault> {
        match self.token() {
            b',' => {
                self.at += 1;
                self.token();
                Ok(true)
            }
            byte if byte == end => Ok(false),
            _ => Err(or),
        }
    }

    #[inline]
    fn key<S: Sink>(&mut self, sink: &mut S) -> Result<bool, JsonFault> {
        if self.peek() != b'"' {
            return Err(JsonFault::Key);
        }
        let wanted = sink.key(text::string(self)?);
        self.colon()?;
        Ok(wanted)
    }

    /// Passes the colon behind a key.
    #[inline]
    pub(super) fn colon(&mut self) -> Result<(), JsonFault> {
        if self.token() != b':' {
            return Err(JsonFault::Colon);
        }
        self.at += 1;
        Ok(())
    }
}
