//! Framed items are the items of a step as JSON lines in zstd frames: processes that have only some of them find these without
//! reading what stands before.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zstd::bulk::{Compressor, Decompressor};

use super::DataError;
use crate::value::Chunk;

/// Text of a frame, but for items that are longer alone.
const FRAME_BYTES: usize = 4 << 20;
/// Fast enough to keep up with a reader.
const LEVEL: i32 = 1;
/// Text of a frame that is unpacked at most, whatever it says of itself: the longest item, and what stands before it.
const UNPACKED_MAX: u64 = (1 << 30) + (1 << 26);

/// Neighbouring items in one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemFrame {
    /// Index of the first one.
    pub first: u64,
    /// How many they are.
    pub count: u64,
    /// Where the frame begins in the file.
    pub offset: u64,
    /// Its bytes.
    pub length: u64,
}

/// Writes items into frames. They come in the order of their indices, which may leave some out.
pub struct FramedItemsWriter {
    path: PathBuf,
    file: File,
    compressor: Compressor<'static>,
    text: Vec<u8>,
    open: ItemFrame,
    frames: Vec<ItemFrame>,
}

impl FramedItemsWriter {
    /// Makes the file, which its owner alone may read.
    ///
    /// # Errors
    /// Fails when it cannot be made.
    pub fn create(path: &Path) -> Result<Self, DataError> {
        let io = |source| DataError::Io { intent: "create", path: path.to_path_buf(), source };
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(path).map_err(io)?;
        let mut compressor = Compressor::new(LEVEL).map_err(io)?;
        compressor.include_checksum(true).map_err(io)?;
        let open = ItemFrame { first: 0, count: 0, offset: 0, length: 0 };
        Ok(Self { path: path.to_path_buf(), file, compressor, text: Vec::new(), open, frames: Vec::new() })
    }

    /// Adds the items of a chunk, of which each ends with a line feed.
    ///
    /// # Errors
    /// Fails when they cannot be written.
    pub fn write(&mut self, chunk: &Chunk) -> Result<(), DataError> {
        if chunk.is_empty() {
            return Ok(());
        }
        let is_gap = self.open.count > 0 && self.open.first + self.open.count != chunk.first;
        if is_gap || self.text.len() >= FRAME_BYTES {
            self.end_frame()?;
        }
        if self.open.count == 0 {
            self.open.first = chunk.first;
        }
        self.open.count += chunk.len() as u64;
        self.text.extend_from_slice(&chunk.text);
        Ok(())
    }

    fn end_frame(&mut self) -> Result<(), DataError> {
        if self.open.count == 0 {
            return Ok(());
        }
        let io = |source| DataError::Io { intent: "write", path: self.path.clone(), source };
        let packed = self.compressor.compress(&self.text).map_err(io)?;
        self.file.write_all(&packed).map_err(io)?;
        let frame = ItemFrame { length: packed.len() as u64, ..self.open };
        self.open = ItemFrame { first: 0, count: 0, offset: frame.offset + frame.length, length: 0 };
        self.frames.push(frame);
        self.text.clear();
        Ok(())
    }

    /// Puts all of them on the disk, and says where each frame is.
    ///
    /// # Errors
    /// Fails when they cannot be written.
    pub fn finish(mut self) -> Result<Vec<ItemFrame>, DataError> {
        self.end_frame()?;
        let io = |source| DataError::Io { intent: "write", path: self.path.clone(), source };
        self.file.sync_all().map_err(io)?;
        Ok(self.frames)
    }
}

/// Reads items from frames, from any index on.
pub struct FramedItemsReader {
    path: PathBuf,
    file: File,
    frames: Arc<[ItemFrame]>,
    /// The frame that is unpacked, and its text.
    frame: Option<usize>,
    text: Vec<u8>,
    /// Where the next item begins in it, and its index.
    at: usize,
    next: u64,
}

impl FramedItemsReader {
    /// Opens the file that these frames are in, in the order of their items.
    ///
    /// # Errors
    /// Fails when it cannot be opened.
    pub fn open(path: &Path, frames: Arc<[ItemFrame]>) -> Result<Self, DataError> {
        let io = |source| DataError::Io { intent: "open", path: path.to_path_buf(), source };
        let file = File::open(path).map_err(io)?;
        Ok(Self { path: path.to_path_buf(), file, frames, frame: None, text: Vec::new(), at: 0, next: 0 })
    }

    /// Fills the chunk, cleared first, with the item of this index and those that follow it: at most `max_items`, and about
    /// `max_bytes` of text.
    ///
    /// # Errors
    /// Fails when the item is not there or the file is damaged.
    pub fn read(
        &mut self,
        index: u64,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
    ) -> Result<(), DataError> {
        chunk.clear();
        self.go_to(index)?;
        chunk.first = index;
        while chunk.len() < max_items && chunk.text.len() < max_bytes.max(1) && self.at < self.text.len() {
            let end = self.line_end()?;
            chunk.push(&self.text[self.at..end]);
            (self.at, self.next) = (end, self.next + 1);
        }
        Ok(())
    }

