//! This module puts results that arrive in any order into the order of their items. The caller decides where they go.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::data::DataError;
use crate::data::spool::{temporary_error, temporary_file};

/// Bytes of waiting pieces kept in memory: one slow item holds up all results behind it.
const MEMORY_BYTES_MAX: usize = 16 << 20;

/// Used buffers kept for reuse: two a piece, and a few pieces are on their way at a time.
const SPARE_MAX: usize = 16;

/// Capacity up to which a used buffer is kept: one huge result must not stay for the rest of the run.
const SPARE_BYTES_MAX: usize = 1 << 20;

/// The results of a run of neighbouring items.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ChunkResults {
    /// Index of the first item.
    pub first: u64,
    /// How many items.
    pub count: u64,
    /// Their results as JSON lines.
    pub out: Vec<u8>,
    /// How many lines `out` holds.
    pub emitted: u64,
    /// Their failures as JSON lines.
    pub failed: Vec<u8>,
}

/// Holds pieces until all before them have arrived.
#[derive(Debug)]
pub struct Reorder {
    dir: PathBuf,
    /// Index of the first item that was not handed out.
    next: u64,
    held: BTreeMap<u64, HeldResults>,
    waiting: u64,
    memory: usize,
    memory_max: usize,
    file: Option<File>,
    /// Where the file ends.
    end: u64,
    /// Pieces that are in the file.
    in_file: usize,
    spare: Vec<Vec<u8>>,
}

/// A piece that waits; `stored` says where its texts are when they are not in it.
#[derive(Debug)]
struct HeldResults {
    piece: ChunkResults,
    stored: Option<Stored>,
}

#[derive(Debug)]
struct Stored {
    at: u64,
    out: usize,
    failed: usize,
}

impl Reorder {
    /// Waits for the piece that starts at `first_index`; what does not fit in memory goes to a file in `dir`.
    pub fn new(dir: &Path, first_index: u64) -> Self {
        Self {
            dir: dir.to_path_buf(),
            next: first_index,
            held: BTreeMap::new(),
            waiting: 0,
            memory: 0,
            memory_max: MEMORY_BYTES_MAX,
            file: None,
            end: 0,
            in_file: 0,
            spare: Vec::new(),
        }
    }

    /// Takes a piece; one without items is dropped.
    ///
    /// # Errors
    /// Fails when the temporary file cannot be made or written.
    ///
    /// # Panics
    /// When a piece overlaps others or comes twice, which is a fault of the caller.
    pub fn push(&mut self, mut piece: ChunkResults) -> Result<(), DataError> {
        if piece.count == 0 {
            self.recycle(piece);
            return Ok(());
        }
        assert!(piece.first >= self.next, "a piece comes after those that were handed out");
        let (first, bytes) = (piece.first, piece.out.len() + piece.failed.len());
        self.waiting += piece.count;
        // The piece that everything waits for is taken out at once: no use in storing it.
        let fits = first == self.next || self.memory + bytes <= self.memory_max;
        let stored = if fits { None } else { Some(self.store(&mut piece)?) };
        if stored.is_none() {
            self.memory += bytes;
        }
        let before = self.held.insert(first, HeldResults { piece, stored });
        assert!(before.is_none(), "a piece comes once");
        Ok(())
    }

    /// The next piece in order, if it has arrived.
    ///
    /// # Errors
    /// Fails when the temporary file cannot be read.
    #[expect(clippy::should_implement_trait, reason = "an iterator would end where this one only waits")]
    pub fn next(&mut self) -> Result<Option<ChunkResults>, DataError> {
        let Some(entry) = self.held.first_entry().filter(|entry| *entry.key() == self.next) else {
            return Ok(None);
        };
        let HeldResults { mut piece, stored } = entry.remove();
        self.next += piece.count;
        self.waiting -= piece.count;
        match stored {
            None => self.memory -= piece.out.len() + piece.failed.len(),
            Some(stored) => self.load(&mut piece, &stored)?,
        }
        Ok(Some(piece))
    }

