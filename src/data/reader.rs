//! A reader gives items as JSON text; every format and every list of items is one.

use super::{BadRow, DataError, Position};
use crate::value::{Chunk, Extent};

/// A source of items as JSON text, read from front to back.
pub trait Reader: Send {
    /// Fills `chunk`, cleared first, with the next items: at most `max_items` rows, bad ones counted, and about
    /// `max_bytes` of text. Rows that cannot be read go to `bad`.
    ///
    /// `Ok(false)` says that the input has ended; the chunk may still hold its last items. `Ok(true)` may come with an
    /// empty chunk, when all rows were bad or at the end of one of several files. Every item ends with a line feed, so
    /// `chunk.text` is JSON lines. `chunk.first` is left alone. An error comes alone, after all rows before it; the
    /// reader must not be used any more then.
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError>;

    /// Rows seen so far, bad ones included.
    fn rows(&self) -> u64;

    /// Where the next row begins: [`open_at`](super::open_at) and its kin go on there. It is asked for between two chunks.
    ///
    /// `None` where a source cannot be entered again (standard input, pipes, intermediate results), and when it cannot
    /// be read any further because an error comes next.
    fn position(&self) -> Option<Position>;

    /// How far the reading is, where its end is known: in bytes of files as they lie on the disk, or in files.
    fn extent(&self) -> Option<Extent> {
        None
    }

    /// What deserves a warning although nothing is wrong: a pattern that matches no file. Known from the start.
    fn notice(&self) -> Option<&str> {
        None
    }
}
