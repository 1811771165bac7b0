//! This module cuts an input into lines, many at a time. The formats know what a line holds.

use std::sync::Arc;

use memchr::{memchr, memchr_iter, memchr2};

use crate::data::read::block::{BLOCK_BYTES, ReadBlock};
use crate::data::{ByteSpot, DataError, FileMark, TextEncoding};
use crate::value::{Chunk, Extent, ITEM_BYTES_MAX, Origin};

/// The lines of an input.
pub(super) struct LineSource {
    block: ReadBlock,
    /// Number of the next line, from 1.
    line: u64,
    blank_lines: BlankLines,
    row_bytes_max: usize,
    /// What ended the last line.
    line_end: u8,
    /// What is wrong behind the lines that are here.
    error: Option<DataError>,
}

/// What becomes of lines that hold nothing but white space, where lines are taken many at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BlankLines {
    /// They are lines like others.
    Kept,
    /// They are passed over.
    PassedOver,
}

impl LineSource {
    /// Lines of the text in `block`.
    pub(super) fn new(block: ReadBlock, blank_lines: BlankLines) -> Self {
        let row_bytes_max = ITEM_BYTES_MAX;
        Self { block, line: 1, blank_lines, row_bytes_max, line_end: b'\n', error: None }
    }

    /// The same, where the input begins with another line than the first, or the lines before it are to be passed over.
    pub(super) fn at(mut self, spot: &ByteSpot) -> Result<Self, DataError> {
        self.block.go_to(spot)?;
        self.line = spot.line;
        self.end_lines(0);
        Ok(self)
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

    /// The encoding of the text, where it is another one than UTF-8.
    pub(super) fn encoding(&self) -> Option<TextEncoding> {
        self.block.encoding()
    }

    /// The line that comes next, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// What ended the last line: a line feed, or a carriage return where these end lines.
    pub(super) fn line_end(&self) -> u8 {
        self.line_end
    }

    /// The file, and how to come back to the next line.
    pub(super) fn place(&self) -> Option<(FileMark, ByteSpot)> {
        self.block.place(self.line)
    }

    /// How far the reading is in the file as it lies on the disk.
    pub(super) fn extent(&self) -> Option<Extent> {
        self.block.extent()
    }

    /// The next line and its number, without the line feed.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &[u8])>, DataError> {
        let Some(end) = self.find_end()? else { return Ok(None) };
        self.line_end = self.block.rest()[end];
        let line = self.line;
        self.line += 1;
        Ok(Some((line, &self.block.take(end + 1)[..end])))
    }

    /// The next line, which stays there; nothing at the end.
    pub(super) fn peek(&mut self) -> Result<&[u8], DataError> {
        let end = self.find_end()?;
        Ok(end.map_or(&[], |end| &self.block.rest()[..end]))
    }

    /// Where the next line ends, once it is there as a whole.
    #[expect(clippy::inline_always, reason = "it is called for each line of a table")]
    #[inline(always)]
    fn find_end(&mut self) -> Result<Option<usize>, DataError> {
        let mut scanned = 0;
        loop {
            let rest = &self.block.rest()[scanned..];
            let found = if self.block.has_lone_cr() { line_end(rest) } else { memchr(b'\n', rest) };
            if let Some(at) = found {
                return Ok(Some(scanned + at));
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
        let has_blank = self.blank_lines == BlankLines::Kept;
        let mut cut = LineCut { ends: &mut chunk.ends, start: 0, has_blank, max_items, max_bytes };
        let mut scanned = 0;
        let more = loop {
            let rest = self.block.rest();
            if !cut.scan(rest, scanned) {
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
        let has_blank = cut.has_blank;
        let bytes = chunk.ends.last().map_or(0, |end| *end as usize);
        self.block.take_into(bytes, &mut chunk.text);
        let origin = Origin::new(Arc::clone(self.block.name()), self.line);
        self.line += chunk.len() as u64;
        let pass_over = has_blank && self.blank_lines == BlankLines::PassedOver;
        chunk.origin = Some(if pass_over { pass_over_blanks(chunk, origin) } else { origin });
        Ok(more)
    }

    fn fill(&mut self, count: usize) -> Result<(), DataError> {
        let known = self.block.rest().len();
        let filled = self.block.fill(count);
        filled.map_err(|error| {
            error.at_line(self.line + memchr_iter(b'\n', self.block.rest()).count() as u64)
        })?;
        self.end_lines(known);
        Ok(())
    }

    /// Ends the last line where the file does not, and lines that are taken many at a time with line feeds; the first
    /// `known` bytes are so already.
    fn end_lines(&mut self, known: usize) {
        let has_lone_cr = self.block.has_lone_cr();
        let is_end = |last: &u8| *last == b'\n' || has_lone_cr && *last == b'\r';
        if self.block.has_ended() && self.block.rest().last().is_some_and(|last| !is_end(last)) {
            self.block.complete(b'\n');
        }
        if has_lone_cr && self.blank_lines == BlankLines::PassedOver {
            self.block.end_lines_with_feeds(known);
        }
    }

    fn check_length(&self, bytes: usize) -> Result<(), DataError> {
        if bytes <= self.row_bytes_max {
            return Ok(());
        }
        let message = format!("a line is longer than {} bytes", self.row_bytes_max);
        Err(self.block.content(self.line, message))
    }
}

/// Where the first line ends, in a text whose lines end with carriage returns, line feeds or both.
fn line_end(text: &[u8]) -> Option<usize> {
    let at = memchr2(b'\r', b'\n', text)?;
    // Of both, the carriage return belongs to the line, as everywhere.
    Some(if text[at] == b'\r' && text.get(at + 1) == Some(&b'\n') { at + 1 } else { at })
}

/// Takes the blank lines out of a chunk, and tells where the others stand.
fn pass_over_blanks(chunk: &mut Chunk, mut origin: Origin) -> Origin {
    let (first, mut kept) = (origin.line, 0);
    chunk.retain(|at, text| {
        if is_blank(text) {
            return false;
        }
        origin.note(kept, first + at as u64);
        kept += 1;
        true
    });
    origin
}

/// Finds where the lines of one chunk end.
struct LineCut<'a> {
    ends: &'a mut Vec<u32>,
    /// Where the line that has no end yet starts.
    start: usize,
    /// Whether one of the lines is blank; also when it does not matter.
    has_blank: bool,
    max_items: usize,
    max_bytes: usize,
}

impl LineCut<'_> {
    /// Goes through `rest` from `scanned`, its first byte not seen yet; false when the chunk is full.
    fn scan(&mut self, rest: &[u8], scanned: usize) -> bool {
        if self.max_items == 0 {
            return false;
        }
        for at in memchr_iter(b'\n', &rest[scanned..]) {
            let end = scanned + at + 1;
            self.has_blank = self.has_blank || is_blank(&rest[self.start..end]);
            self.start = end;
            // The window holds at most a row and a chunk, 1 GiB each.
            self.ends.push(u32::try_from(end).expect("the window is bounded"));
            if self.ends.len() >= self.max_items || end >= self.max_bytes {
                return false;
            }
        }
        true
    }
}

/// Whether a line holds nothing but white space.
fn is_blank(line: &[u8]) -> bool {
    // Nearly every line is decided by its first byte.
    line.first().is_none_or(|first| *first <= b' ')
        && line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}
