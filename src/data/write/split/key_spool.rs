//! A key spool keeps lines until all lines of a key are wanted one after the other. It gathers them in memory, and writes
//! them key by key to an unnamed file whenever memory is full: so each key's lines lie in a few long stretches.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::data::DataError;
use crate::data::spool::{temporary_error, temporary_file};

/// Lines kept in memory: few enough to be no burden, and enough that the stretches of ten thousand keys are some kilobytes
/// long.
const MEMORY_BYTES_MAX: usize = 64 << 20;

/// What a line takes beside its text, until the lines are written in order.
const LINE_BYTES: usize = 48;

/// What is read of a key at once.
const BLOCK: u64 = 1 << 20;

/// Lines by the number of their key.
pub(super) struct KeySpool {
    dir: PathBuf,
    lines: Vec<u8>,
    /// The key of each line, and where it ends.
    ends: Vec<(usize, usize)>,
    file: Option<File>,
    written: u64,
    stretches: HashMap<usize, Vec<Stretch>>,
    memory_max: usize,
}

/// Where lines of one key lie in the file.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    start: u64,
    bytes: u64,
}

/// The lines of one key.
pub(super) struct KeyLines {
    stretches: std::vec::IntoIter<Stretch>,
    at: Stretch,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were given out.
    given: usize,
}

impl KeySpool {
    /// An empty one, whose file goes to `dir`.
    pub(super) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_path_buf(),
            lines: Vec::new(),
            ends: Vec::new(),
            file: None,
            written: 0,
            stretches: HashMap::new(),
            memory_max: MEMORY_BYTES_MAX,
        }
    }

    /// Adds a line of a key, with its line feed.
    pub(super) fn push(&mut self, key: usize, line: &[u8]) -> Result<(), DataError> {
        self.lines.extend_from_slice(line);
        self.ends.push((key, self.lines.len()));
        let held = self.lines.len() + self.ends.len() * LINE_BYTES;
        if held < self.memory_max { Ok(()) } else { self.spill() }
    }

    /// The lines of a key, in their order. No more lines may come.
    pub(super) fn take(&mut self, key: usize) -> Result<KeyLines, DataError> {
        self.spill()?;
        let stretches = self.stretches.remove(&key).unwrap_or_default().into_iter();
        Ok(KeyLines { stretches, at: Stretch { start: 0, bytes: 0 }, buffer: Vec::new(), given: 0 })
    }

    fn spill(&mut self) -> Result<(), DataError> {
        if self.ends.is_empty() {
            return Ok(());
        }
        let mut order: Vec<usize> = (0..self.ends.len()).collect();
        order.sort_by_key(|at| self.ends[*at].0);
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(temporary_file(&self.dir)?),
        };
        let mut buffered = std::io::BufWriter::with_capacity(1 << 18, file);
        for at in order {
            let (key, end) = self.ends[at];
            let line = &self.lines[at.checked_sub(1).map_or(0, |before| self.ends[before].1)..end];
            buffered.write_all(line).map_err(|source| temporary_error("write", &self.dir, source))?;
            let (start, bytes) = (self.written, line.len() as u64);
            self.written += bytes;
            let stretches = self.stretches.entry(key).or_default();
            match stretches.last_mut() {
                Some(last) if last.start + last.bytes == start => last.bytes += bytes,
                _ => stretches.push(Stretch { start, bytes }),
            }
        }
        buffered.flush().map_err(|source| temporary_error("write", &self.dir, source))?;
        drop(buffered);
        self.lines.clear();
        self.ends.clear();
        Ok(())
    }
}

impl KeyLines {
    /// The next complete lines; `None` when there are no more.
    pub(super) fn next(&mut self, spool: &KeySpool) -> Result<Option<&[u8]>, DataError> {
        self.buffer.drain(..self.given);
        self.given = 0;
        loop {
            if let Some(end) = memchr::memrchr(b'\n', &self.buffer) {
                self.given = end + 1;
                return Ok(Some(&self.buffer[..self.given]));
            }
            if self.at.bytes == 0 {
                match self.stretches.next() {
                    Some(stretch) => self.at = stretch,
                    None => return Ok(None),
                }
            }
            self.read(spool)?;
        }
    }

    fn read(&mut self, spool: &KeySpool) -> Result<(), DataError> {
        let bytes = self.at.bytes.min(BLOCK);
        let begun = self.buffer.len();
        self.buffer.resize(begun + bytes as usize, 0);
        let file = spool.file.as_ref().expect("stretches lie in a file");
        file.read_exact_at(&mut self.buffer[begun..], self.at.start)
            .map_err(|source| temporary_error("read", &spool.dir, source))?;
        self.at = Stretch { start: self.at.start + bytes, bytes: self.at.bytes - bytes };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn each_key_has_its_lines_in_their_order(
            lines in prop::collection::vec((0..7_usize, 0..40_usize), 0..300), memory_max in 1..2000_usize,
        ) {
            let dir = tempfile::tempdir().expect("a folder");
            let mut spool = KeySpool::new(dir.path());
            spool.memory_max = memory_max;
            let mut expect: HashMap<usize, Vec<u8>> = HashMap::new();
            for (at, (key, length)) in lines.into_iter().enumerate() {
                let line = format!("{at}{}\n", "x".repeat(length));
                expect.entry(key).or_default().extend_from_slice(line.as_bytes());
                spool.push(key, line.as_bytes()).expect("writable");
            }
            for key in (0..8).rev() {
                let mut lines = spool.take(key).expect("writable");
                let mut found = Vec::new();
                while let Some(more) = lines.next(&spool).expect("readable") {
                    prop_assert!(more.ends_with(b"\n"));
                    found.extend_from_slice(more);
                }
                prop_assert_eq!(&found, &expect.remove(&key).unwrap_or_default());
            }
        }
    }

    #[test]
    fn a_line_may_be_longer_than_what_is_read_at_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut spool = KeySpool::new(dir.path());
        let long = format!("{}\n", "x".repeat(3 << 20));
        for line in ["1\n", &long, "2\n"] {
            spool.push(0, line.as_bytes()).expect("writable");
        }
        let mut lines = spool.take(0).expect("writable");
        let mut found = Vec::new();
        while let Some(more) = lines.next(&spool).expect("readable") {
            found.extend_from_slice(more);
        }
        assert_eq!(found, format!("1\n{long}2\n").into_bytes());
    }
}
