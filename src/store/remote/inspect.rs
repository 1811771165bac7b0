//! The files of dead attempts are looked at here before anybody tries again: how many items they had finished, and which ones
//! they had at work.

use std::collections::BTreeSet;

use super::place::RemotePlace;
use super::slots::{self, SlotJob};
use super::source_name::source_name;
use crate::store::{StoreError, endings, segment};
use crate::value::{Indices, ShardId};

/// What all attempts at a shard have left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftBehind {
    /// How many there were.
    pub attempts: u32,
    /// Items that are in whole commits of any of them.
    pub items: u64,
    /// The items that each had at work, with its job.
    pub at_work: Vec<(SlotJob, Indices)>,
}

impl RemotePlace {
    /// Looks at what the attempts at a shard have left, of a step of a run.
    ///
    /// # Errors
    /// Fails when the attempts cannot be listed.
    pub fn left_behind(&self, (run, step): (&str, &str), shard: &ShardId) -> Result<LeftBehind, StoreError> {
        let mut left = LeftBehind::default();
        let mut firsts = BTreeSet::new();
        for number in self.attempts(shard)? {
            left.attempts += 1;
            let tag = endings::tag_of_source(run, step, &source_name(shard, number));
            let scanned = segment::scan(&self.attempt(shard, number), |_| (tag, 0));
            for commit in scanned.map(|scanned| scanned.commits).unwrap_or_default() {
                // A commit that was taken over stands in several files.
                for span in &commit.head.spans {
                    left.items += if firsts.insert(span.first) { u64::from(span.count) } else { 0 };
                }
            }
            let at_work = slots::read(&self.slots(shard, number));
            left.at_work.extend(at_work.filter(|(_, items)| !items.is_empty()));
        }
        Ok(left)
    }
}
