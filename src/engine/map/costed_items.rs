//! This type keeps what is known of the costs of items, and what was asked for.

use std::collections::HashMap;
use std::sync::Arc;

use super::chunk_size::ChunkSize;
use crate::engine::pool::CHUNK_TIME;
use crate::lua::Failure;
use crate::value::Chunk;

/// What is known of the costs of items, and asked for.
pub(super) struct CostedItems {
    /// Tasks that ask for costs, by number: the items, and the number of their attempt.
    pub(super) tasks: HashMap<u64, (Arc<Chunk>, u32)>,
    /// Index of the first fresh item that was not asked for.
    pub(super) next: u64,
    /// Why the next attempt of an item cannot be made, by its index.
    pub(super) refused: HashMap<u64, Failure>,
    /// How many items are asked for together.
    pub(super) size: ChunkSize,
}

impl CostedItems {
    pub(super) fn new() -> Self {
        let size = ChunkSize::new(Some(CHUNK_TIME));
        Self { tasks: HashMap::new(), next: 1, refused: HashMap::new(), size }
    }
}
