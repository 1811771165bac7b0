//! A mask finds secrets in text, in the forms that they take on their way into messages, and puts `***` in their
//! place.
//!
//! The other floors apply it where they make text that people read. Without secrets nothing is searched or copied.

mod patterns;
mod views;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use self::patterns::Patterns;
pub use self::patterns::WHOLE_BELOW;
use super::json::to_value;

/// What stands in the place of a secret.
const STARS: &str = "***";

/// Finds the secrets of a run in text and puts `***` in their place. Cloning it costs nothing.
#[derive(Clone, Default)]
pub struct Mask(Option<Arc<Patterns>>);

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Mask(***)" } else { "Mask" })
    }
}

impl Mask {
    /// Finds these values. Empty ones are in every text and therefore no secrets.
    pub fn new<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        Self(Patterns::of(values).map(Arc::new))
    }

    /// Whether there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The text without secrets: as they are, in base64 (also as a part of something longer), in hexadecimal, percent-encoded
    /// and with the escapes of JSON.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(patterns) = &self.0 else { return Cow::Borrowed(text) };
        let mut found = Vec::new();
        patterns.find(text.as_bytes(), &mut |range| found.push(range));
        for view in views::of(text, patterns.has_space()) {
            patterns.find(&view.bytes, &mut |range| found.push(view.origin(&range)));
        }
        if found.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(covered(text, found)) }
    }

    /// Whether there is a secret in these bytes, in one of those forms.
    pub fn finds_in(&self, bytes: &[u8]) -> bool {
        // What is no text is no part of a secret, which is one.
        !self.is_empty() && matches!(self.text(&String::from_utf8_lossy(bytes)), Cow::Owned(_))
    }

    /// The same for text that is owned.
    pub fn owned(&self, text: String) -> String {
        match self.text(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(masked) => masked,
        }
    }

    /// The same for text that is shared.
    pub fn shared(&self, text: &Arc<str>) -> Arc<str> {
        match self.text(text) {
            Cow::Borrowed(_) => Arc::clone(text),
            Cow::Owned(masked) => masked.into(),
        }
    }

    /// The JSON text without secrets; it stays JSON. A number that is a secret becomes a string.
    pub fn json<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.0.is_none() {
            return Cow::Borrowed(text);
        }
        match to_value(text.as_bytes()) {
            Ok(value) => match self.value(&value) {
                Some(masked) => Cow::Owned(masked.to_string()),
                None => Cow::Borrowed(text),
            },
            Err(_) => self.text(text),
        }
    }

    /// The value without secrets; `None`: it has none.
    pub fn value(&self, value: &Value) -> Option<Value> {
        let changed = |text: &str| match self.text(text) {
            Cow::Owned(masked) => Some(masked),
            Cow::Borrowed(_) => None,
        };
        match value {
            Value::Null | Value::Bool(_) => None,
            Value::Number(number) => changed(&number.to_string()).map(Value::String),
            Value::String(text) => changed(text).map(Value::String),
            Value::Array(list) => {
                let masked: Vec<Option<Value>> = list.iter().map(|inner| self.value(inner)).collect();
                masked.iter().any(Option::is_some).then(|| {
                    let parts = masked.into_iter().zip(list);
                    parts.map(|(masked, inner)| masked.unwrap_or_else(|| inner.clone())).collect()
                })
            }
            Value::Object(map) => {
                let masked: Vec<_> =
                    map.iter().map(|(key, inner)| (changed(key), self.value(inner))).collect();
                masked.iter().any(|(key, inner)| key.is_some() || inner.is_some()).then(|| {
                    let parts = masked.into_iter().zip(map);
                    parts
                        .map(|((key, inner), (old_key, old))| {
                            (key.unwrap_or_else(|| old_key.clone()), inner.unwrap_or_else(|| old.clone()))
                        })
                        .collect()
                })
            }
        }
    }
}

/// `text` with stars over these bytes of it. Overlapping ranges get one mark, neighbours one each.
fn covered(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        let start = (0..=range.start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let end = (range.end..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        if start >= at {
            out.push_str(&text[at..start]);
            out.push_str(STARS);
        }
        at = at.max(end);
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests;
