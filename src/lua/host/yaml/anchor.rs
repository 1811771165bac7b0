//! An anchor keeps a finished node for the aliases that follow, as a value and as a key.

use std::rc::Rc;

use granit_parser::ScalarStyle;

use crate::value::scalar::Scalar;

/// A finished node with an anchor.
#[derive(Clone)]
pub(super) struct Anchor {
    /// Its JSON text.
    pub(super) json: Rc<[u8]>,
    /// Levels of lists and maps.
    pub(super) height: usize,
    /// What it is as a key; lists and maps cannot be one.
    pub(super) key: Option<KeyName>,
}

impl Anchor {
    /// What it takes beside its place in the table.
    pub(super) fn bytes(&self) -> usize {
        self.json.len() + self.key.as_ref().map_or(0, |key| key.text.len())
    }
}

/// A scalar as a key.
#[derive(Clone)]
pub(super) struct KeyName {
    pub(super) text: Rc<str>,
    /// Whether it is the plain `<<`, which merges maps.
    pub(super) is_merge: bool,
}

impl KeyName {
    /// Numbers and words are keys by the text that was written, as everywhere in JSON.
    pub(super) fn new(scalar: &Scalar, written: &str, style: ScalarStyle, has_tag: bool) -> Self {
        let text = match scalar {
            Scalar::Text(text) => text,
            _ => written,
        };
        Self { text: text.into(), is_merge: style == ScalarStyle::Plain && !has_tag && text == "<<" }
    }
}
