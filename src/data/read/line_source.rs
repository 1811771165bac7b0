//! This module cuts an input into lines, many at a time. The formats know what a line holds.

use std::sync::Arc;

use memchr::{memchr, memchr_iter};

use crate::data::read::block::{BLOCK_BYTES, ReadBlock};
use crate::data::read::input::Input;
use crate::data::{ByteSpot, DataError, FileMark};
use crate::value::{Chunk, Extent, ITEM_BYTES_MAX, Origin};

/// Blank lines that are held back, in bytes, until it is known whether a row follows them. More than these are rows.
const BLANK_BYTES_MAX: usize = 1 << 20;

/// The lines of an input.
pub(super) struct LineSource {
    block: ReadBlock,
    /// Number of the next line, from 1.
    line: u64,
    /// Whether blank lines at the end are lines as well.
    keep_blank: bool,
    row_bytes_max: usize,
    /// What is wrong behind the lines that are here.
    error: Option<DataError>,
}

impl LineSource {
    /// Lines of `input`; blank ones at its end count only with `keep_blank`.
    pub(super) fn new(input: Input, keep_blank: bool) -> Self {
        Self { block: ReadBlock::new(input), line: 1, keep_blank, row_bytes_max: ITEM_BYTES_MAX, error: None }
    }

    /// The same, where the input begins with another line than the first.
    pub(super) fn at_line(mut self, line: u64) -> Self {
        self.line = line;
        self
    }

    /// A lower bound on the length of lines, so that tests need not have a gigabyte.
    #[cfg(test)]
    pub(super) fn limit_rows(&mut self, row_bytes_max: usize) {
        self.row_bytes_max = row_bytes_max;
    }

    /// The name for messages.
    pub(super) fn name(&self) -> &Arc<str> {
        self.block.name()
    }

    /// An error about the file's content.
    pub(super) fn content(&self, line: u64, message: impl Into<String>) -> DataError {
        self.block.content(line, message)
    }

    /// Bytes of the text before the next line.
    pub(super) fn offset(&self) -> u64 {
        self.block.offset()
    }

    /// The file, and how to come back to the next line.
    pub(super) fn place(&self) -> Option<(FileMark, ByteSpot)> {
        self.block.place(self.offset(), self.line)
    }

    /// The file, and how to come back to a line that was taken.
    pub(super) fn place_of(&self, offset: u64, line: u64) -> Option<(FileMark, ByteSpot)> {
        self.block.place(offset, line)
    }

    /// How far the reading is in the file as it lies on the disk.
    pub(super) fn extent(&self) -> Option<Extent> {
        self.block.extent()
    }

    /// The next line and its number, without the line feed.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &[u8])>, DataError> {
        let mut scanned = 0;
        loop {
            if let Some(at) = memchr(b'\n', &self.block.rest()[scanned..]) {
                let line = self.line;
                self.line += 1;
                let end = scanned + at;
                return Ok(Some((line, &self.block.take(end + 1)[..end])));
            }
            if self.block.has_ended() {
                return Ok(None);
            }
            scanned = self.block.rest().len();
            self.check_length(scanned)?;
            self.fill(BLOCK_BYTES)?;
        }
    }

    /// Moves up to `max_items` lines and about `max_bytes`, line feeds included, into `chunk`, cleared first.
    /// False when the input has ended. An error comes alone, after all lines before it.
    pub(super) fn take(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
    ) -> Result<bool, DataError> {
        chunk.clear();
        let max_bytes = max_bytes.clamp(1, ITEM_BYTES_MAX);
        let mut cut = LineCut { ends: &mut chunk.ends, held: Vec::new(), start: 0, max_items, max_bytes };
        let mut scanned = 0;
        let more = loop {
            let rest = self.block.rest();
            if !cut.scan(rest, scanned, self.keep_blank) {
                break true;
            }
            scanned = rest.len();
            if self.block.has_ended() {
                break false;
            }
            let partial = scanned - cut.start;
            if !cut.ends.is_empty()
                && (self.block.is_live() || cut.start >= max_bytes / 2 || partial > max_bytes)
            {
                break true;
            }
            let filled = match self.error.take() {
                Some(error) => Err(error),
                None => self.check_length(partial).and_then(|()| self.fill(max_bytes.max(BLOCK_BYTES))),
            };
            match filled {
                Err(error) if !cut.ends.is_empty() => {
                    self.error = Some(error);
                    break true;
                }
                filled => filled?,
            }
        };
        let bytes = chunk.ends.last().map_or(0, |end| *end as usize);
        self.block.take_into(bytes, &mut chunk.text);
        chunk.origin = Some(Origin { file: Arc::clone(self.block.name()), line: self.line });
        self.line += chunk.len() as u64;
        Ok(more)
    }

    fn fill(&mut self, count: usize) -> Result<(), DataError> {
        let filled = self.block.fill(count);
        filled.map_err(|error| {
            error.at_line(self.line + memchr_iter(b'\n', self.block.rest()).count() as u64)
        })?;
        if self.block.has_ended() && self.block.rest().last().is_some_and(|last| *last != b'\n') {
            self.block.complete(b'\n');
        }
        Ok(())
    }

    fn check_length(&self, bytes: usize) -> Result<(), DataError> {
        if bytes <= self.row_bytes_max {
            return Ok(());
        }
        let message = format!("a line is longer than {} bytes", self.row_bytes_max);
        Err(self.block.content(self.line, message))
    }
}

/// Finds where the lines of one chunk end.
struct LineCut<'a> {
    ends: &'a mut Vec<u32>,
    /// Ends of blank lines that no row follows so far.
    held: Vec<u32>,
    /// Where the line that has no end yet starts.
    start: usize,
    max_items: usize,
    max_bytes: usize,
}

impl LineCut<'_> {
    /// Goes through `rest` from `scanned`, its first byte not seen yet; false when the chunk is full.
    fn scan(&mut self, rest: &[u8], scanned: usize, keep_blank: bool) -> bool {
        if self.max_items == 0 {
            return false;
        }
        for at in memchr_iter(b'\n', &rest[scanned..]) {
            let end = scanned + at + 1;
            let line = &rest[self.start..end];
            self.start = end;
            let held = end - self.ends.last().map_or(0, |end| *end as usize);
            let blank = !keep_blank && held < BLANK_BYTES_MAX && is_blank(line);
            // The window holds at most a row and a chunk, 1 GiB each.
            let end = u32::try_from(end).expect("the window is bounded");
            if blank {
                self.held.push(end);
            } else if !self.accept(end) {
                return false;
            }
        }
        true
    }

    fn accept(&mut self, end: u32) -> bool {
        if !self.held.is_empty() {
            for at in 0..self.held.len() {
                self.ends.push(self.held[at]);
                if self.is_full(self.held[at]) {
                    return false;
                }
            }
            self.held.clear();
        }
        self.ends.push(end);
        !self.is_full(end)
    }

    fn is_full(&self, end: u32) -> bool {
        self.ends.len() >= self.max_items || end as usize >= self.max_bytes
    }
}

/// Whether a line holds nothing but white space.
pub(super) fn is_blank(line: &[u8]) -> bool {
    // Nearly every line is decided by its first byte.
    line.first().is_none_or(|first| *first <= b' ')
        && line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}