    fn go_to(&mut self, index: u64) -> Result<(), DataError> {
        let at = self.frames.partition_point(|frame| frame.first <= index).checked_sub(1);
        let frame = at.map(|at| self.frames[at]).filter(|frame| index < frame.first + frame.count);
        let (Some(at), Some(frame)) = (at, frame) else { return Err(self.damaged("an item is missing")) };
        if self.frame != Some(at) {
            self.unpack(frame).map_err(|source| DataError::Io {
                intent: "read",
                path: self.path.clone(),
                source,
            })?;
            self.frame = Some(at);
            (self.at, self.next) = (0, frame.first);
        } else if self.next > index {
            (self.at, self.next) = (0, frame.first);
        }
        while self.next < index {
            (self.at, self.next) = (self.line_end()?, self.next + 1);
        }
        Ok(())
    }

    fn unpack(&mut self, frame: ItemFrame) -> io::Result<()> {
        self.frame = None;
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a frame is damaged");
        let left = self.file.metadata()?.len().checked_sub(frame.offset);
        let length = left.filter(|left| *left >= frame.length).ok_or_else(damaged)?.min(frame.length);
        let mut packed = vec![0; length as usize];
        self.file.read_exact_at(&mut packed, frame.offset)?;
        let size = zstd::zstd_safe::get_frame_content_size(&packed).ok().flatten();
        let size = size.filter(|size| *size <= UNPACKED_MAX).ok_or_else(damaged)?;
        self.text.clear();
        self.text.reserve(size as usize);
        Decompressor::new()?.decompress_to_buffer(&packed, &mut self.text).map(drop)
    }

    fn line_end(&self) -> Result<usize, DataError> {
        let end = memchr::memchr(b'\n', &self.text[self.at..]);
        end.map(|end| self.at + end + 1).ok_or_else(|| self.damaged("a frame has fewer items than it should"))
    }

    fn damaged(&self, what: &str) -> DataError {
        DataError::Changed { file: self.path.display().to_string(), message: what.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(first: u64, items: impl Iterator<Item = u64>) -> Chunk {
        let mut chunk = Chunk { first, ..Chunk::default() };
        items.for_each(|item| chunk.push(format!("{{\"n\":{item}}}\n").as_bytes()));
        chunk
    }

    fn read(reader: &mut FramedItemsReader, index: u64, count: usize) -> Vec<String> {
        let mut chunk = Chunk::default();
        reader.read(index, count, 1 << 20, &mut chunk).expect("it is there");
        assert_eq!(chunk.first, index);
        (0..chunk.len()).map(|at| String::from_utf8_lossy(chunk.item(at)).trim_end().to_owned()).collect()
    }

    #[test]
    fn items_are_found_by_their_index_also_behind_gaps() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("items");
        let mut writer = FramedItemsWriter::create(&path).expect("room");
        for (first, end) in [(1, 4), (4, 6), (20, 23)] {
            writer.write(&chunk(first, first..end)).expect("room");
        }
        let frames = writer.finish().expect("room");
        assert_eq!(
            frames.iter().map(|frame| (frame.first, frame.count)).collect::<Vec<_>>(),
            [(1, 5), (20, 3)]
        );
        let mut reader = FramedItemsReader::open(&path, frames.into()).expect("it is there");
        assert_eq!(read(&mut reader, 21, 9), ["{\"n\":21}", "{\"n\":22}"]);
        assert_eq!(read(&mut reader, 4, 1), ["{\"n\":4}"]);
        assert_eq!(read(&mut reader, 2, 2), ["{\"n\":2}", "{\"n\":3}"]);
        assert_eq!(read(&mut reader, 1, 9).len(), 5, "no further than the frame goes");
        let error = reader.read(6, 1, 1, &mut Chunk::default()).expect_err("it is left out").to_string();
        assert!(error.contains("an item is missing"), "{error}");
    }

    #[test]
    fn long_inputs_have_several_frames_and_damage_is_found() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("items");
        let mut writer = FramedItemsWriter::create(&path).expect("room");
        for first in (1..1_000_000).step_by(4096) {
            writer.write(&chunk(first, first..first + 4096)).expect("room");
        }
        let frames = writer.finish().expect("room");
        assert!(frames.len() > 2, "{frames:?}");
        let mut reader = FramedItemsReader::open(&path, frames.clone().into()).expect("it is there");
        assert_eq!(read(&mut reader, 999_999, 1), ["{\"n\":999999}"]);
        let mut bytes = std::fs::read(&path).expect("it is there");
        bytes[frames[1].offset as usize + 40] ^= 1;
        std::fs::write(&path, &bytes).expect("room");
        let mut reader = FramedItemsReader::open(&path, frames.clone().into()).expect("it is there");
        assert!(reader.read(frames[1].first, 1, 1, &mut Chunk::default()).is_err());
        assert_eq!(read(&mut reader, 1, 1), ["{\"n\":1}"]);
    }
}
