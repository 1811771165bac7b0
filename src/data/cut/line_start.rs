//! This search finds where a line begins near a byte of a file, without reading what stands before.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use crate::data::pattern::FoundFile;
use crate::data::read::{LINE_END_BYTES, ends_lines_with_cr};
use crate::data::{DataError, FileMark, TextEncoding};

/// Bytes read at a time: most lines are shorter.
const BLOCK: usize = 16 * 1024;

/// A byte order mark is no part of the first line.
const BOM_BYTES: u64 = 3;

/// Whether a line begins behind each line feed of a file, and behind nothing else. `with_cr`: carriage returns alone end
/// lines where the beginning of the file has no line feed.
pub(super) fn has_line_feeds(found: &FoundFile, with_cr: bool) -> Result<bool, DataError> {
    let io = |source| DataError::Io { intent: "read", path: found.name.clone().into(), source };
    let mut start = Vec::new();
    let file = File::open(&found.path).map_err(io)?;
    file.take(LINE_END_BYTES as u64).read_to_end(&mut start).map_err(io)?;
    let is_utf8 = TextEncoding::of_mark(&start).is_none_or(|(encoding, _)| encoding.is_utf8());
    Ok(is_utf8 && !(with_cr && ends_lines_with_cr(&start)))
}

/// The first line that begins at or behind `byte`, and not at the end of the file.
pub(super) fn line_start(found: &FoundFile, byte: u64) -> Result<Option<(FileMark, u64)>, DataError> {
    let io = |source| DataError::Io { intent: "read", path: found.name.clone().into(), source };
    let mut file = File::open(&found.path).map_err(io)?;
    let mark = FileMark::of(&file.metadata().map_err(io)?).with_edges(&file);
    // The byte before may end a line.
    let mut at = byte.saturating_sub(1).max(BOM_BYTES);
    file.seek(SeekFrom::Start(at)).map_err(io)?;
    let mut bytes = BufReader::with_capacity(BLOCK, file);
    loop {
        let block = bytes.fill_buf().map_err(io)?;
        if block.is_empty() {
            return Ok(None);
        }
        let end = memchr::memchr(b'\n', block);
        let taken = end.map_or(block.len(), |end| end + 1);
        at += taken as u64;
        bytes.consume(taken);
        if end.is_some() {
            return Ok((at < mark.size).then_some((mark, at)));
        }
    }
}
