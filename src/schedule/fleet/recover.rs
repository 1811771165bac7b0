//! Recovery: what a coordinator left behind is enough for the next one. Of jobs only the waves are known, so the engine is
//! asked before anything else is submitted.

use std::collections::BTreeMap;
use std::time::Duration;

use super::action::JobId;
use super::machine::Fleet;
use super::options::FleetOptions;
use super::record_fault::RecordFault;
use super::records::Heard;
use super::report::Record;
use super::stem::Place;
use super::wave::{Job, Sent, Wave};
use crate::value::Indices;
use crate::value::ShardId;

/// What the folder of a step and the run's journal hold.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The first cut.
    pub cut: Vec<Indices>,
    /// The children of each shard whose rest was cut.
    pub splits: BTreeMap<ShardId, Vec<Indices>>,
    /// Records that are imported, in any order.
    pub records: Vec<Record>,
    /// The shards of each wave, in the order of its tasks.
    pub waves: BTreeMap<u32, Vec<ShardId>>,
}

impl Fleet {
    /// The machine of a step whose coordinator is gone. Claims and beats are to be told before the first listing ends.
    ///
    /// # Errors
    /// Fails when the records do not follow from each other.
    pub fn recover(options: FleetOptions, now: Duration, kept: Kept) -> Result<Self, RecordFault> {
        let mut fleet = Self::new(options, &kept.cut);
        // What was asked of workers before is not asked now.
        fleet.control();
        fleet.ending.keep_splits(kept.splits);
        let mut records = kept.records;
        loop {
            let before = records.len();
            let mut early = Vec::new();
            for record in records {
                let name = record.shard.clone();
                if fleet.record(now, &name, &record)? == Heard::Early {
                    early.push(record);
                }
            }
            records = early;
            if records.len() == before || records.is_empty() {
                break;
            }
        }
        if let Some(record) = records.first() {
            let what = "the record that it goes on from is missing";
            return Err(RecordFault { name: record.shard.clone(), what });
        }
        for (number, shards) in kept.waves {
            fleet.inherit(now, number, &shards)?;
        }
        Ok(fleet)
    }

    /// A wave of the earlier coordinator. Of several that have one shard the last one does.
    fn inherit(&mut self, now: Duration, number: u32, shards: &[ShardId]) -> Result<(), RecordFault> {
        let mut jobs = Vec::new();
        for (task, shard) in (0..).zip(shards) {
            let Some(stem) = self.stems.find(shard) else {
                return Err(RecordFault {
                    name: shard.to_string().into(),
                    what: "a wave has it, and it is no shard",
                });
            };
            jobs.push(Job::new(stem, now));
            self.leave(stem);
            let stem = self.stems.get_mut(stem);
            if stem.place != Place::Closed {
                stem.place = Place::Working(JobId { wave: number, task });
            }
        }
        let throttle = self.options.workers.max(1).min(jobs.len() as u32);
        if !jobs.is_empty() {
            self.live.insert(number);
        }
        self.waves.insert(number, Wave::new(Sent::Inherited(now), throttle, jobs));
        Ok(())
    }
}
