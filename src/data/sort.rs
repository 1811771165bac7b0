//! This module puts records in the order of their keys, any number of them: sorted parts go to a temporary file and
//! are merged. The caller decides what keys mean; they compare as bytes.

mod merge;
mod record;

pub use record::Record;

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use self::merge::Merge;
use crate::data::DataError;
use crate::data::spill_space::SpillSpace;
use crate::data::spool::{temporary_error, temporary_file};

/// Bytes of records kept in memory, with what is known about them.
const MEMORY_BYTES_MAX: usize = 96 << 20;
/// Less than this makes parts that are too many to be read together.
const MEMORY_BYTES_MIN: usize = 1 << 20;
/// Bytes written at once.
const WRITE_BYTES: usize = 1 << 20;

/// Collects records, then gives them back sorted. Records with equal keys keep their order.
#[derive(Debug)]
pub struct Sorter {
    space: SpillSpace,
    /// Keys and values, each record's one after the other.
    arena: Vec<u8>,
    entries: Vec<SortEntry>,
    memory_max: usize,
    file: Option<File>,
    /// Where the file ends.
    end: u64,
    parts: Vec<Range<u64>>,
}

/// A record in memory.
#[derive(Debug, Clone, Copy)]
struct SortEntry {
    /// The first bytes of the key, which mostly decide.
    prefix: u64,
    at: usize,
    key: u32,
    value: u32,
}

/// What a sorter may take of the memory of a step that has more to hold: an eighth, within bounds.
pub fn sorter_memory(memory: usize) -> usize {
    (memory / 8).clamp(MEMORY_BYTES_MIN, MEMORY_BYTES_MAX)
}

impl SortEntry {
    fn key(self, arena: &[u8]) -> &[u8] {
        &arena[self.at..self.at + self.key as usize]
    }

    fn value(self, arena: &[u8]) -> &[u8] {
        let start = self.at + self.key as usize;
        &arena[start..start + self.value as usize]
    }
}

impl Sorter {
    /// An empty one; a temporary file, when needed, goes to `space`.
    pub fn new(space: impl Into<SpillSpace>) -> Self {
        Self {
            space: space.into(),
            arena: Vec::new(),
            entries: Vec::new(),
            memory_max: MEMORY_BYTES_MAX,
            file: None,
            end: 0,
            parts: Vec::new(),
        }
    }

    /// Keeps no more than this in memory, however small.
    #[must_use]
    pub fn with_memory(self, bytes: usize) -> Self {
        Self { memory_max: bytes, ..self }
    }

    /// Keeps no more in memory than its part of what a step may take in all, as [`sorter_memory`] says.
    #[must_use]
    pub fn within(self, memory: usize) -> Self {
        self.with_memory(sorter_memory(memory))
    }

    /// Adds a record.
    ///
    /// # Errors
    /// Fails when the key or the value is larger than 4 GiB, and when the temporary file cannot be made or written.
    pub fn push(&mut self, key: &[u8], value: &[u8]) -> Result<(), DataError> {
        let (Ok(key_len), Ok(value_len)) = (u32::try_from(key.len()), u32::try_from(value.len())) else {
            return Err(DataError::Usage("one value to be sorted is larger than 4 GiB".to_owned()));
        };
        let more = key.len() + value.len() + size_of::<SortEntry>();
        if !self.entries.is_empty() && self.memory() + more > self.memory_max {
            self.spill()?;
        }
        let mut first = [0; 8];
        let known = key.len().min(8);
        first[..known].copy_from_slice(&key[..known]);
        let (prefix, at) = (u64::from_be_bytes(first), self.arena.len());
        self.arena.extend_from_slice(key);
        self.arena.extend_from_slice(value);
        self.entries.push(SortEntry { prefix, at, key: key_len, value: value_len });
        Ok(())
    }

    /// No more records will come. What did not fit in memory is read back from now on.
    ///
    /// # Errors
    /// Fails when the temporary file cannot be written or read.
    pub fn finish(mut self) -> Result<Sorted, DataError> {
        if self.parts.is_empty() {
            self.sort();
            return Ok(Sorted(SortRecords::Memory { arena: self.arena, entries: self.entries, next: 0 }));
        }
        self.spill()?;
        let file = self.file.take().expect("a part was spilled to it");
        Merge::new(file, self.space.dir(), &self.parts).map(|merge| Sorted(SortRecords::Merged(merge)))
    }

