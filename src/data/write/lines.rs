//! This writer writes items as lines of text. Its readers decide what a line means.

use crate::data::write::output::Output;
use crate::data::write::table::unquoted;
use crate::data::{DataError, Ledger, Writer, Written};

use super::items::items;

/// Writes one item a line: strings as they are, all else as JSON text.
pub(super) struct LinesWriter {
    output: Output,
    lines: Vec<u8>,
    /// Items written so far.
    count: u64,
}

impl LinesWriter {
    /// Writes to `output`.
    pub(super) fn new(output: Output) -> Self {
        Self { output, lines: Vec::new(), count: 0 }
    }
}

impl Writer for LinesWriter {
    fn write(&mut self, lines: &[u8]) -> Result<(), DataError> {
        self.lines.clear();
        for item in items(lines) {
            self.count += 1;
            let refuse = |message: &str| DataError::Item {
                file: self.output.name().to_string(),
                item: self.count,
                message: message.into(),
            };
            let item = std::str::from_utf8(item).map_err(|_| refuse("it is not UTF-8"))?;
            let line = if item.starts_with('"') { unquoted(item) } else { item.into() };
            // A carriage return at the end would be taken for half a line end.
            if line.contains('\n') || line.ends_with('\r') {
                return Err(refuse(
                    "the string holds a line end and would become two items; say `format: jsonl`",
                ));
            }
            self.lines.extend_from_slice(line.as_bytes());
            self.lines.push(b'\n');
        }
        self.output.put(&self.lines)
    }

    fn commit(self: Box<Self>, ledger: &dyn Ledger) -> Result<Vec<Written>, DataError> {
        self.output.commit(ledger)
    }
}
