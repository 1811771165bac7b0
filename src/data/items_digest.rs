//! One digest of many items in their order tells whether two machines read the same ones.

use xxhash_rust::xxh3::Xxh3;

use crate::value::Chunk;

/// An xxh3 digest of 128 bits of the text of items, white space around each left out. It does not matter how many of them
/// come at a time.
#[derive(Default)]
pub struct ItemsDigest(Xxh3);

impl ItemsDigest {
    /// The next items.
    pub fn add(&mut self, chunk: &Chunk) {
        for at in 0..chunk.len() {
            self.0.update(chunk.item(at).trim_ascii());
            self.0.update(b"\n");
        }
    }

    /// Of all that was added.
    pub fn finish(&self) -> u128 {
        self.0.digest128()
    }
}
