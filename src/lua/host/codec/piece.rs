//! Long texts are worked on piece by piece, so that a deadline ends the work.

/// Bytes worked on between two checkpoints.
pub(super) const PIECE_BYTES: usize = 1 << 16;
