//! Segments are the files of a step's results: frames are appended to them, one segment after the other. The database
//! says which frames count, and `read` reads them.

mod read;

pub(super) use self::read::{
    FoundCommit, ScannedSegment, read_digests, read_head, read_notes, read_packed, read_results, scan,
};

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::endings::{self, BlockPlace, CommitFacts, Endings, SKIPPABLE};
use super::{StoreError, notes, packed, paths, private};

/// A segment is sealed beyond this: large enough that a run has few files, small enough to be copied about.
const SEGMENT_BYTES_MAX: u64 = 256 << 20;

/// The files that are appended to.
#[derive(Debug)]
enum Place {
    /// The segments of a step, in the folder of a run.
    Step { run: PathBuf, step: String },
    /// One file, which somebody has made.
    File(PathBuf),
}

/// Appends to a step's segments, one after the other.
#[derive(Debug)]
pub(super) struct SegmentWriter {
    to: Place,
    tag: u64,
    /// Text of the block that every segment begins with.
    title: String,
    /// The blocks behind the results of a commit.
    blocks: Vec<u8>,
    number: u32,
    file: Option<File>,
    length: u64,
    length_max: u64,
}

/// Where a commit's bytes have gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrittenAt {
    pub(super) place: BlockPlace,
    /// Bytes of the blocks behind the results.
    pub(super) endings: u64,
    pub(super) facts: CommitFacts,
}

/// What a commit appends, packed.
#[derive(Debug, Default)]
pub(super) struct PackedCommit {
    /// One zstd frame; empty when nothing succeeded.
    pub(super) results: Vec<u8>,
    pub(super) endings: Endings,
    /// The text of the notes; empty when there is nothing to note.
    pub(super) notes: Vec<u8>,
    /// Bytes of the results before they were packed.
    pub(super) bytes: u64,
    /// Results that it gives on.
    pub(super) emitted: u64,
}

impl SegmentWriter {
    /// For a step that has no segments yet. `title` is what a rebuilt database will know of the step, as JSON.
    pub(super) fn new(run: &Path, id: &str, step: &str, title: String) -> Self {
        Self {
            to: Place::Step { run: run.to_path_buf(), step: step.to_owned() },
            tag: endings::tag(id, step),
            title,
            blocks: Vec::new(),
            number: 0,
            file: None,
            length: 0,
            length_max: SEGMENT_BYTES_MAX,
        }
    }

    /// The same behind the segments that the step has.
    pub(super) fn behind_others(mut self) -> Self {
        if let Place::Step { run, step } = &self.to {
            self.number = last_segment(run, step);
        }
        self
    }

    /// For one file that was just made and is empty: it has the number 0, and no other one follows it.
    pub(super) fn of_file(path: &Path, file: File, tag: u64, title: String) -> Result<Self, StoreError> {
        let mut writer = Self {
            to: Place::File(path.to_path_buf()),
            tag,
            title,
            blocks: Vec::new(),
            number: 0,
            file: Some(file),
            length: 0,
            length_max: u64::MAX,
        };
        writer.begin()?;
        Ok(writer)
    }

    /// What a file begins with.
    fn begin(&mut self) -> Result<(), StoreError> {
        self.write(&packed::EMPTY)?;
        self.write(&title(&self.title))
    }

    /// Appends a commit made at this moment. On the disk only after [`SegmentWriter::sync`].
    pub(super) fn append(&mut self, commit: &PackedCommit, at: u64) -> Result<WrittenAt, StoreError> {
        if self.file.is_none() || self.length >= self.length_max {
            self.open_next()?;
        }
        let (offset, length) = (self.length, commit.results.len() as u64);
        let place = BlockPlace { tag: self.tag, segment: self.number, offset, length };
        let facts = CommitFacts {
            at,
            bytes: commit.bytes,
            emitted: commit.emitted,
            checksum: packed::checksum(&commit.results),
            notes: notes::block_length(&commit.notes) as u32,
        };
        let mut blocks = std::mem::take(&mut self.blocks);
        blocks.clear();
        commit.endings.encode(place, &facts, &mut blocks);
        notes::encode(&commit.notes, place, &mut blocks);
        self.write(&commit.results)?;
        self.write(&blocks)?;
        let endings = blocks.len() as u64;
        self.blocks = blocks;
        Ok(WrittenAt { place, endings, facts })
    }

    /// Makes a file that somebody else has written the next segment, by giving it a second name. It gives its number.
    pub(super) fn take_over(&mut self, path: &Path) -> Result<u32, StoreError> {
        self.sync()?;
        // Nothing is appended to it here: the next own commit begins a segment.
        self.file = None;
        if let Place::Step { run, step } = &self.to {
            let folder = paths::step(run, step);
            private::folders(&folder).map_err(|error| StoreError::io("create", &folder, error))?;
        }
        if let Place::Step { run, step } = &self.to {
            self.number = link_next(path, (run, step), self.number)?;
        }
        Ok(self.number)
    }

    /// Waits until all that was appended is on the disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Ok(()) };
        file.sync_data().map_err(|error| StoreError::io("sync", &self.path(), error))
    }

    fn path(&self) -> PathBuf {
        match &self.to {
            Place::Step { run, step } => paths::segment(run, step, self.number),
            Place::File(path) => path.clone(),
        }
    }

    fn open_next(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        let Place::Step { run, step } = &self.to else { return Ok(()) };
        let (run, folder) = (run.clone(), paths::step(run, step));
        private::folders(&folder).map_err(|error| StoreError::io("create", &folder, error))?;
        self.number += 1;
        let path = self.path();
        self.file = Some(private::file(&path).map_err(|error| StoreError::io("create", &path, error))?);
        self.length = 0;
        self.begin()?;
        // The file's name must be as durable as what is in it.
        for folder in [&folder, &paths::steps(&run)] {
            sync_folder(folder)?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let file = self.file.as_ref().expect("opened before anything is written");
        let written = file.write_all_at(bytes, self.length);
        written.map_err(|error| StoreError::io("write", &self.path(), error))?;
        self.length += bytes.len() as u64;
        Ok(())
    }
}

/// Number of a step's last segment; 0: it has none.
fn last_segment(run: &Path, step: &str) -> u32 {
    let files = std::fs::read_dir(paths::step(run, step)).into_iter().flatten().flatten();
    let numbers = files.filter_map(|file| paths::segment_number(&file.file_name().to_string_lossy()));
    numbers.max().unwrap_or(0)
}

/// Gives a file the name of the first segment of a step that is free behind number `last`, and says which that is.
pub(super) fn link_next(path: &Path, (run, step): (&Path, &str), last: u32) -> Result<u32, StoreError> {
    let mut number = last;
    loop {
        number += 1;
        match std::fs::hard_link(path, paths::segment(run, step, number)) {
            Ok(()) => {
                sync_folder(&paths::step(run, step))?;
                return Ok(number);
            }
            // What a process left that died before it had named it, or a segment of before.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::io("link", path, error)),
        }
    }
}

/// Waits until the names in a folder are on the disk.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| StoreError::io("sync", folder, error))
}

/// The block behind the empty frame that a segment begins with: skipped by zstd readers, a JSON text with a checksum
/// behind it.
fn title(text: &str) -> Vec<u8> {
    let mut block = SKIPPABLE.to_le_bytes().to_vec();
    block.extend_from_slice(&(text.len() as u32 + 8).to_le_bytes());
    block.extend_from_slice(text.as_bytes());
    block.extend_from_slice(&xxhash_rust::xxh3::xxh3_64(text.as_bytes()).to_le_bytes());
    block
}
