//! The state of an attempt says what is in its file: which items have ended, and where their endings lie.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{Tally, Timing};
use crate::store::notes::Notes;
use crate::store::segment::{PackedCommit, WrittenAt};

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
    /// Items that have ended: first index → index behind the last.
    spans: BTreeMap<u64, u64>,
}

impl AttemptState {
    /// Items with consecutive indices have ended.
    pub(super) fn add(&mut self, first: u64, count: u64) {
        let (mut from, mut until) = (first, first + count);
        // Neighbours and what overlaps become one.
        while let Some((start, end)) = self
            .spans
            .range(..=until)
            .next_back()
            .map(|(start, end)| (*start, *end))
            .filter(|(_, end)| *end >= from)
        {
            self.spans.remove(&start);
            (from, until) = (from.min(start), until.max(end));
        }
        self.spans.insert(from, until);
    }

    /// Whether one of these items has ended.
    pub(super) fn overlaps(&self, first: u64, count: u64) -> bool {
        self.spans.range(..first + count).next_back().is_some_and(|(_, end)| *end > first)
    }

    /// The items of a shard that have not ended: first index and count.
    pub fn left_of(&self, runs: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let mut left = Vec::new();
        for (first, count) in runs {
            let (mut at, end) = (*first, first + count);
            while at < end {
                let covering = self.spans.range(..=at).next_back().filter(|(_, until)| **until > at);
                if let Some((_, until)) = covering {
                    at = *until;
                    continue;
                }
                let next = self.spans.range(at..end).next().map_or(end, |(start, _)| *start);
                left.push((at, next - at));
                at = next;
            }
        }
        left
    }

    pub(super) fn book(&mut self, written: &WrittenAt, commit: &PackedCommit, (lines, notes): (u64, &Notes)) {
        let place = written.place;
        let endings = written.endings;
        self.frames.push(AttemptFrame { offset: place.offset, length: place.length, endings });
        self.bytes = place.offset + place.length + endings;
        self.emitted += commit.emitted;
        self.tally.succeeded += lines;
        self.tally.failed += notes.failed.len() as u64;
        self.tally.skipped += notes.skipped.len() as u64;
        // An item is tried again for the first time once.
        self.tally.retried += notes.retried.iter().filter(|item| item.attempt == 1).count() as u64;
        for span in &commit.endings.spans {
            self.add(span.first, u64::from(span.count));
        }
    }
}
