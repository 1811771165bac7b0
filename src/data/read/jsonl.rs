//! This reader takes JSON lines, handed on unread or proved one by one. The caller decides what a value means.

use std::sync::Arc;

use crate::data::read::block::ReadBlock;
use crate::data::read::decoding::blamed;
use crate::data::read::line_source::{BlankLines, LineSource};
use crate::data::{BadRow, ByteSpot, DataError, Position, Reader, Spot};
use crate::value::{Chunk, Extent, Origin, json};

/// Reads one JSON value a line. Blank lines are no rows.
pub(super) struct JsonlReader {
    lines: LineSource,
    proof: Proof,
    /// Whether proved items keep their origin.
    tells_lines: bool,
    rows: u64,
    bad: u64,
}

/// What is known of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// Each is proved here.
    Here,
    /// The consumer proves them, and is told where they stand.
    Later,
    /// They are JSON.
    Done,
}

impl JsonlReader {
    /// Reads the text in `block`; with `validate`, only what is JSON becomes an item.
    pub(super) fn new(block: ReadBlock, validate: bool) -> Self {
        let proof = if validate { Proof::Here } else { Proof::Later };
        Self {
            lines: LineSource::new(block, BlankLines::PassedOver),
            proof,
            tells_lines: false,
            rows: 0,
            bad: 0,
        }
    }

    /// The same, where it is told on which lines the items stand.
    pub(super) fn telling_lines(self, tells_lines: bool) -> Self {
        Self { tells_lines, ..self }
    }

    /// The same, where the text is entered at a position.
    pub(super) fn enter(self, position: &Position, bytes: &ByteSpot) -> Result<Self, DataError> {
        Ok(Self { rows: position.rows, bad: position.bad, lines: self.lines.at(bytes)?, ..self })
    }

    /// Reads lines that are known to be JSON.
    pub(super) fn stored(block: ReadBlock) -> Self {
        Self {
            lines: LineSource::new(block, BlankLines::Kept),
            proof: Proof::Done,
            tells_lines: false,
            rows: 0,
            bad: 0,
        }
    }
}

impl Reader for JsonlReader {
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        let more = self.lines.take(max_items, max_bytes, chunk)?;
        let (before, bad_before) = (self.rows, bad.len());
        self.rows += chunk.len() as u64;
        if self.proof == Proof::Done {
            chunk.origin = None;
        }
        let encoding = self.lines.encoding();
        // A consumer does not know of encodings, and would not say which one the text is not in.
        if self.proof == Proof::Here || encoding.is_some() {
            let origin = chunk.origin.take().expect("a line source knows where its lines stand");
            let (mut told, mut kept) = (Origin::new(Arc::clone(&origin.file), origin.line), 0);
            chunk.retain(|at, text| {
                let Err(error) = json::validate(text) else {
                    told.note(kept, origin.line_of(at));
                    kept += 1;
                    return true;
                };
                let index = before + at as u64 + 1;
                let message = blamed(text, encoding, error.to_string());
                bad.push(BadRow::new(index, &origin.file, origin.line_of(at), message, text));
                false
            });
            chunk.origin = self.tells_lines.then_some(told);
            self.bad += (bad.len() - bad_before) as u64;
        }
        Ok(more)
    }

    fn extent(&self) -> Option<Extent> {
        self.lines.extent()
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn position(&self) -> Option<Position> {
        let (mark, bytes) = self.lines.place()?;
        Some(Position::in_file(self.rows, self.bad, mark, Spot::Lines(bytes)))
    }
}
