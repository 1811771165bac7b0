//! This reader keeps an error back until the rows before it are handed out. The formats decide what the error says.

use crate::data::{BadRow, DataError, Position, Reader};
use crate::value::{Chunk, Extent};

/// A reader whose errors come alone, so that it does not depend on the size of chunks which rows come before them.
pub(super) struct ErrorsLast<R> {
    reader: R,
    error: Option<DataError>,
}

impl<R: Reader> ErrorsLast<R> {
    /// Wraps `reader`, which may fail with items already in the chunk.
    pub(super) fn new(reader: R) -> Self {
        Self { reader, error: None }
    }
}

impl<R: Reader> Reader for ErrorsLast<R> {
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        if let Some(error) = self.error.take() {
            chunk.clear();
            return Err(error);
        }
        let old = bad.len();
        match self.reader.read(max_items, max_bytes, chunk, bad) {
            Err(error) if !chunk.is_empty() || bad.len() > old => {
                self.error = Some(error);
                Ok(true)
            }
            other => other,
        }
    }

    fn rows(&self) -> u64 {
        self.reader.rows()
    }

    fn extent(&self) -> Option<Extent> {
        self.reader.extent()
    }

    fn position(&self) -> Option<Position> {
        // What has failed may have stopped in the middle of a row.
        if self.error.is_some() { None } else { self.reader.position() }
    }
}
