//! A spool keeps intermediate results between two steps: they are written once and read any number of times. The
//! caller decides their order.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::data::read::stored_lines;
use crate::data::{DataError, Reader};

/// Bytes kept in memory: enough for most collections, and small enough for one spool a step.
const MEMORY_BYTES_MAX: usize = 8 << 20;

/// Collects JSON lines, in memory up to a bound and in an unnamed temporary file beyond it.
#[derive(Debug)]
pub struct Spool {
    dir: PathBuf,
    memory: Vec<u8>,
    file: Option<File>,
    /// Bytes in the file.
    written: u64,
    count: u64,
    memory_max: usize,
}

impl Spool {
    /// An empty one; a temporary file, when needed, goes to `dir`.
    pub fn new(dir: &Path) -> Self {
        let dir = dir.to_path_buf();
        Self { dir, memory: Vec::new(), file: None, written: 0, count: 0, memory_max: MEMORY_BYTES_MAX }
    }

    /// Whether `lines` can be added without a temporary file.
    pub fn has_memory_for(&self, lines: &[u8]) -> bool {
        self.file.is_none() && self.memory.len() + lines.len() <= self.memory_max
    }

    /// Adds `count` complete JSON lines.
    ///
    /// # Errors
    /// Fails when the temporary file cannot be made or written.
    pub fn write(&mut self, lines: &[u8], count: u64) -> Result<(), DataError> {
        self.count += count;
        // Once there is a file, memory only gathers small writes for it.
        let max = if self.file.is_some() { self.memory_max / 32 } else { self.memory_max };
        if self.memory.len() + lines.len() <= max {
            self.memory.extend_from_slice(lines);
            return Ok(());
        }
        self.spill(lines)
    }

    /// No more lines will come.
    ///
    /// # Errors
    /// Fails when the temporary file cannot be written.
    pub fn finish(mut self) -> Result<Stored, DataError> {
        if self.file.is_some() {
            self.spill(b"")?;
        }
        let content = match self.file {
            Some(file) => Content::File { file, bytes: self.written, dir: self.dir },
            None => Content::Memory(self.memory),
        };
        Ok(Stored { content: Arc::new(content), count: self.count })
    }

    fn spill(&mut self, lines: &[u8]) -> Result<(), DataError> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(temporary_file(&self.dir)?),
        };
        for bytes in [&self.memory, lines] {
            file.write_all(bytes).map_err(|source| temporary_error("write", &self.dir, source))?;
            self.written += bytes.len() as u64;
        }
        self.memory.clear();
        Ok(())
    }
}

/// A finished spool. Clones share the content.
#[derive(Debug, Clone)]
pub struct Stored {
    content: Arc<Content>,
    count: u64,
}

#[derive(Debug)]
enum Content {
    Memory(Vec<u8>),
    File { file: File, bytes: u64, dir: PathBuf },
}

impl Stored {
    /// How many items it holds.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Reads all items from the front, independently of other readers.
    pub fn reader(&self) -> Box<dyn Reader> {
        let name = match &*self.content {
            Content::Memory(_) => "intermediate results in memory".to_string(),
            Content::File { dir, .. } => temporary_name(dir).display().to_string(),
        };
        stored_lines(Box::new(Cursor { content: Arc::clone(&self.content), at: 0 }), &name)
    }
}

/// A position of its own in shared content.
struct Cursor {
    content: Arc<Content>,
    at: u64,
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &*self.content {
            Content::Memory(bytes) => {
                let rest = &bytes[self.at as usize..];
                let count = rest.len().min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
                count
            }
            Content::File { file, bytes, .. } => {
                let left = usize::try_from(bytes - self.at).unwrap_or(usize::MAX);
                let wanted = left.min(buffer.len());
                let count = file.read_at(&mut buffer[..wanted], self.at)?;
                if count == 0 && wanted > 0 {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file has become shorter"));
                }
                count
            }
        };
        self.at += count as u64;
        Ok(count)
    }
}

/// A file in `dir` that has no name and goes away with its last user.
pub(super) fn temporary_file(dir: &Path) -> Result<File, DataError> {
    let file = fs::create_dir_all(dir).and_then(|()| tempfile::tempfile_in(dir));
    file.map_err(|source| temporary_error("create", dir, source))
}

/// An error about such a file.
pub(super) fn temporary_error(intent: &'static str, dir: &Path, source: io::Error) -> DataError {
    DataError::Io { intent, path: temporary_name(dir), source }
}

fn temporary_name(dir: &Path) -> PathBuf {
    dir.join("(temporary file)")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::Chunk;

    fn read_all(reader: &mut dyn Reader, max_items: usize) -> (Vec<u8>, u64) {
        let (mut text, mut items) = (Vec::new(), 0);
        let mut chunk = Chunk::default();
        loop {
            let more = reader.read(max_items, 1000, &mut chunk, &mut Vec::new()).expect("readable");
            text.extend_from_slice(&chunk.text);
            items += chunk.len() as u64;
            if !more {
                return (text, items);
            }
        }
    }

    fn check(pieces: &[Vec<u16>], memory_max: usize) {
        let dir = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::new(dir.path());
        spool.memory_max = memory_max;
        let mut expect = Vec::new();
        for piece in pieces {
            let lines = piece.iter().flat_map(|number| format!("[{number},\"x\"]\n").into_bytes());
            let lines: Vec<u8> = lines.collect();
            spool.write(&lines, piece.len() as u64).expect("writable");
            expect.extend_from_slice(&lines);
        }
        let total: usize = pieces.iter().map(Vec::len).sum();
        let stored = spool.finish().expect("writable");
        assert_eq!(stored.count(), total as u64);
        let (mut one, mut two) = (stored.reader(), stored.clone().reader());
        let mut chunk = Chunk::default();
        one.read(1, 10, &mut chunk, &mut Vec::new()).expect("readable");
        let first = chunk.text.clone();
        drop(stored);
        assert_eq!(read_all(&mut *two, 7), (expect.clone(), total as u64));
        let rest = read_all(&mut *one, 3).0;
        assert_eq!([first, rest].concat(), expect);
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 0, "the file has no name");
    }

    #[test]
    fn an_empty_spool_reads_as_nothing() {
        check(&[], 10);
        check(&[vec![]], 10);
    }

    #[test]
    fn a_folder_that_is_missing_is_made_when_it_is_needed() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::new(&dir.path().join("a/b"));
        spool.memory_max = 1;
        spool.write(b"1\n", 1).expect("writable");
        assert_eq!(read_all(&mut *spool.finish().expect("writable").reader(), 5), (b"1\n".to_vec(), 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn for_every_bound_each_reader_reads_what_was_written(
            pieces in prop::collection::vec(prop::collection::vec(any::<u16>(), 0..20), 0..20),
            memory_max in 1..2000_usize,
        ) {
            check(&pieces, memory_max);
        }
    }
}
