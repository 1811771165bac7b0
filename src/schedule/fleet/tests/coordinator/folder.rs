//! The coordinator keeps the folder of the step: it commits what the machine takes in, and after its death the next one
//! begins with what is written there.

use super::super::disk::{indices, items};
use super::{Simulation, time};
use crate::schedule::fleet::{Fleet, Heard, Indices, Inspection, Kept, Record, Slot, Task};
use crate::value::ShardId;

impl Simulation<'_> {
    /// Tells all that a listing shows, in any order.
    pub(super) fn list(&mut self) {
        let now = time(self.now);
        for (shard, beat) in self.disk.visible_tries(self.now) {
            self.fleet.claimed(&shard);
            if let Some(beat) = beat {
                self.fleet.beat(now, &shard, &beat);
            }
        }
        let mut records = self.disk.visible_records(self.now);
        if self.rng.percent(50) {
            records.reverse();
        }
        for (shard, record) in records {
            self.import(&shard, record);
        }
        self.fleet.listed(now, now);
    }

    fn import(&mut self, shard: &ShardId, record: Record) {
        let heard = self.fleet.record(time(self.now), &record.shard, &record);
        let heard = heard.expect("workers follow the protocol");
        if heard == Heard::Imported {
            let rows = &self.disk.attempt(shard, record.attempt).rows;
            assert!(items(&record.done).is_subset(rows), "{shard} refers to its own file only");
            for item in items(&record.done) {
                let before = self.trace.committed.insert(item, (shard.clone(), record.attempt));
                assert_eq!(before, None, "item {item} is committed twice");
            }
            self.imported.push(record.clone());
        }
        if heard != Heard::Early {
            // Whoever comes second with other items changes nothing.
            let lie = Record { done: record.rest.clone(), rest: record.done.clone(), ..record };
            assert_eq!(self.fleet.record(time(self.now), &lie.shard, &lie), Ok(Heard::Known));
        }
    }

    pub(super) fn inspect(&mut self, shard: &ShardId) {
        let tries = self.disk.tries.get(shard).into_iter().flatten();
        let slots = tries.filter(|one| !one.slot.is_empty());
        let slots = slots.map(|one| Slot { job: Some(one.job), items: indices(&one.slot) }).collect();
        let rows = self.disk.rows(shard).len() as u64;
        let attempts = self.disk.tries.get(shard).map_or(0, |tries| tries.len() as u32);
        self.fleet.inspected(time(self.now), shard, &Inspection { attempts, rows, slots });
    }

    /// The next coordinator knows what was written down and imported, and no more.
    pub(super) fn restart(&mut self, cut: &[Indices]) {
        let shards = |tasks: &Vec<Task>| tasks.iter().map(|task| task.shard.clone()).collect();
        let kept = Kept {
            cut: cut.to_vec(),
            splits: self.disk.splits.clone(),
            records: self.imported.clone(),
            waves: self.disk.waves.iter().map(|(wave, tasks)| (*wave, shards(tasks))).collect(),
        };
        self.answers.clear();
        let fleet = Fleet::recover(self.world.options.clone(), time(self.now), kept);
        self.fleet = fleet.expect("what was imported follows from each other");
        assert_eq!(self.fleet.tally().succeeded, self.trace.committed.len() as u64);
        if let Some(halt) = self.stopped {
            self.fleet.stop(time(self.now), halt);
        }
        for (shard, _) in self.disk.visible_tries(self.now) {
            self.fleet.claimed(&shard);
        }
    }
}