    fn memory(&self) -> usize {
        self.arena.len() + self.entries.len() * size_of::<SortEntry>()
    }

    fn sort(&mut self) {
        let arena = &self.arena;
        // Where a record lies is when it came, which keeps equal keys in order.
        self.entries.sort_unstable_by(|a, b| {
            let prefix = a.prefix.cmp(&b.prefix);
            prefix.then_with(|| a.key(arena).cmp(b.key(arena))).then_with(|| a.at.cmp(&b.at))
        });
    }

    fn spill(&mut self) -> Result<(), DataError> {
        self.sort();
        let start = self.end;
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(temporary_file(self.space.dir())?),
        };
        let mut buffer = Vec::with_capacity(WRITE_BYTES);
        let mut flush = |buffer: &mut Vec<u8>| {
            let written = file.write_all_at(buffer, self.end);
            written.map_err(|source| temporary_error("write", self.space.dir(), source))?;
            self.end += buffer.len() as u64;
            self.space.wrote(buffer.len() as u64);
            buffer.clear();
            Ok(())
        };
        for entry in &self.entries {
            if buffer.len() >= WRITE_BYTES {
                flush(&mut buffer)?;
            }
            buffer.extend_from_slice(&entry.key.to_le_bytes());
            buffer.extend_from_slice(&entry.value.to_le_bytes());
            buffer.extend_from_slice(entry.key(&self.arena));
            buffer.extend_from_slice(entry.value(&self.arena));
        }
        flush(&mut buffer)?;
        self.parts.push(start..self.end);
        self.arena.clear();
        self.entries.clear();
        // One huge record must not stay for the rest of the run.
        self.arena.shrink_to(2 * self.memory_max);
        Ok(())
    }
}

/// Records in the order of their keys.
#[derive(Debug)]
pub struct Sorted(SortRecords);

#[derive(Debug)]
enum SortRecords {
    Memory { arena: Vec<u8>, entries: Vec<SortEntry>, next: usize },
    Merged(Merge),
}

impl Sorted {
    /// The next record: its key and its value.
    ///
    /// # Errors
    /// Fails when the temporary file cannot be read.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend what it owns")]
    pub fn next(&mut self) -> Result<Option<Record<'_>>, DataError> {
        match &mut self.0 {
            SortRecords::Memory { arena, entries, next } => {
                let Some(entry) = entries.get(*next) else { return Ok(None) };
                *next += 1;
                Ok(Some((entry.key(arena), entry.value(arena))))
            }
            SortRecords::Merged(merge) => merge.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Owned = (Vec<u8>, Vec<u8>);

    fn sorted(records: &[Owned], memory: usize) -> Vec<Owned> {
        let dir = tempfile::tempdir().expect("a folder");
        let mut sorter = Sorter::new(dir.path()).with_memory(memory);
        for (key, value) in records {
            sorter.push(key, value).expect("writable");
        }
        let mut records = sorter.finish().expect("writable");
        let mut seen = Vec::new();
        while let Some((key, value)) = records.next().expect("readable") {
            seen.push((key.to_vec(), value.to_vec()));
        }
        seen
    }

    #[test]
    fn nothing_sorts_to_nothing() {
        assert_eq!(sorted(&[], 0), []);
    }

    #[test]
    fn a_record_larger_than_every_bound_passes_through() {
        let huge = (b"b".to_vec(), vec![7; 3 << 20]);
        let small = (b"a".to_vec(), vec![1]);
        let expect = [small.clone(), huge.clone(), huge.clone()];
        assert!(sorted(&[huge.clone(), small, huge], 100) == expect);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn for_any_records_and_any_bound_the_order_is_that_of_a_stable_sort(
            keys in prop::collection::vec(prop::collection::vec(0..3_u8, 0..12), 0..200),
            long in 0..2000_usize,
            memory in 0..6000_usize,
        ) {
            let value = |at: usize| [at.to_string().into_bytes(), vec![0; if at.is_multiple_of(7) { long } else { 0 }]].concat();
            let records: Vec<Owned> = keys.into_iter().enumerate().map(|(at, key)| (key, value(at))).collect();
            let mut expect = records.clone();
            expect.sort_by(|a, b| a.0.cmp(&b.0));
            prop_assert_eq!(sorted(&records, memory), expect);
        }
    }
}
