//! Intermediate results between two steps: written once, read any number of times. Their order is left to the caller.

use std::path::Path;

use crate::data::{DataError, Reader};

/// Collects JSON lines, in memory up to a bound and in an unnamed temporary file beyond it.
#[derive(Debug)]
pub struct Spool {}

impl Spool {
    /// An empty one; a temporary file, when needed, goes to `dir`.
    pub fn new(dir: &Path) -> Self {
        let _ = dir;
        unimplemented!()
    }

    /// Adds `count` complete JSON lines.
    pub fn write(&mut self, lines: &[u8], count: u64) -> Result<(), DataError> {
        let _ = (lines, count);
        unimplemented!()
    }

    /// No more lines will come.
    pub fn finish(self) -> Result<Stored, DataError> {
        unimplemented!()
    }
}

/// A finished spool. Clones share the content.
#[derive(Debug, Clone)]
pub struct Stored {}

impl Stored {
    /// How many items it holds.
    pub fn count(&self) -> u64 {
        unimplemented!()
    }

    /// Reads all items from the front, independently of other readers.
    pub fn reader(&self) -> Box<dyn Reader> {
        unimplemented!()
    }
}
