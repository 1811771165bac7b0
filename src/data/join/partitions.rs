//! Partitions are the records of one side of a join on the disk, apart by the hash of their keys: those with equal keys are
//! in one partition, in the order in which they came.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::data::DataError;
use crate::data::spool::{temporary_error, temporary_file};

/// How many partitions one set of records is dealt out to: a power of two.
pub(super) const PARTITIONS: usize = 1 << BITS;
const BITS: u32 = 6;
/// How often partitions are dealt out once more. Then no bits of the hash are left that the table does not need.
pub(super) const LEVELS: u32 = 5;
/// Bytes that are written at once.
const BUFFER_BYTES: Range<usize> = 512..256 << 10;
/// Before each record: the place of its item, and the lengths of its key and its text.
const HEAD: usize = 8 + 4 + 4;

/// The records of one side.
#[derive(Debug)]
pub(super) struct Partitions {
    dir: PathBuf,
    file: File,
    end: u64,
    level: u32,
    buffer_bytes: usize,
    parts: Vec<Partition>,
}

#[derive(Debug, Default)]
struct Partition {
    buffer: Vec<u8>,
    /// Where the file has its records, whole ones in each range.
    blocks: Vec<Range<u64>>,
}

/// A record of a partition: the place of the item, its key and its text.
pub(super) type DealtRecord<'r> = (u64, &'r [u8], &'r [u8]);

impl Partitions {
    /// No records yet. `memory` bounds what is gathered before it is written.
    pub(super) fn new(dir: &Path, level: u32, memory: usize) -> Result<Self, DataError> {
        let buffer_bytes = (memory / PARTITIONS / 16).clamp(BUFFER_BYTES.start, BUFFER_BYTES.end);
        let parts = (0..PARTITIONS).map(|_| Partition::default()).collect();
        Ok(Self { dir: dir.to_path_buf(), file: temporary_file(dir)?, end: 0, level, buffer_bytes, parts })
    }

    /// Adds a record whose key has this hash.
    pub(super) fn add(&mut self, hash: u64, (place, key, text): DealtRecord<'_>) -> Result<(), DataError> {
        let (Ok(key_len), Ok(len)) = (u32::try_from(key.len()), u32::try_from(text.len())) else {
            return Err(DataError::Usage("one value to be joined is larger than 4 GiB".to_owned()));
        };
        let part = &mut self.parts[(hash >> (BITS * self.level)) as usize & (PARTITIONS - 1)];
        part.buffer.extend_from_slice(&place.to_le_bytes());
        part.buffer.extend_from_slice(&key_len.to_le_bytes());
        part.buffer.extend_from_slice(&len.to_le_bytes());
        part.buffer.extend_from_slice(key);
        part.buffer.extend_from_slice(text);
        if part.buffer.len() >= self.buffer_bytes {
            let written = part.flush(&self.file, &mut self.end);
            written.map_err(|source| temporary_error("write", &self.dir, source))?;
        }
        Ok(())
    }

    /// No more records will come.
    pub(super) fn finish(&mut self) -> Result<(), DataError> {
        for part in &mut self.parts {
            let written = part.flush(&self.file, &mut self.end);
            written.map_err(|source| temporary_error("write", &self.dir, source))?;
            part.buffer = Vec::new();
        }
        Ok(())
    }

    /// Whether a partition has no records.
    pub(super) fn is_empty(&self, part: usize) -> bool {
        self.parts[part].blocks.is_empty()
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
    pub(super) fn next(&mut self) -> Result<Option<DealtRecord<'_>>, DataError> {
        if self.at == self.buffer.len() {
            let Partitions { dir, file, parts, .. } = self.partitions;
            let Some(block) = parts[self.part].blocks.get(self.block) else { return Ok(None) };
            self.block += 1;
            self.at = 0;
            self.buffer.resize(usize::try_from(block.end - block.start).unwrap_or(usize::MAX), 0);
            file.read_exact_at(&mut self.buffer, block.start)
                .map_err(|source| temporary_error("read", dir, source))?;
        }
        let (head, rest) = self.buffer[self.at..].split_at(HEAD);
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let (place, key_len, len) = (number(&head[..8]), number(&head[8..12]), number(&head[12..]));
        let (key, rest) = rest.split_at(key_len as usize);
        let text = &rest[..len as usize];
        self.at += HEAD + key.len() + text.len();
        Ok(Some((place, key, text)))
    }
}
