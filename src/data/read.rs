//! Opens files of items for reading. What becomes of a bad row is left to the caller.

use crate::data::{BadRow, DataError, ReadOptions};
use crate::value::Chunk;

/// A source of items as JSON text, read from front to back.
pub trait Reader: Send {
    /// Fills `chunk`, cleared first, with the next items: at most `max_items` rows, bad ones counted, and about
    /// `max_bytes` of text. Rows that cannot be read go to `bad`.
    ///
    /// `Ok(false)` says that the input has ended; the chunk may still hold its last items. `Ok(true)` may come with an
    /// empty chunk when all rows were bad. Every item ends with a line feed, so `chunk.text` is JSON lines.
    /// `chunk.first` is left alone. After an error the reader must not be used any more.
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError>;

    /// Rows seen so far, bad ones included.
    fn rows(&self) -> u64;

    /// What deserves a warning although nothing is wrong: a pattern that matches no file. Known from the start.
    fn notice(&self) -> Option<&str> {
        None
    }
}

/// Opens the file, or all files that match the pattern in the order of their paths.
///
/// A path without `*?[{`, or one that exists as it is written, means itself and must exist.
pub fn open(options: &ReadOptions) -> Result<Box<dyn Reader>, DataError> {
    let _ = options;
    unimplemented!()
}
