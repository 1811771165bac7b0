//! This reader takes text files whose lines are the items. The caller decides what the text says.

use crate::data::read::block::ReadBlock;
use crate::data::read::decoding::not_in;
use crate::data::read::line_source::{BlankLines, LineSource};
use crate::data::{BadRow, ByteSpot, DataError, Position, Reader, Spot};
use crate::value::json::{write_string, written_len};
use crate::value::{Chunk, Extent, ITEM_BYTES_MAX};

/// Reads one string a line, without its line end. An empty line is an empty string, also at the end of the file.
pub(super) struct LinesReader {
    lines: LineSource,
    raw: Chunk,
    rows: u64,
    bad: u64,
}

impl LinesReader {
    /// Reads the text in `block`.
    pub(super) fn new(block: ReadBlock) -> Self {
        let lines = LineSource::new(block, BlankLines::Kept);
        Self { lines, raw: Chunk::default(), rows: 0, bad: 0 }
    }

    /// The same, where the text is entered at a position.
    pub(super) fn enter(self, position: &Position, bytes: &ByteSpot) -> Result<Self, DataError> {
        Ok(Self { rows: position.rows, bad: position.bad, lines: self.lines.at(bytes)?, ..self })
    }
}

/// What is wrong with a row that would be an item beyond the limit.
pub(super) fn too_long() -> String {
    format!("the item would be longer than {ITEM_BYTES_MAX} bytes as JSON")
}

impl Reader for LinesReader {
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        chunk.clear();
        let bad_before = bad.len();
        let more = self.lines.take(max_items, max_bytes, &mut self.raw)?;
        let line = self.raw.origin.as_ref().map_or(1, |origin| origin.line);
        for at in 0..self.raw.len() {
            self.rows += 1;
            let text = self.raw.item(at);
            let text = text.strip_suffix(b"\n").unwrap_or(text);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let line = line + at as u64;
            // A line of control characters is six times as long in JSON.
            if text.len() > ITEM_BYTES_MAX / 6 && written_len(text) > ITEM_BYTES_MAX {
                let message = too_long();
                bad.push(BadRow::new(self.rows, self.lines.name(), line, message, text));
            } else if write_string(&mut chunk.text, text) {
                chunk.text.push(b'\n');
                chunk.end_item();
            } else {
                let message = format!("the line is {}", not_in(self.lines.encoding()));
                bad.push(BadRow::new(self.rows, self.lines.name(), line, message, text));
            }
        }
        self.bad += (bad.len() - bad_before) as u64;
        Ok(more)
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn position(&self) -> Option<Position> {
        let (mark, bytes) = self.lines.place()?;
        Some(Position::in_file(self.rows, self.bad, mark, Spot::Lines(bytes)))
    }

    fn extent(&self) -> Option<Extent> {
        self.lines.extent()
    }
}
