//! This writer writes items as one JSON array, or the only one as itself. `pretty` indents one.

use crate::data::write::output::Output;
use crate::data::write::pretty::push_pretty;
use crate::data::{DataError, Ledger, Writer, Written};

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

    fn commit(mut self: Box<Self>, ledger: &dyn Ledger) -> Result<Vec<Written>, DataError> {
        self.output.put(if self.started { b"\n]\n" } else { b"[]\n" })?;
        self.output.commit(ledger)
    }
}

/// Writes the only item as it is.
pub(super) struct SingleWriter {
    output: Output,
    pretty: bool,
    /// The item, which is written when it is known to be the only one.
    text: Option<Vec<u8>>,
}

impl SingleWriter {
    /// Writes to `output`, indented if `pretty`.
    pub(super) fn new(output: Output, pretty: bool) -> Self {
        Self { output, pretty, text: None }
    }
}

impl Writer for SingleWriter {
    fn write(&mut self, lines: &[u8]) -> Result<(), DataError> {
        for item in items(lines) {
            if self.text.is_some() {
                let message =
                    "it is one too many, as `single` writes exactly one; take it away to write a list";
                let file = self.output.name().to_string();
                return Err(DataError::Item { file, item: 2, message: message.to_owned() });
            }
            self.text = Some(item.to_vec());
        }
        Ok(())
    }

    fn commit(mut self: Box<Self>, ledger: &dyn Ledger) -> Result<Vec<Written>, DataError> {
        let Some(item) = self.text.take() else {
            let name = self.output.name();
            return Err(DataError::Usage(format!(
                "cannot write `{name}`: there is no item, and `single` writes exactly one"
            )));
        };
        let mut text = Vec::new();
        if self.pretty {
            push_pretty(&mut text, &item, 0);
        } else {
            text = item;
        }
        text.push(b'\n');
        self.output.put(&text)?;
        self.output.commit(ledger)
    }
}
