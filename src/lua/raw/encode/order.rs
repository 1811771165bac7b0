//! The keys of an item in their order, so that a result's keys can follow it.

use crate::value::json::{self, Sink};

/// The keys of the object that was read last.
#[derive(Default)]
pub(in crate::lua::raw) struct KeyOrder {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl KeyOrder {
    /// Forgets all keys.
    pub(in crate::lua::raw) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Adds the next key of the object. A key that comes again keeps its first place.
    pub(in crate::lua::raw) fn push(&mut self, key: &str) {
        self.bytes.extend_from_slice(key.as_bytes());
        self.ends.push(self.bytes.len());
    }

    /// Takes the keys from an item's text, which is known to be JSON.
    pub(in crate::lua::raw) fn read(&mut self, text: &[u8], scratch: &mut String) {
        self.clear();
        let _ = json::read(text, scratch, &mut Keys { order: self, depth: 0 });
    }

    /// The place of `key`; the largest number for keys that the item did not have.
    pub(super) fn rank(&self, key: &[u8]) -> u32 {
        let mut start = 0;
        for (at, &end) in self.ends.iter().enumerate() {
            if self.bytes[start..end] == *key {
                return at as u32;
            }
            start = end;
        }
        u32::MAX
    }
}

/// Notes the keys of the outermost object and nothing else.
struct Keys<'o> {
    order: &'o mut KeyOrder,
    depth: usize,
}

impl Sink for Keys<'_> {
    type Mark = ();

    fn begin_array(&mut self) {
        self.depth += 1;
    }
    fn end_array(&mut self, (): (), _count: usize) {
        self.depth -= 1;
    }
    fn begin_object(&mut self) {
        self.depth += 1;
    }
    fn end_object(&mut self, (): (), _count: usize) {
        self.depth -= 1;
    }
    fn key(&mut self, key: &str) -> bool {
        if self.depth == 1 {
            self.order.push(key);
        }
        true
    }
}
