//! This pass reads a whole source once, counts its items and cuts it into parts of about equal numbers of them.

use serde::{Deserialize, Serialize};

use super::checkpoints::Checkpoints;
use super::part::Part;
use crate::data::position::changed;
use crate::data::read::open;
use crate::data::{BadRow, DataError, Position, ReadOptions, Reader};
use crate::value::Chunk;

/// Text that is read at a time.
const BYTES: usize = 1 << 20;

/// Opens a source at one of its positions.
type Enter<'a> = dyn FnMut(&Position) -> Result<Box<dyn Reader>, DataError> + 'a;

/// A source that was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Its parts in order: all its rows, each in one of them. There is one at least.
    pub parts: Vec<Part>,
    /// Its items.
    pub items: u64,
    /// Its bad rows.
    pub bad: u64,
}

impl Counted {
    /// `count` items behind the first `before`, which must be there, with the bad rows in front of each of them; those
    /// at the end of the source belong to its last item. The neighbourhood of both ends is read for that, by readers that
    /// `enter` opens at a position of the source.
    ///
    /// # Errors
    /// Fails as reading does.
    pub fn slice(&self, before: u64, count: u64, enter: &mut Enter<'_>) -> Result<Part, DataError> {
        let begin = self.begin_of(before, enter)?;
        let items = count.min(self.items.saturating_sub(before));
        let bad_at_end = self.parts[0].position.bad + self.bad;
        let bad_before_end =
            if before + items == self.items { bad_at_end } else { self.begin_of(before + items, enter)?.bad };
        let bad = bad_before_end.saturating_sub(begin.bad);
        Ok(Part { position: begin, items, bad })
    }

    /// Where the bad rows in front of an item begin that stands behind this many others.
    fn begin_of(&self, before: u64, enter: &mut Enter<'_>) -> Result<Position, DataError> {
        let front = self.parts[0].position.items();
        let of = |part: &Part| part.position.items() - front;
        let at = self.parts.partition_point(|part| of(part) <= before).max(1) - 1;
        let part = &self.parts[at];
        if of(part) == before {
            return Ok(part.position.clone());
        }
        let mut reader = enter(&part.position)?;
        let (_, rest) = part.clone().split(&mut *reader, before - of(part))?;
        Ok(rest.position)
    }
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
    let counted = count_while(reader, parts, &mut |_, _, _| true)?;
    Ok(counted.expect("nobody has stopped it"))
}

/// What looks at the items and bad rows that a reader has given since the last time, and says whether to go on.
type GoOn<'a> = dyn FnMut(&dyn Reader, &Chunk, &mut Vec<BadRow>) -> bool + 'a;

/// The same, as long as `go_on` says so, which is shown the reader with the items and bad rows since the last time; `None`:
/// it has said no.
///
/// # Errors
/// Fails as [`count_parts`] does.
pub fn count_while(
    reader: &mut dyn Reader,
    parts: usize,
    go_on: &mut GoOn<'_>,
) -> Result<Option<Counted>, DataError> {
    let front = reader.position().ok_or_else(only_once)?;
    let before = (front.items(), front.bad);
    let mut checkpoints = Checkpoints::new(front, parts);
    let (mut chunk, mut bad) = (Chunk::default(), Vec::new());
    let mut more = true;
    while more {
        more = reader.read(checkpoints.rows(), BYTES, &mut chunk, &mut bad)?;
        if !go_on(reader, &chunk, &mut bad) {
            return Ok(None);
        }
        bad.clear();
        // Where there is none, an error comes next.
        if let Some(position) = reader.position().filter(|_| more) {
            checkpoints.note(position);
        }
    }
    let end = reader.position().ok_or_else(only_once)?;
    let (items, bad) = (end.items() - before.0, end.bad - before.1);
    Ok(Some(Counted { parts: checkpoints.parts(&end), items, bad }))
}

/// The error about a source that comes as it comes.
pub(super) fn only_once() -> DataError {
    DataError::Usage(
        "the source can be read only from its front, as standard input and pipes are; it cannot be cut"
            .to_owned(),
    )
}
