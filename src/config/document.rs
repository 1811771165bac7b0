//! A document is the file as data with places: a JSON value, where each of its parts stands, and how its texts were
//! written.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use self::pointer::look_up;
use super::tree::Patch;
use crate::source::{SourceFile, Span};

mod build;
mod lua;
mod pointer;
mod scalar;

pub use super::tree::Style;
pub(super) use build::document;
pub use lua::{Block, LuaField, LuaRole};
pub use pointer::{escape_key, unescape_key};
pub use scalar::Scalar;

/// Where a key and its value stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The key, for values of a map.
    pub key: Option<Span>,
    /// The value.
    pub value: Span,
    /// Whether it was written as a scalar, not as a map or list.
    pub scalar: bool,
}

/// JSON pointer → place. Merged keys are where they were defined, aliased values where the anchor is.
#[derive(Debug, Clone, Default)]
pub struct SpanIndex {
    places: HashMap<String, Place>,
}

impl SpanIndex {
    /// The place of exactly this pointer.
    pub fn get(&self, pointer: &str) -> Option<&Place> {
        self.places.get(pointer)
    }

    /// The place of this pointer, or of its nearest ancestor that stands in the file: `/steps/a/read/path` is
    /// `/steps/a/read` when the short form was used.
    pub fn nearest(&self, pointer: &str) -> Option<&Place> {
        self.places.get(self.resolve(pointer)?)
    }

    /// Where the value stands, or its nearest ancestor. The start of the file when nothing is known.
    pub fn value(&self, pointer: &str) -> Span {
        self.nearest(pointer).map(|place| place.value).unwrap_or_default()
    }

    /// Where the key stands, or the value when it has none, or the nearest ancestor's.
    pub fn key(&self, pointer: &str) -> Span {
        self.nearest(pointer).map(|place| place.key.unwrap_or(place.value)).unwrap_or_default()
    }

    /// The part of `pointer` that stands in the file.
    pub(super) fn resolve<'a>(&self, pointer: &'a str) -> Option<&'a str> {
        let mut pointer = pointer;
        while !self.places.contains_key(pointer) {
            pointer = &pointer[..pointer.rfind('/')?];
        }
        Some(pointer)
    }

    pub(super) fn insert(&mut self, pointer: String, place: Place) {
        self.places.insert(pointer, place);
    }
}

/// A file that could be read as YAML, if need be after mending.
#[derive(Debug, Clone)]
pub struct Document {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Its content, aliases and merge keys applied.
    pub value: Value,
    /// Where each part stands.
    pub spans: SpanIndex,
    /// How each scalar was written, by pointer.
    scalars: HashMap<String, Scalar>,
    /// The text that was read: the file's, but for what was patched.
    read: Arc<SourceFile>,
    patch: Arc<Patch>,
}

impl Document {
    /// How the scalar at this pointer was written; for a short form, also by the pointer of its long form.
    pub fn scalar(&self, pointer: &str) -> Option<&Scalar> {
        self.scalars.get(self.spans.resolve(pointer)?)
    }

    /// The text of a number or word as it stands in the file, `0.950` say. `None` for maps and lists.
    pub fn literal(&self, pointer: &str) -> Option<&str> {
        let scalar = self.scalar(pointer)?;
        self.file.text().get(scalar.span.start..scalar.span.end)
    }

    /// The Lua at this pointer with the line of the file on which it starts.
    pub fn block(&self, pointer: &str) -> Option<Block> {
        let scalar = self.scalar(pointer)?;
        let text = match look_up(&self.value, self.spans.resolve(pointer)?)? {
            Value::String(text) => text.clone(),
            Value::Bool(word) => word_text(*word).to_owned(),
            _ => return None,
        };
        Some(Block { line: scalar.line, text: text.into(), exact: scalar.exact })
    }

    /// The place in the file of some bytes of a line of the Lua at `pointer`. `line` is a line of the *file*, counted
    /// from the block's first line as [`Document::block`] gives it; `columns` are bytes of that line of the Lua text.
    pub fn lua_span(&self, pointer: &str, line: usize, columns: Range<usize>) -> Span {
        let value = self.spans.resolve(pointer).and_then(|pointer| self.value.pointer(pointer));
        let text = match value {
            Some(Value::String(text)) => text.as_str(),
            Some(Value::Bool(word)) => word_text(*word),
            _ => return self.spans.value(pointer),
        };
        let Some(scalar) = self.scalar(pointer) else { return self.spans.value(pointer) };
        let span = scalar.locate(&self.read, text, line, &columns);
        self.patch.original(span, self.file.text())
    }

    /// All Lua of the file, in no order, also when the schema finds faults elsewhere.
    pub fn lua_fields(&self) -> Vec<LuaField> {
        lua::fields(&self.value)
    }

    /// The codes of warnings that the file's `x-allow` accepts.
    pub fn allowed(&self) -> Allowed<'_> {
        let list = self.value.get("x-allow").and_then(Value::as_array);
        Allowed(list.into_iter().flatten().filter_map(Value::as_str).collect())
    }
}

/// What `x-allow` names.
#[derive(Debug, Clone)]
pub struct Allowed<'a>(HashSet<&'a str>);

impl Allowed<'_> {
    /// Whether warnings with this code are accepted.
    pub fn accepts(&self, code: &str) -> bool {
        self.0.contains(code) || self.0.contains(code.trim_start_matches("flowrun::"))
    }
}

/// How a word that YAML takes for a value is written in Lua.
fn word_text(word: bool) -> &'static str {
    if word { "true" } else { "false" }
}
