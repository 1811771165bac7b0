//! Items as JSON lines, as they come. That they are JSON is left to those who made them.

use crate::data::write::output::Output;
use crate::data::{DataError, Writer};

/// Writes one value a line.
pub(super) struct Jsonl(Output);

impl Jsonl {
    /// Writes to `output`.
    pub(super) fn new(output: Output) -> Self {
        Self(output)
    }
}

impl Writer for Jsonl {
    fn write(&mut self, lines: &[u8]) -> Result<(), DataError> {
        self.0.put(lines)
    }

    fn commit(self: Box<Self>) -> Result<(), DataError> {
        self.0.commit()
    }
}
