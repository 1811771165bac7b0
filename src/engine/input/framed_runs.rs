//! Framed runs are items that a coordinator has put into frames, of which a worker reads its own.

use std::collections::VecDeque;

use crate::data::{DataError, FramedItemsReader};
use crate::value::{Chunk, Indices, Stretch};

/// Items in frames, with indices of their own.
pub(super) struct FramedRuns {
    reader: FramedItemsReader,
    left: VecDeque<Stretch>,
    rows: u64,
}

impl FramedRuns {
    /// These items, of those that the reader has.
    pub(super) fn new(reader: FramedItemsReader, items: &Indices) -> Self {
        Self { reader, left: items.iter().collect(), rows: 0 }
    }

    /// Rows that were read.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Fills the chunk with neighbouring items; `false`: they were the last ones.
    pub(super) fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
    ) -> Result<bool, DataError> {
        chunk.clear();
        let Some(run) = self.left.front_mut() else { return Ok(false) };
        let max_items = max_items.min(usize::try_from(run.count).unwrap_or(usize::MAX)).max(1);
        self.reader.read(run.first, max_items, max_bytes, chunk)?;
        let read = chunk.len() as u64;
        (run.first, run.count, self.rows) = (run.first + read, run.count - read, self.rows + read);
        if run.count == 0 {
            self.left.pop_front();
        }
        Ok(!self.left.is_empty())
    }
}
