//! Puts results that arrive in any order into the order of their items. Where they go is left to the caller.

use std::path::Path;

use crate::data::DataError;

/// The results of a run of neighbouring items.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Index of the first item.
    pub first: u64,
    /// How many items.
    pub count: u64,
    /// Their results as JSON lines.
    pub out: Vec<u8>,
    /// How many lines `out` holds.
    pub emitted: u64,
    /// Their failures as JSON lines.
    pub failed: Vec<u8>,
}

/// Holds pieces until all before them have arrived.
#[derive(Debug)]
pub struct Reorder {}

impl Reorder {
    /// Waits for the piece that starts at `first_index`; what does not fit in memory goes to a file in `dir`.
    pub fn new(dir: &Path, first_index: u64) -> Self {
        let _ = (dir, first_index);
        unimplemented!()
    }

    /// Takes a piece. Pieces neither overlap nor come twice.
    pub fn push(&mut self, piece: Piece) -> Result<(), DataError> {
        let _ = piece;
        unimplemented!()
    }

    /// The next piece in order, if it has arrived.
    pub fn next(&mut self) -> Result<Option<Piece>, DataError> {
        unimplemented!()
    }

    /// Items that have arrived and wait for others before them.
    pub fn waiting(&self) -> u64 {
        unimplemented!()
    }

    /// Gives a piece's buffers back for reuse once it is written.
    pub fn recycle(&mut self, piece: Piece) {
        let _ = piece;
        unimplemented!()
    }

    /// An empty buffer, a used one if there is one.
    pub fn buffer(&mut self) -> Vec<u8> {
        unimplemented!()
    }
}
