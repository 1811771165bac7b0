//! A part of a source that was cut while it was read: it is known which items are in it.

use serde::{Deserialize, Serialize};

use crate::data::list::limited;
use crate::data::read::open_at;
use crate::data::{DataError, Position, ReadOptions, Reader};
use crate::value::Chunk;

/// Rows and text that are passed over at a time.
const ROWS: u64 = 4096;
const BYTES: usize = 1 << 20;

/// Neighbouring items of a source, with the bad rows between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Where its first row begins.
    pub position: Position,
    /// How many items it has.
    pub items: u64,
    /// How many of its rows are bad.
    pub bad: u64,
}

impl Part {
    /// What lies between two positions of one source.
    pub fn between(position: Position, until: &Position) -> Self {
        let items = until.items().saturating_sub(position.items());
        let bad = until.bad.saturating_sub(position.bad);
        Self { position, items, bad }
    }

    /// Index of its first item among the items of the source, from 1.
    pub fn first(&self) -> u64 {
        self.position.items().saturating_add(1)
    }

    /// Reads its rows from a source that is a file or a pattern.
    ///
    /// # Errors
    /// Fails as [`open_at`] does.
    pub fn open(&self, options: &ReadOptions) -> Result<Box<dyn Reader>, DataError> {
        Ok(self.bound(open_at(options, &self.position)?))
    }

    /// Ends a reader that stands at the part's position behind the last row of the part.
    pub fn bound(&self, reader: Box<dyn Reader>) -> Box<dyn Reader> {
        let rows = self.position.rows.saturating_add(self.items).saturating_add(self.bad);
        limited(reader, Some(rows))
    }

    /// Cuts it in two, the first of which has so many items; bad rows between them are in the second. The first one is
    /// read for that, by a reader that stands at the part's position.
    ///
    /// # Errors
    /// Fails as reading does, and when there are fewer items.
    pub fn split(self, reader: &mut dyn Reader, items: u64) -> Result<(Self, Self), DataError> {
        let fewer = || DataError::Usage(format!("the part has fewer than {items} items"));
        let (mut chunk, mut bad) = (Chunk::default(), Vec::new());
        let (mut left, mut more) = (items, items <= self.items);
        while left > 0 {
            if !more {
                return Err(fewer());
            }
            more = reader.read(left.min(ROWS) as usize, BYTES, &mut chunk, &mut bad)?;
            left -= chunk.len() as u64;
            bad.clear();
        }
        let middle = reader.position().filter(|_| items <= self.items).ok_or_else(fewer)?;
        let first = Self::between(self.position, &middle);
        let (items, bad) = (self.items - first.items, self.bad.saturating_sub(first.bad));
        Ok((first, Self { position: middle, items, bad }))
    }
}
