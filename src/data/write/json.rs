//! This writer writes items as one JSON array. `pretty` indents one.

use crate::data::write::output::Output;
use crate::data::write::pretty::push_pretty;
use crate::data::{DataError, Writer};

use super::items::items;

/// Writes one element a line, or indented; `[]` without items.
pub(super) struct JsonWriter {
    output: Output,
    pretty: bool,
    started: bool,
    text: Vec<u8>,
}

impl JsonWriter {
    /// Writes to `output`, indented if `pretty`.
    pub(super) fn new(output: Output, pretty: bool) -> Self {
        Self { output, pretty, started: false, text: Vec::new() }
    }
}

impl Writer for JsonWriter {
    fn write(&mut self, lines: &[u8]) -> Result<(), DataError> {
        self.text.clear();
        for item in items(lines) {
            let before: &[u8] = if self.started { b",\n" } else { b"[\n" };
            self.started = true;
            self.text.extend_from_slice(before);
            if self.pretty {
                self.text.extend_from_slice(b"  ");
                push_pretty(&mut self.text, item, 1);
            } else {
                self.text.extend_from_slice(item);
            }
        }
        self.output.put(&self.text)
    }

    fn commit(mut self: Box<Self>) -> Result<(), DataError> {
        self.output.put(if self.started { b"\n]\n" } else { b"[]\n" })?;
        self.output.commit()
    }
}
