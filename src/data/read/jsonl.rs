//! This reader takes JSON lines, handed on unread or proved one by one. The caller decides what a value means.

use crate::data::read::input::Input;
use crate::data::read::line_source::LineSource;
use crate::data::{BadRow, ByteSpot, DataError, Position, Reader, Spot};
use crate::value::{Chunk, Extent, json};

/// Reads one JSON value a line.
///
/// Blank lines at the end of the file are no rows; one in the middle is a bad row.
pub(super) struct JsonlReader {
    lines: LineSource,
    proof: Proof,
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
    /// Reads `input`; with `validate`, only what is JSON becomes an item.
    pub(super) fn new(input: Input, validate: bool) -> Self {
        let proof = if validate { Proof::Here } else { Proof::Later };
        Self { lines: LineSource::new(input, false), proof, rows: 0, bad: 0 }
    }

    /// The same, where the input begins at a position.
    pub(super) fn enter(mut self, position: &Position, bytes: &ByteSpot) -> Self {
        (self.rows, self.bad) = (position.rows, position.bad);
        self.lines = self.lines.at_line(bytes.line);
        self
    }

    /// Reads lines that are known to be JSON.
    pub(super) fn stored(input: Input) -> Self {
        Self { lines: LineSource::new(input, true), proof: Proof::Done, rows: 0, bad: 0 }
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
        if self.proof == Proof::Here {
            let origin = chunk.origin.take().expect("a line source knows where its lines stand");
            chunk.retain(|at, text| {
                let Err(error) = json::validate(text) else { return true };
                let (index, line) = (before + at as u64 + 1, origin.line + at as u64);
                bad.push(BadRow::not_json(index, &origin.file, line, text, &error));
                false
            });
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
