//! The rows of a part of a step's input come from a file, a stream, or slices that have indices of their own.

use std::time::{Duration, Instant};

use super::framed_runs::FramedRuns;
use super::index_run::IndexRuns;
use super::stream::{Arrival, Stream};
use crate::data::{BadRow, DataError, Reader};
use crate::value::Chunk;

/// Where the rows of a part come from.
pub(super) enum Rows {
    /// A file, which is read here and now.
    Here(Box<dyn Reader>),
    /// An input that may take its time.
    Stream(Stream),
    /// Slices of a source, with indices of their own.
    Runs(IndexRuns),
    /// Items that were put into frames, with indices of their own.
    Framed(FramedRuns),
}

/// What one look at a part has shown.
#[derive(Default)]
pub(super) struct Seen {
    /// Rows in all so far.
    pub(super) rows: u64,
    pub(super) reading: Duration,
    pub(super) more: bool,
    pub(super) nothing_yet: bool,
    /// Whether the chunk has the index of its first item already.
    pub(super) numbered: bool,
}

impl Rows {
    /// Whether their items have indices of their own.
    pub(super) fn are_numbered(&self) -> bool {
        matches!(self, Self::Runs(_) | Self::Framed(_))
    }

    /// The next rows.
    pub(super) fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        wait: Duration,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<Seen, DataError> {
        match self {
            Self::Here(reader) => {
                let begun = Instant::now();
                let more = reader.read(max_items, max_bytes, chunk, bad);
                let seen = Seen { rows: reader.rows(), reading: begun.elapsed(), ..Seen::default() };
                more.map(|more| Seen { more, ..seen })
            }
            Self::Stream(stream) => {
                let Some(arrival) = stream.next(wait) else {
                    return Ok(Seen { nothing_yet: true, ..Seen::default() });
                };
                let Arrival { chunk: rows, bad: worse, rows: count, reading, more } = arrival?;
                *chunk = rows;
                bad.extend(worse);
                Ok(Seen { rows: count, reading, more, ..Seen::default() })
            }
            Self::Runs(runs) => {
                let begun = Instant::now();
                let more = runs.read(max_items, max_bytes, chunk, bad)?;
                let (rows, reading) = (runs.rows(), begun.elapsed());
                Ok(Seen { rows, reading, more, numbered: true, ..Seen::default() })
            }
            Self::Framed(runs) => {
                let more = runs.read(max_items, max_bytes, chunk)?;
                Ok(Seen { rows: runs.rows(), more, numbered: true, ..Seen::default() })
            }
        }
    }
}
