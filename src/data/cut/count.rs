//! This pass reads a whole source once, counts its items and cuts it into parts of about equal numbers of them.

use super::checkpoints::Checkpoints;
use super::part::Part;
use crate::data::position::changed;
use crate::data::read::open;
use crate::data::{DataError, ReadOptions, Reader};
use crate::value::Chunk;

/// Text that is read at a time.
const BYTES: usize = 1 << 20;

/// A source that was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Its parts in order: all its rows, each in one of them. There is one at least.
    pub parts: Vec<Part>,
    /// Its items.
    pub items: u64,
    /// Its bad rows.
    pub bad: u64,
}

/// Counts a file or all files that match a pattern, and cuts them into at most `parts` parts. Every format and
/// compression is read from front to back, so that it is known which items are in which part. Entering a part costs what
/// [`open_at`](crate::data::open_at) says.
///
/// # Errors
/// Fails as reading does, for standard input and pipes, and when a file is written to meanwhile.
pub fn count(options: &ReadOptions, parts: usize) -> Result<Counted, DataError> {
    let mut reader = open(options)?;
    let front = reader.position();
    let counted = count_parts(&mut *reader, parts)?;
    if open(options)?.position() != front {
        return Err(changed(&options.path, "it was written to meanwhile"));
    }
    Ok(counted)
}

/// Counts what `reader` gives from where it stands, and cuts it into at most `parts` parts.
///
/// # Errors
/// Fails as reading does, and when the source cannot be entered again.
pub fn count_parts(reader: &mut dyn Reader, parts: usize) -> Result<Counted, DataError> {
    let front = reader.position().ok_or_else(only_once)?;
    let before = (front.items(), front.bad);
    let mut checkpoints = Checkpoints::new(front, parts);
    let (mut chunk, mut bad) = (Chunk::default(), Vec::new());
    while reader.read(checkpoints.rows(), BYTES, &mut chunk, &mut bad)? {
        bad.clear();
        // Where there is none, an error comes next.
        if let Some(position) = reader.position() {
            checkpoints.note(position);
        }
    }
    let end = reader.position().ok_or_else(only_once)?;
    let (items, bad) = (end.items() - before.0, end.bad - before.1);
    Ok(Counted { parts: checkpoints.parts(&end), items, bad })
}

/// The error about a source that comes as it comes.
pub(super) fn only_once() -> DataError {
    DataError::Usage(
        "the source can be read only from its front, as standard input and pipes are; it cannot be cut"
            .to_owned(),
    )
}
