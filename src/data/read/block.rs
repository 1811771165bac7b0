//! A block is a growing window on an input's bytes. The formats find where lines and values end in it.

use std::sync::Arc;

use crate::data::read::input::Input;
use crate::data::{ByteSpot, DataError, FileMark};
use crate::value::Extent;

/// Bytes asked of the input at a time when the caller has no better idea.
pub(super) const BLOCK_BYTES: usize = 128 * 1024;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// First bytes that tell what a file is, where it is not the text that it should be.
const FOREIGN: [(&[u8], bool, &str); 4] = [
    (b"\xFF\xFE", false, "the text is UTF-16; only UTF-8 is read"),
    (b"\xFE\xFF", false, "the text is UTF-16; only UTF-8 is read"),
    (b"\x1F\x8B", true, "the content is gzip data; say `compression: gzip`"),
    (b"\x28\xB5\x2F\xFD", true, "the content is zstd data; say `compression: zstd`"),
];

/// The bytes that were read and not yet taken.
pub(super) struct ReadBlock {
    input: Input,
    bytes: Vec<u8>,
    taken: usize,
    begun: bool,
    ended: bool,
    /// Whether the last byte is one that the file lacks.
    completed: bool,
}

impl ReadBlock {
    /// Nothing is read yet.
    pub(super) fn new(input: Input) -> Self {
        // What a file is, its first bytes have told when they were read.
        let begun = input.offset() > 0;
        Self { input, bytes: Vec::new(), taken: 0, begun, ended: false, completed: false }
    }

    /// The name for messages.
    pub(super) fn name(&self) -> &Arc<str> {
        self.input.name()
    }

    /// Whether more bytes may take their time.
    pub(super) fn is_live(&self) -> bool {
        self.input.is_live()
    }

    /// Whether all bytes of the input are here.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Bytes of the text before what is not yet taken.
    pub(super) fn offset(&self) -> u64 {
        let rest = self.rest().len();
        self.input.offset() - (rest - usize::from(self.completed && rest > 0)) as u64
    }

    /// The file, and how to come back to a byte of its text; `None` where that is not possible.
    pub(super) fn place(&self, offset: u64, line: u64) -> Option<(FileMark, ByteSpot)> {
        self.input.place(offset, line)
    }

    /// How far the reading is in the file as it lies on the disk.
    pub(super) fn extent(&self) -> Option<Extent> {
        let extent = self.input.extent()?;
        // What is here and not yet taken is not read; of an archive nobody knows how many bytes that is.
        let done = if self.input.is_compressed() { extent.done } else { self.offset().min(extent.of) };
        Some(Extent { done, ..extent })
    }

    /// What is here and not yet taken.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    /// Takes the next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> &[u8] {
        let start = self.taken;
        self.taken += count;
        &self.bytes[start..self.taken]
    }

    /// Takes the next `count` bytes into `into`, which is empty, and leaves its buffer here when that saves a copy.
    pub(super) fn take_into(&mut self, count: usize, into: &mut Vec<u8>) {
        let rest = &self.bytes[self.taken..];
        let tail = rest.len() - count;
        if self.taken == 0 && tail <= count / 4 {
            into.extend_from_slice(&rest[count..]);
            std::mem::swap(into, &mut self.bytes);
            into.truncate(count);
        } else {
            into.extend_from_slice(&rest[..count]);
            self.taken += count;
        }
    }

    /// Reads once, up to about `count` bytes. What is here stays, and [`ReadBlock::rest`] grows at its end.
    pub(super) fn fill(&mut self, count: usize) -> Result<(), DataError> {
        if self.taken > 0 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        self.read(count)?;
        while !self.begun && !self.begin()? {
            self.read(count)?;
        }
        Ok(())
    }

    /// Adds a last byte that the file lacks.
    pub(super) fn complete(&mut self, byte: u8) {
        self.bytes.push(byte);
        self.completed = true;
    }

    fn read(&mut self, count: usize) -> Result<(), DataError> {
        if self.ended {
            return Ok(());
        }
        let old = self.bytes.len();
        self.bytes.resize(old + count, 0);
        let read = self.input.read(&mut self.bytes[old..]);
        self.bytes.truncate(old + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(())
    }

    /// Looks at the first bytes of the file: false when there are too few of them to tell.
    fn begin(&mut self) -> Result<bool, DataError> {
        let marks = FOREIGN.iter().map(|(mark, ..)| *mark).chain([BOM]);
        let undecided = |mark: &[u8]| self.bytes.len() < mark.len() && mark.starts_with(&self.bytes);
        if !self.ended && marks.into_iter().any(undecided) {
            return Ok(false);
        }
        for (mark, archive, message) in FOREIGN {
            if self.bytes.starts_with(mark) && !(archive && self.input.is_compressed()) {
                return Err(self.content(1, message));
            }
        }
        if self.bytes.starts_with(BOM) {
            self.bytes.drain(..BOM.len());
        }
        self.begun = true;
        Ok(true)
    }

    /// An error about the file's content.
    pub(super) fn content(&self, line: u64, message: impl Into<String>) -> DataError {
        DataError::Content { file: self.name().to_string(), line, message: message.into() }
    }
}
