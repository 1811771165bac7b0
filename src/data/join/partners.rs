//! The partners of a spilled join: those of the first partitions stay in a table as long as they fit, the others lie on the
//! disk. Items whose partners are in the table need not wait for the rest.

use super::partitions::{PARTITIONS, Partitions, partition};
use super::record::Record;
use super::rule::JoinRule;
use super::table::PartnerTable;
use crate::data::DataError;
use crate::data::slots::KeyHasher;
use crate::data::spill_space::SpillSpace;

/// All partners.
#[derive(Debug)]
pub(super) struct SpilledPartners {
    rule: JoinRule,
    hasher: KeyHasher,
    /// The partners of partitions below this one are in the table.
    kept: usize,
    table: PartnerTable,
    partitions: Partitions,
}

impl SpilledPartners {
    /// Begins with the partners of a table that is full.
    pub(super) fn begin(rule: JoinRule, space: &SpillSpace, table: PartnerTable) -> Result<Self, DataError> {
        let partitions = Partitions::new(space, 0, rule.memory)?;
        let mut begun = Self { rule, hasher: table.hasher(), kept: PARTITIONS, table, partitions };
        begun.leave_half()?;
        Ok(begun)
    }

    /// Adds a partner whose key has this hash.
    pub(super) fn add(&mut self, hash: u64, partner: Record<'_>) -> Result<(), DataError> {
        while partition(hash, 0) < self.kept {
            if self.table.add(hash, partner)? {
                return Ok(());
            }
            self.leave_half()?;
        }
        self.partitions.add(hash, partner)
    }

    /// The table that has the partners of a key with this hash, unless they are on the disk.
    pub(super) fn in_memory(&self, hash: u64) -> Option<&PartnerTable> {
        (partition(hash, 0) < self.kept).then_some(&self.table)
    }

    /// What is in memory.
    pub(super) fn table(&self) -> &PartnerTable {
        &self.table
    }

    /// What is on the disk; the others are forgotten.
    pub(super) fn into_partitions(self) -> Partitions {
        self.partitions
    }

    /// Half of the partitions in memory go to the disk. Partners of one key stay in their order: they are in one partition.
    fn leave_half(&mut self) -> Result<(), DataError> {
        self.kept /= 2;
        // What is written for the items, and the results that wait for their order, take room beside it.
        let memory = self.rule.memory / 8 * 5;
        let less = PartnerTable::hashed_by(self.rule, self.hasher).within(memory);
        let full = std::mem::replace(&mut self.table, less);
        let hasher = self.hasher;
        full.take_apart(&mut |record| self.add(hasher.hash(record.key), record))
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::{JoinHow, JoinMany};
    use super::*;

    #[test]
    fn what_fits_stays_in_memory_and_every_partner_is_in_one_place() {
        let dir = tempfile::tempdir().expect("a folder");
        for (partners, kept) in [(1_200_u64, 200..800), (4_000, 50..600), (100_000, 0..300)] {
            let rule = JoinRule { how: JoinHow::Inner, many: JoinMany::All, memory: 100_000 };
            let space = SpillSpace::from(dir.path());
            let table = PartnerTable::new(rule);
            let hasher = table.hasher();
            let mut spilled = SpilledPartners::begin(rule, &space, table).expect("writable");
            let keys: Vec<String> = (0..partners).map(|number| number.to_string()).collect();
            for (key, place) in keys.iter().zip(1..) {
                let record = Record { place, key: key.as_bytes(), text: &[b'.'; 100] };
                spilled.add(hasher.hash(record.key), record).expect("writable");
            }
            let mut in_memory = 0;
            for (key, place) in keys.iter().zip(1..) {
                let hash = hasher.hash(key.as_bytes());
                let mut found = Vec::new();
                spilled.table().find(hash, key.as_bytes(), &mut found);
                let places: Vec<u64> = found.iter().map(|at| spilled.table().partner(*at).place).collect();
                let is_here = spilled.in_memory(hash).is_some();
                assert_eq!(places, if is_here { vec![place] } else { vec![] });
                in_memory += u64::from(is_here);
            }
            let on_disk: u64 = (0..PARTITIONS).map(|part| spilled.partitions.records(part)).sum();
            assert_eq!(in_memory + on_disk, partners);
            assert!(kept.contains(&in_memory), "{in_memory} of {partners}");
        }
    }
}
