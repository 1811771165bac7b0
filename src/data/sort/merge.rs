//! This module reads several sorted parts of one file as one, with a heap of the parts by their next record. `sort`
//! writes the parts.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::record::{HEADER, Record};
use crate::data::DataError;
use crate::data::spool::temporary_error;

/// Bytes of all parts held in memory together, as long as each gets its least.
const BUFFER_BYTES: usize = 64 << 20;
const PART_BYTES_MIN: usize = 16 << 10;
const PART_BYTES_MAX: usize = 1 << 20;

/// The sorted parts of one temporary file, read as one.
#[derive(Debug)]
pub(super) struct Merge {
    file: File,
    dir: PathBuf,
    parts: Vec<SortedPart>,
    /// Runs that have a record left, the one with the smallest key first.
    heap: Vec<usize>,
    /// Whether the first part's record was given away.
    given: bool,
}

#[derive(Debug)]
struct SortedPart {
    /// What of the file is still to be read.
    left: Range<u64>,
    buffer: Vec<u8>,
    /// How much is read at once.
    block: usize,
    /// Where the record at hand begins in the buffer.
    at: usize,
    key: usize,
    value: usize,
}

impl SortedPart {
    fn key(&self) -> &[u8] {
        &self.buffer[self.at + HEADER..][..self.key]
    }

    fn value(&self) -> &[u8] {
        &self.buffer[self.at + HEADER + self.key..][..self.value]
    }

    /// Goes to the record that begins at `at` of the buffer; `false` when there is none.
    fn load(&mut self, file: &File, at: usize) -> std::io::Result<bool> {
        self.at = at;
        if self.buffer.len() == at && self.left.is_empty() {
            return Ok(false);
        }
        self.fill(file, HEADER)?;
        let length = |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let header = &self.buffer[self.at..][..HEADER];
        (self.key, self.value) = (length(&header[..4]), length(&header[4..]));
        self.fill(file, HEADER + self.key + self.value)?;
        Ok(true)
    }

    /// Makes sure that so many bytes of the record at hand are in the buffer.
    fn fill(&mut self, file: &File, wanted: usize) -> std::io::Result<()> {
        if self.buffer.len() - self.at >= wanted {
            return Ok(());
        }
        self.buffer.drain(..self.at);
        self.at = 0;
        let have = self.buffer.len();
        let left = usize::try_from(self.left.end - self.left.start).unwrap_or(usize::MAX);
        let more = self.block.max(wanted).saturating_sub(have).min(left);
        self.buffer.resize(have + more, 0);
        file.read_exact_at(&mut self.buffer[have..], self.left.start)?;
        self.left.start += more as u64;
        if self.buffer.len() < wanted {
            return Err(std::io::Error::new(
                std::io::ErrorKind::UnexpectedEof,
                "the file has become shorter",
            ));
        }
        Ok(())
    }
}

impl Merge {
    /// Reads the first record of each part.
    pub(super) fn new(file: File, dir: &Path, parts: &[Range<u64>]) -> Result<Self, DataError> {
        let block = (BUFFER_BYTES / parts.len().max(1)).clamp(PART_BYTES_MIN, PART_BYTES_MAX);
        let part = |range: &Range<u64>| SortedPart {
            left: range.clone(),
            buffer: Vec::new(),
            block,
            at: 0,
            key: 0,
            value: 0,
        };
        let mut merge = Self {
            parts: parts.iter().map(part).collect(),
            heap: Vec::new(),
            given: false,
            dir: dir.to_path_buf(),
            file,
        };
        for at in 0..merge.parts.len() {
            if merge.load(at, 0)? {
                merge.heap.push(at);
            }
        }
        for at in (0..merge.heap.len() / 2).rev() {
            merge.sink(at);
        }
        Ok(merge)
    }

    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>, DataError> {
        if std::mem::replace(&mut self.given, true) {
            self.step()?;
        }
        let first = self.heap.first().map(|first| &self.parts[*first]);
        Ok(first.map(|part| (part.key(), part.value())))
    }

    /// Puts the first part behind its record.
    fn step(&mut self) -> Result<(), DataError> {
        let Some(first) = self.heap.first().copied() else { return Ok(()) };
        let part = &self.parts[first];
        let behind = part.at + HEADER + part.key + part.value;
        if !self.load(first, behind)? {
            self.heap.swap_remove(0);
            self.parts[first].buffer = Vec::new();
        }
        self.sink(0);
        Ok(())
    }

    fn load(&mut self, part: usize, at: usize) -> Result<bool, DataError> {
        self.parts[part].load(&self.file, at).map_err(|source| temporary_error("read", &self.dir, source))
    }

    /// Lets the part at `at` of the heap go down to its place. Of equal keys, those of earlier parts came first.
    fn sink(&mut self, mut at: usize) {
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let mut least = at;
            for child in [left, right] {
                if child < self.heap.len() && self.before(child, least) {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            self.heap.swap(at, least);
            at = least;
        }
    }

    /// Whether the part at `a` of the heap gives its record before the one at `b`.
    fn before(&self, a: usize, b: usize) -> bool {
        let (one, two) = (self.heap[a], self.heap[b]);
        (self.parts[one].key(), one) < (self.parts[two].key(), two)
    }
}