    /// Items that have arrived and wait for others before them.
    pub fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Gives a piece's buffers back for reuse once it is written.
    pub fn recycle(&mut self, piece: ChunkResults) {
        for mut buffer in [piece.out, piece.failed] {
            if self.spare.len() < SPARE_MAX && (1..=SPARE_BYTES_MAX).contains(&buffer.capacity()) {
                buffer.clear();
                self.spare.push(buffer);
            }
        }
    }

    /// An empty buffer, a used one if there is one.
    pub fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    fn store(&mut self, piece: &mut ChunkResults) -> Result<Stored, DataError> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(temporary_file(&self.dir)?),
        };
        let stored = Stored { at: self.end, out: piece.out.len(), failed: piece.failed.len() };
        for bytes in [&piece.out, &piece.failed] {
            let written = file.write_all_at(bytes, self.end);
            written.map_err(|source| temporary_error("write", &self.dir, source))?;
            self.end += bytes.len() as u64;
        }
        self.in_file += 1;
        let texts = (std::mem::take(&mut piece.out), std::mem::take(&mut piece.failed));
        self.recycle(ChunkResults { out: texts.0, failed: texts.1, ..ChunkResults::default() });
        Ok(stored)
    }

    fn load(&mut self, piece: &mut ChunkResults, stored: &Stored) -> Result<(), DataError> {
        (piece.out, piece.failed) = (self.buffer(), self.buffer());
        piece.out.resize(stored.out, 0);
        piece.failed.resize(stored.failed, 0);
        let file = self.file.as_ref().expect("a stored piece has made the file");
        let read = file
            .read_exact_at(&mut piece.out, stored.at)
            .and_then(|()| file.read_exact_at(&mut piece.failed, stored.at + stored.out as u64));
        read.map_err(|source| temporary_error("read", &self.dir, source))?;
        self.in_file -= 1;
        if self.in_file == 0 {
            // The room is used again from the front; otherwise a long run would fill the disk.
            self.end = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn piece(first: u64, count: u64) -> ChunkResults {
        let out = (first..first + count).flat_map(|index| format!("{index}\n").into_bytes()).collect();
        let failed = format!("\"failed {first}\"\n");
        ChunkResults { first, count, out, emitted: count, failed: failed.into() }
    }

    #[test]
    fn nothing_comes_out_before_its_turn() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut reorder = Reorder::new(dir.path(), 1);
        reorder.push(piece(3, 2)).expect("room");
        assert_eq!((reorder.next().expect("readable"), reorder.waiting()), (None, 2));
        reorder.push(piece(1, 2)).expect("room");
        assert_eq!(reorder.next().expect("readable"), Some(piece(1, 2)));
        assert_eq!(reorder.next().expect("readable"), Some(piece(3, 2)));
        assert_eq!((reorder.next().expect("readable"), reorder.waiting()), (None, 0));
    }

    #[test]
    fn used_buffers_come_back_empty() {
        let mut reorder = Reorder::new(Path::new("/nowhere"), 1);
        reorder.recycle(piece(1, 9));
        let buffer = reorder.buffer();
        assert!(buffer.is_empty() && buffer.capacity() > 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn for_every_order_of_arrival_pieces_come_out_in_index_order(
            order in prop::collection::vec(1..5_u64, 0..40).prop_flat_map(|counts| {
                let pieces: Vec<ChunkResults> = counts
                    .iter()
                    .scan(7, |first, count| {
                        *first += count;
                        Some(piece(*first - count, *count))
                    })
                    .collect();
                Just(pieces).prop_shuffle()
            }),
            memory_max in 0..300_usize,
            eager in any::<bool>(),
        ) {
            let dir = tempfile::tempdir().expect("a folder");
            let mut reorder = Reorder::new(dir.path(), 7);
            reorder.memory_max = memory_max;
            let mut sorted = order.clone();
            sorted.sort_by_key(|piece| piece.first);
            let mut seen = Vec::new();
            for piece in order {
                reorder.push(piece).expect("room");
                while eager && let Some(piece) = reorder.next().expect("readable") {
                    seen.push(piece.clone());
                    reorder.recycle(piece);
                }
            }
            while let Some(piece) = reorder.next().expect("readable") {
                seen.push(piece);
            }
            prop_assert_eq!(seen, sorted);
            prop_assert_eq!((reorder.waiting(), reorder.memory, reorder.in_file), (0, 0, 0));
        }
    }
}
