//! This writer writes items as JSON lines, as they come. It does not check that they are JSON.

use crate::data::write::output::Output;
use crate::data::{DataError, Ledger, Writer, Written};

/// Writes one value a line.
pub(super) struct JsonlWriter(Output);

impl JsonlWriter {
    /// Writes to `output`.
    pub(super) fn new(output: Output) -> Self {
        Self(output)
    }
}

impl Writer for JsonlWriter {
    fn write(&mut self, lines: &[u8]) -> Result<(), DataError> {
        self.0.put(lines)
    }

    fn commit(self: Box<Self>, ledger: &dyn Ledger) -> Result<Vec<Written>, DataError> {
        self.0.commit(ledger)
    }
}
