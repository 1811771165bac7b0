//! This module says what items of a new run came to in an old one: each old item is given to one new item at most.
//!
//! Items are matched by identity and occurrence: the new items with one identity get the old ones with it, in order.
//! The old function is compared with the new one once, by fingerprints, when a step is opened.

mod answer;
mod old_step;
mod table;

pub use self::answer::{Ended, NewItems, Reused};

use self::old_step::OldStep;
use super::{Fingerprint, LinesPerItem, StoreError, StoredRun};

/// Why the old results of a step cannot be used, whatever the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// The old run had no such step, or did not come to it.
    Unknown,
    /// These parts of the fingerprint are different.
    Changed(Vec<String>),
}

/// One step of the old runs that a run resumes: it says what became of each item there.
#[derive(Debug)]
pub struct Reuse {
    /// The run that is resumed, the one that it resumed, …
    old: Vec<OldStep>,
    shape: LinesPerItem,
}

impl Reuse {
    /// Opens a step of an old run, and of the runs that one resumed in its turn: what it had not come to before it
    /// was cut off may still lie there. `runs` are these, the newest first.
    ///
    /// # Errors
    /// Fails when one of the runs cannot be read. `Ok(Err(…))` says why their results are of no use.
    pub fn open(
        runs: Vec<StoredRun>,
        step: &str,
        shape: LinesPerItem,
        keyed: bool,
        fingerprint: &Fingerprint,
    ) -> Result<Result<Self, Unusable>, StoreError> {
        let mut old = Vec::new();
        let mut unusable = Unusable::Unknown;
        for run in runs {
            let record = match run.step(step) {
                Ok(record) => record,
                Err(StoreError::NoStep { .. }) => continue,
                Err(error) => return Err(error),
            };
            let Some(old_shape) = record.shape else { continue };
            let mut changed = differences(&record.fingerprint, fingerprint);
            if old_shape != shape {
                changed.push("verb".to_owned());
            }
            if record.keyed != keyed {
                changed.push("key".to_owned());
            }
            if !changed.is_empty() {
                unusable = Unusable::Changed(changed);
                break;
            }
            let whole = record.is_whole();
            old.push(OldStep::open(run, step)?);
            // It has taken over whatever the runs before it had; the rest was dropped.
            if whole {
                break;
            }
        }
        Ok(if old.is_empty() { Err(unusable) } else { Ok(Self { old, shape }) })
    }

    /// What became of the item at `at` in the old runs; its result lines are appended to `out`. Each item is asked
    /// for once, in order: the answer is then taken.
    ///
    /// # Errors
    /// Fails when an old run cannot be read. A damaged result is no error: it is [`Reused::Damaged`].
    pub fn take(&mut self, items: &NewItems<'_>, at: usize, out: &mut Vec<u8>) -> Result<Reused, StoreError> {
        let mut answer = Reused::New;
        for old in &mut self.old {
            // Every run gives its occurrence away, whether it is needed or not, so that the next repeat gets the next.
            let Some(position) = old.claim(items, at) else { continue };
            if matches!(answer, Reused::New | Reused::Damaged) {
                answer = old.ending(position, items, at, self.shape, out)?;
            }
        }
        Ok(answer)
    }

    /// As [`Reuse::take`], for those who only want to know what would be taken.
    pub fn look(&mut self, items: &NewItems<'_>, at: usize) -> Ended {
        let mut answer = Ended::Open;
        for old in &mut self.old {
            let Some(position) = old.claim(items, at) else { continue };
            if answer == Ended::Open {
                answer = old.ended(position, items, at);
            }
        }
        answer
    }

    /// Items that had ended in the old runs, at most.
    pub fn known(&self) -> u64 {
        self.old.iter().map(OldStep::len).sum()
    }

    /// Items of the old run that nobody has asked for: once all new items are through, those that are gone.
    pub fn left(&self) -> u64 {
        self.old.iter().map(OldStep::left).max().unwrap_or(0)
    }

    /// What is wrong with the old runs.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.old.iter().flat_map(OldStep::warnings)
    }
}

/// The names of what is different, each once, sorted.
pub fn differences(old: &Fingerprint, new: &Fingerprint) -> Vec<String> {
    let one_way = |these: &Fingerprint, those: &Fingerprint| -> Vec<String> {
        these.iter().filter(|part| !those.contains(part)).map(|(name, _)| name.clone()).collect()
    };
    let mut names = [one_way(old, new), one_way(new, old)].concat();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests;
