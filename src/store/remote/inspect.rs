//! The files of dead attempts are looked at here before anybody tries again: how many items they had finished, and which ones
//! they had at work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use super::place::RemotePlace;
use super::slots::{self, SlotJob};
use super::source_name::source_name;
use crate::store::{RetriedItem, StoreError, endings, segment};
use crate::value::{Indices, ShardId};

/// What all attempts at a shard have left.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LeftBehind {
    /// How many there were.
    pub attempts: u32,
    /// Items that are in whole commits of any of them.
    pub items: u64,
    /// Failed attempts of their items, whoever of them has noted them, by item and attempt.
    pub retried: BTreeMap<(u64, u32), RetriedItem>,
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
            let path = self.attempt(shard, number);
            let file = File::open(&path).ok();
            let scanned = segment::scan(&path, |_| (tag, 0));
            for commit in scanned.map(|scanned| scanned.commits).unwrap_or_default() {
                let notes =
                    file.as_ref().and_then(|file| segment::read_notes(file, commit.place, &commit.head));
                let retried = notes.map(|notes| notes.retried).unwrap_or_default();
                left.retried.extend(retried.into_iter().map(|item| ((item.index, item.attempt), item)));
                // A commit that was taken over stands in several files.
                for span in &commit.head.spans {
                    left.items += if firsts.insert(span.first) { u64::from(span.count) } else { 0 };
                }
            }
            let at_work = slots::read(&self.slots(shard, number)).map(|written| (written.job, written.items));
            left.at_work.extend(at_work.filter(|(_, items)| !items.is_empty()));
        }
        Ok(left)
    }
}
