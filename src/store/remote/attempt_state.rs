//! The state of an attempt says what is in its file: which items have ended, and where their endings lie.

use serde::{Deserialize, Serialize};

use crate::event::{Tally, Timing};
use crate::store::notes::Notes;
use crate::store::segment::{PackedCommit, WrittenAt};
use crate::value::{Covered, Indices};

/// A commit in the file of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptFrame {
    /// Where its results begin.
    pub offset: u64,
    /// Bytes of its results.
    pub length: u64,
    /// Bytes of the blocks behind them.
    pub endings: u64,
}

/// What is in the file of an attempt.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AttemptState {
    /// Its commits.
    pub frames: Vec<AttemptFrame>,
    /// Bytes up to the end of the last one.
    pub bytes: u64,
    /// Its items by their endings.
    pub tally: Tally,
    /// Results that it gives on.
    pub emitted: u64,
    /// How long its items took.
    pub timing: Timing,
    /// Items that have ended.
    pub(super) ended: Covered,
}

impl AttemptState {
    /// The items of a shard that have not ended.
    pub fn left_of(&self, items: &Indices) -> Indices {
        items.without(&self.ended.indices())
    }

    /// Items have ended.
    pub(super) fn add(&mut self, items: &Indices) {
        if self.ended.overlaps(items) {
            self.ended.add(&items.without(&self.ended.indices()));
        } else {
            self.ended.add(items);
        }
    }

    pub(super) fn book(&mut self, written: &WrittenAt, commit: &PackedCommit, (lines, notes): (u64, &Notes)) {
        let place = written.place;
        let endings = written.endings;
        self.frames.push(AttemptFrame { offset: place.offset, length: place.length, endings });
        self.bytes = place.offset + place.length + endings;
        self.emitted += commit.emitted;
        self.tally.add(&notes.tally(lines));
        for span in &commit.endings.spans {
            self.add(&Indices::run(span.first, u64::from(span.count)));
        }
    }
}
