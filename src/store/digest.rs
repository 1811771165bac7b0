//! A digest is what an item is known by from one run to the next: that of its key or of its content.
//!
//! A repeated identity is told apart by its occurrence, which is never stored: the entries of an old run with one
//! identity, in the order of their indices, *are* its occurrences. So nothing has to remember every item that went
//! by, and memory stays constant however many there are.

use std::fmt;

use crate::value::Chunk;

/// An xxh3 digest of 128 bits: two of ten million items share one with a chance of one in 10^24.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub u128);

impl Digest {
    /// Of a text, white space around it left out: an item's JSON text.
    pub fn of(text: &[u8]) -> Self {
        Self(xxhash_rust::xxh3::xxh3_128(text.trim_ascii()))
    }

    /// Of a key, every character of it.
    pub fn of_key(key: &str) -> Self {
        Self(xxhash_rust::xxh3::xxh3_128(key.as_bytes()))
    }

    /// Of bytes that are no text, every one of them.
    pub fn of_bytes(key: &[u8]) -> Self {
        Self(xxhash_rust::xxh3::xxh3_128(key))
    }

    /// Of every item of a chunk, appended to `digests`.
    pub fn of_items(chunk: &Chunk, digests: &mut Vec<Self>) {
        digests.reserve(chunk.len());
        digests.extend((0..chunk.len()).map(|at| Self::of(chunk.item(at))));
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_around_an_item_does_not_count() {
        let mut chunk = Chunk::default();
        chunk.push(b" 1\n");
        chunk.push(b"2");
        let mut digests = Vec::new();
        Digest::of_items(&chunk, &mut digests);
        assert_eq!(digests, [Digest::of(b"1"), Digest::of(b"2")]);
    }
}
