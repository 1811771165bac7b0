//! Chunks wait here for the keys of their items, in the order of the items.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::chunk_size::ChunkSize;
use crate::engine::pool::CHUNK_TIME;
use crate::lua::Failure;
use crate::value::Chunk;

/// Chunks whose items get their keys.
pub(super) struct KeyedChunks {
    /// By index of the first item.
    pub(super) chunks: BTreeMap<u64, KeyedChunk>,
    /// Tasks that ask for keys, by number, with the index of the first item.
    pub(super) tasks: HashMap<u64, u64>,
    /// How many items get their keys together.
    pub(super) size: ChunkSize,
}

/// Keys of a chunk's items, and its items that have none.
pub(super) type Keys = (Vec<Box<str>>, Vec<(usize, Failure)>);

pub(super) struct KeyedChunk {
    pub(super) chunk: Arc<Chunk>,
    /// The keys, once they are there, and the items that have none.
    pub(super) keys: Option<Keys>,
}

impl KeyedChunks {
    pub(super) fn new() -> Self {
        Self { chunks: BTreeMap::new(), tasks: HashMap::new(), size: ChunkSize::new(Some(CHUNK_TIME)) }
    }

    /// Whether every item has gone on.
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Whether enough chunks are here: as many as keep the workers busy where nothing is left to start, else one ahead. Those
    /// whose keys are there and that wait for earlier ones count, so that a slow key does not let the input pile up.
    pub(super) fn is_enough(&self, nothing_left: bool, window: usize) -> bool {
        self.chunks.len() >= if nothing_left { window } else { 1 }
    }

    /// The first chunk, if its keys are there.
    pub(super) fn next(&mut self) -> Option<(Chunk, Vec<(usize, Failure)>)> {
        let entry = self.chunks.first_entry().filter(|entry| entry.get().keys.is_some())?;
        let KeyedChunk { chunk, keys } = entry.remove();
        let (keys, failed) = keys?;
        let mut chunk = Arc::unwrap_or_clone(chunk);
        chunk.keys = keys;
        Some((chunk, failed))
    }
}
