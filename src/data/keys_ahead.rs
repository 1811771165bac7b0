//! The keys of the next items are made and hashed together, before it is their turn. What they lead to can then be touched at the
//! same time: the processor waits for all of it together and not for one after the other.

use super::slots::KeyHasher;
use super::sort_key::push_sort_key;
use crate::data::DataError;

/// Sort keys of values, in the order of their items.
#[derive(Debug)]
pub(super) struct KeysAhead {
    hasher: KeyHasher,
    /// The keys one behind the other.
    bytes: Vec<u8>,
    /// Where each key ends, and its hash; none where the value is no JSON.
    keys: Vec<Option<(usize, u64)>>,
    /// How many were taken.
    taken: usize,
    /// Where the next one begins.
    start: usize,
}

impl KeysAhead {
    pub(super) fn new(hasher: KeyHasher) -> Self {
        Self { hasher, bytes: Vec::new(), keys: Vec::new(), taken: 0, start: 0 }
    }

    /// What keys are hashed by.
    pub(super) fn hasher(&self) -> KeyHasher {
        self.hasher
    }

    /// Makes the keys of these values, JSON texts, and forgets all others. The next ones asked for must be theirs.
    pub(super) fn fill(&mut self, values: &[&[u8]]) {
        self.clear();
        for value in values {
            let start = self.bytes.len();
            if push_sort_key(value, false, &mut self.bytes).is_ok() {
                self.keys.push(Some((self.bytes.len(), self.hasher.hash(&self.bytes[start..]))));
            } else {
                self.bytes.truncate(start);
                self.keys.push(None);
            }
        }
    }

    /// The hashes of all keys that were made.
    pub(super) fn hashes(&self) -> impl Iterator<Item = u64> {
        self.keys.iter().flatten().map(|(_, hash)| *hash)
    }

    /// The key of the next value, and its hash.
    ///
    /// # Errors
    /// Fails when the value is no JSON.
    pub(super) fn next(&mut self, value: &[u8]) -> Result<(&[u8], u64), DataError> {
        if let Some(known) = self.keys.get(self.taken) {
            self.taken += 1;
            if let Some((end, hash)) = *known {
                let start = std::mem::replace(&mut self.start, end);
                return Ok((&self.bytes[start..end], hash));
            }
        }
        if self.taken == self.keys.len() {
            self.clear();
        }
        let start = self.bytes.len();
        push_sort_key(value, false, &mut self.bytes).map_err(|error| DataError::Usage(error.to_string()))?;
        let key = &self.bytes[start..];
        Ok((key, self.hasher.hash(key)))
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.keys.clear();
        (self.taken, self.start) = (0, 0);
    }
}
