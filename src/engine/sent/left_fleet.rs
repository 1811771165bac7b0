//! A left fleet is what a coordinator has left of a sent step: enough for another one to go on with its workers.

use std::collections::{BTreeMap, BTreeSet};

use super::sent_fault::SentFault;
use crate::engine::remote_job::{self, WaveFile};
use crate::schedule::fleet::{Kept, Record};
use crate::store::{BegunStep, CommitRecord, ReadShard, RemoteFile, RemotePlace, StoreError, Whence};
use crate::value::{Indices, ShardId};

/// What is left of a sent step.
pub(in crate::engine) struct LeftFleet {
    pub(super) kept: Kept,
    /// What items that are not committed have behind them.
    pub(super) carry: BTreeMap<u64, Whence>,
    /// Shards whose records are taken over.
    pub(super) known: BTreeSet<ShardId>,
    /// The items of each of them, and how many results these have.
    taken: Vec<(Indices, u64)>,
}

impl LeftFleet {
    /// Reads it from the folder of the step, and the records that the run has taken over.
    pub(in crate::engine) fn read(
        place: &RemotePlace,
        of: (&str, &str),
        begun: &BegunStep,
    ) -> Result<Self, SentFault> {
        let cut = remote_job::cut(place)?.into_iter().map(|(_, items)| items).collect();
        let mut kept = Kept { cut, ..Kept::default() };
        for parent in place.splits()? {
            kept.splits.insert(parent.clone(), remote_job::demand(place, &RemoteFile::Split(&parent))?);
        }
        for wave in place.waves()? {
            let file: WaveFile = remote_job::demand(place, &RemoteFile::Wave(wave))?;
            kept.waves.insert(wave, file.tasks.into_iter().map(|task| task.shard).collect());
        }
        let (mut carry, mut known, mut taken) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        for (shard, attempt) in &begun.taken {
            let record = place.record(shard).map_err(SentFault::of_reading)?;
            let Some(record) = record.filter(|record| record.attempt == *attempt) else {
                let what =
                    format!("the run has taken over attempt {attempt} at shard {shard}, which has no record");
                return Err(SentFault::Strange(StoreError::damaged(place.path(), what)));
            };
            let read = place.read_shard(of, &record).map_err(SentFault::of_reading)?;
            for whence in record.carry.iter().filter(|whence| !begun.items.contains(whence.index)) {
                let newest = carry.entry(whence.index).or_insert_with(|| whence.clone());
                if newest.attempts < whence.attempts {
                    *newest = whence.clone();
                }
            }
            taken.push((read.done().clone(), record.emitted));
            kept.records.push(told(&record, &read));
            known.insert(shard.clone());
        }
        Ok(Self { kept, carry, known, taken })
    }

    /// What was taken over: the items of each shard, and how many results these have.
    pub(in crate::engine) fn taken(&self) -> &[(Indices, u64)] {
        &self.taken
    }

    /// All items that were cut.
    pub(in crate::engine) fn items(&self) -> Indices {
        let mut runs: Vec<(u64, u64)> =
            self.kept.cut.iter().flat_map(Indices::iter).map(Into::into).collect();
        runs.sort_unstable();
        Indices::new(runs).unwrap_or_default()
    }
}

/// A record, as the fleet hears of it.
pub(super) fn told(record: &CommitRecord, read: &ReadShard) -> Record {
    Record {
        shard: record.shard.to_string().into(),
        attempt: record.attempt,
        done: read.done().clone(),
        rest: record.rest.clone(),
        goes_on: record.goes_on,
        why: record.why,
        tally: record.tally,
    }
}
