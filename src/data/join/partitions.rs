//! Partitions are the records of one side of a join on the disk, apart by the hash of their keys: those with equal keys are
//! in one partition, in the order in which they came.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::record::Record;
use crate::data::DataError;
use crate::data::spill_space::SpillSpace;
use crate::data::spool::{temporary_error, temporary_file};

/// How many partitions one set of records is dealt out to: a power of two.
pub(super) const PARTITIONS: usize = 1 << BITS;
const BITS: u32 = 6;
/// How often partitions are dealt out once more. Then no bits of the hash are left that the table does not need.
pub(super) const LEVELS: u32 = 5;
/// Bytes that are written at once.
const BUFFER_BYTES: Range<usize> = 512..256 << 10;

/// The records of one side.
#[derive(Debug)]
pub(super) struct Partitions {
    space: SpillSpace,
    file: File,
    end: u64,
    level: u32,
    buffer_bytes: usize,
    parts: Vec<Partition>,
}

/// Which partition of the first level a key with this hash is in, or of a further one.
pub(super) fn partition(hash: u64, level: u32) -> usize {
    (hash >> (BITS * level)) as usize & (PARTITIONS - 1)
}

#[derive(Debug, Default)]
struct Partition {
    buffer: Vec<u8>,
    /// Where the file has its records, whole ones in each range.
    blocks: Vec<Range<u64>>,
    records: u64,
}

impl Partitions {
    /// No records yet. `memory` bounds what is gathered before it is written.
    pub(super) fn new(space: &SpillSpace, level: u32, memory: usize) -> Result<Self, DataError> {
        let buffer_bytes = (memory / PARTITIONS / 16).clamp(BUFFER_BYTES.start, BUFFER_BYTES.end);
        let parts = (0..PARTITIONS).map(|_| Partition::default()).collect();
        Ok(Self {
            space: space.clone(),
            file: temporary_file(space.dir())?,
            end: 0,
            level,
            buffer_bytes,
            parts,
        })
    }

    /// Adds a record whose key has this hash.
    pub(super) fn add(&mut self, hash: u64, record: Record<'_>) -> Result<(), DataError> {
        let head = record.head()?;
        let part = &mut self.parts[partition(hash, self.level)];
        record.push(&head, &mut part.buffer);
        part.records += 1;
        if part.buffer.len() >= self.buffer_bytes {
            self.space.wrote(part.buffer.len() as u64);
            let written = part.flush(&self.file, &mut self.end);
            written.map_err(|source| temporary_error("write", self.space.dir(), source))?;
        }
        Ok(())
    }

    /// No more records will come.
    pub(super) fn finish(&mut self) -> Result<(), DataError> {
        for part in &mut self.parts {
            self.space.wrote(part.buffer.len() as u64);
            let written = part.flush(&self.file, &mut self.end);
            written.map_err(|source| temporary_error("write", self.space.dir(), source))?;
            part.buffer = Vec::new();
        }
        Ok(())
    }

    /// Whether a partition has no records.
    pub(super) fn is_empty(&self, part: usize) -> bool {
        self.parts[part].blocks.is_empty()
    }

    /// How many records a partition has.
    pub(super) fn records(&self, part: usize) -> u64 {
        self.parts[part].records
    }

    /// Reads a partition from the front, any number of times.
    pub(super) fn read(&self, part: usize) -> PartitionReader<'_> {
        PartitionReader { partitions: self, part, block: 0, buffer: Vec::new(), at: 0 }
    }
}

impl Partition {
    fn flush(&mut self, file: &File, end: &mut u64) -> std::io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        file.write_all_at(&self.buffer, *end)?;
        let start = *end;
        *end += self.buffer.len() as u64;
        self.blocks.push(start..*end);
        self.buffer.clear();
        Ok(())
    }
}

/// One reader of a partition.
#[derive(Debug)]
pub(super) struct PartitionReader<'p> {
    partitions: &'p Partitions,
    part: usize,
    block: usize,
    buffer: Vec<u8>,
    at: usize,
}

impl PartitionReader<'_> {
    /// The next record.
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>, DataError> {
        if self.at == self.buffer.len() {
            let Partitions { space, file, parts, .. } = self.partitions;
            let Some(block) = parts[self.part].blocks.get(self.block) else { return Ok(None) };
            self.block += 1;
            self.at = 0;
            self.buffer.resize(usize::try_from(block.end - block.start).unwrap_or(usize::MAX), 0);
            file.read_exact_at(&mut self.buffer, block.start)
                .map_err(|source| temporary_error("read", space.dir(), source))?;
        }
        let record = Record::read(&self.buffer[self.at..]);
        self.at += record.len();
        Ok(Some(record))
    }
}
