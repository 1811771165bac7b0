//! A stretch is a part of a source that was cut without reading it: nobody knows how many rows it has.

use serde::{Deserialize, Serialize};

use crate::data::read::{Bounds, open_between};
use crate::data::{DataError, Position, ReadOptions, Reader};

/// What lies between two positions of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// Where its first row begins. Rows, bad rows and lines are counted from the front of the source in the first stretch
    /// and behind [`Stretch::behind`]; else rows and lines may begin anew here.
    pub from: Position,
    /// Index of its first row among the rows of the source, where that is known.
    pub first_row: Option<u64>,
    /// Where the next stretch begins; none for the last one.
    pub until: Option<Position>,
}

impl Stretch {
    /// Reads its rows.
    ///
    /// # Errors
    /// Fails as [`open_at`](crate::data::open_at) does.
    pub fn open(&self, options: &ReadOptions) -> Result<Box<dyn Reader>, DataError> {
        open_between(options, Bounds { from: Some(&self.from), until: self.until.as_ref() })
    }

    /// The same stretch with everything counted from the front of the source: `end` is where the reader of the stretch
    /// before it stands when that one was counted so and has been read.
    ///
    /// # Errors
    /// Fails when that is another place.
    pub fn behind(self, end: &Position) -> Result<Self, DataError> {
        if !self.from.is_at(end) {
            return Err(DataError::Usage("the part before ends at another place".to_owned()));
        }
        Ok(Self { first_row: Some(end.rows + 1), from: end.clone(), ..self })
    }
}
