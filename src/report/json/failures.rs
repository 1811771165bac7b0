//! This module keeps the failures of a step as index → message, at sixteen bytes each however long the messages are.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Every different message once.
#[derive(Debug, Default)]
pub(super) struct Interner {
    ids: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Interner {
    pub(super) fn intern(&mut self, message: &Arc<str>) -> u32 {
        if let Some(id) = self.ids.get(message) {
            return *id;
        }
        let id = u32::try_from(self.texts.len()).expect("messages fit in memory, so fewer than 2^32 differ");
        self.ids.insert(Arc::clone(message), id);
        self.texts.push(Arc::clone(message));
        id
    }
}

/// The failures of one step.
#[derive(Debug, Default)]
pub(super) struct StepFailures(Vec<(u64, u32)>);

impl StepFailures {
    pub(super) fn push(&mut self, index: u64, message: u32) {
        self.0.push((index, message));
    }

    /// Failures come in the order of their ends; machines get them in the order of the items.
    pub(super) fn sort(&mut self) {
        self.0.sort_unstable();
    }

    pub(super) fn messages<'a>(&'a self, interner: &'a Interner) -> Messages<'a> {
        Messages { errors: &self.0, texts: &interner.texts }
    }
}

/// A map from index to message, written without being built.
pub(super) struct Messages<'a> {
    errors: &'a [(u64, u32)],
    texts: &'a [Arc<str>],
}

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.errors.iter().map(|(index, id)| (index, &self.texts[*id as usize])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_equal_messages_are_held_once() {
        let (mut interner, mut errors) = (Interner::default(), StepFailures::default());
        for index in (1..=1_000_000).rev() {
            errors.push(index, interner.intern(&Arc::from("attempt to index nil")));
        }
        errors.sort();
        assert_eq!(interner.texts.len(), 1);
        let text = serde_json::to_string(&errors.messages(&interner)).expect("a map");
        assert!(text.starts_with(r#"{"1":"attempt to index nil","2":"attempt"#), "{}", &text[..60]);
    }
}
