//! Texts that a program makes on its way: they lie in one buffer, one behind the other, and end with the item.

use super::value::Value;
use crate::lua::script::{TextChange, TextTest};
use crate::lua::text;
use crate::value::json;

/// Bytes that the texts of one item may have. What is longer is left to Lua, whose memory is watched.
const BYTES_MAX: usize = 1 << 20;

/// The texts of one item.
#[derive(Debug, Default)]
pub(super) struct MadeTexts {
    bytes: Vec<u8>,
    /// The one that is being made.
    next: Vec<u8>,
    scratch: String,
}

impl MadeTexts {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The bytes of a text; `None` for any other value.
    #[inline]
    pub(super) fn bytes<'t>(&'t self, value: Value<'t>) -> Option<&'t [u8]> {
        match value {
            Value::Text(text) => Some(text),
            Value::Made(start, end) => Some(&self.bytes[start as usize..end as usize]),
            _ => None,
        }
    }

    /// The text that a string with escapes stands for.
    pub(super) fn unescaped<'v>(&mut self, quoted: &[u8]) -> Value<'v> {
        let start = self.bytes.len() as u32;
        json::unquote_into(quoted, &mut self.bytes, &mut self.scratch);
        Value::Made(start, self.bytes.len() as u32)
    }

    /// Another text made of one. `None`: it is none, or too long.
    pub(super) fn change<'v>(&mut self, change: TextChange, value: Value<'v>) -> Option<Value<'v>> {
        self.make(|texts, next| {
            changed(change, texts.bytes(value)?, next);
            Some(())
        })
    }

    /// One text behind another. `None`: one of them is none, or they are too long.
    pub(super) fn concatenate<'v>(&mut self, left: Value<'v>, right: Value<'v>) -> Option<Value<'v>> {
        self.make(|texts, next| {
            next.extend_from_slice(texts.bytes(left)?);
            next.extend_from_slice(texts.bytes(right)?);
            Some(())
        })
    }

    /// What is made may be made of texts that lie here, so it comes behind them only when it is whole.
    fn make<'v>(&mut self, fill: impl FnOnce(&Self, &mut Vec<u8>) -> Option<()>) -> Option<Value<'v>> {
        let mut next = std::mem::take(&mut self.next);
        next.clear();
        let filled = fill(self, &mut next);
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(&next);
        self.next = next;
        filled.filter(|()| self.bytes.len() <= BYTES_MAX)?;
        Some(Value::Made(start, self.bytes.len() as u32))
    }
}

/// Appends what a function makes of a text.
fn changed(change: TextChange, from: &[u8], out: &mut Vec<u8>) {
    match change {
        TextChange::Strip => {
            // Items that come here are short.
            let Ok(()) = text::strip_into(from, out, &mut |_| Ok::<(), std::convert::Infallible>(()));
        }
        TextChange::Squeeze => text::squeeze_into(from, out),
        TextChange::Trim => out.extend_from_slice(text::trimmed(from)),
        TextChange::TrimStart => out.extend_from_slice(text::trimmed_start(from)),
        TextChange::TrimEnd => out.extend_from_slice(text::trimmed_end(from)),
        TextChange::Lower => {
            out.extend_from_slice(from);
            out.make_ascii_lowercase();
        }
        TextChange::Upper => {
            out.extend_from_slice(from);
            out.make_ascii_uppercase();
        }
    }
}

/// What a function says of two texts.
pub(super) fn holds(test: TextTest, whole: &[u8], part: &[u8]) -> bool {
    match test {
        TextTest::Contains => memchr::memmem::find(whole, part).is_some(),
        TextTest::StartsWith => whole.starts_with(part),
        TextTest::EndsWith => whole.ends_with(part),
    }
}
