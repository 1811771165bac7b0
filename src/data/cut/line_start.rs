//! This search finds where a line begins near a byte of a file, without reading what stands before.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};

use crate::data::pattern::FoundFile;
use crate::data::{DataError, FileMark};

/// Bytes read at a time: most lines are shorter.
const BLOCK: usize = 16 * 1024;

/// A byte order mark is no part of the first line.
const BOM_BYTES: u64 = 3;

/// The first line that begins at or behind `byte`, and not at the end of the file. Where blank lines are no rows of
/// their own, it has one with a text before it: what comes at the end of a part is not to depend on what follows.
pub(super) fn line_start(
    found: &FoundFile,
    byte: u64,
    blank_lines_are_rows: bool,
) -> Result<Option<(FileMark, u64)>, DataError> {
    let io = |source| DataError::Io { intent: "read", path: found.name.clone().into(), source };
    let mut file = File::open(&found.path).map_err(io)?;
    let mark = FileMark::of(&file.metadata().map_err(io)?);
    // The byte before may end a line.
    let mut at = byte.saturating_sub(1).max(BOM_BYTES);
    file.seek(SeekFrom::Start(at)).map_err(io)?;
    let mut bytes = BufReader::with_capacity(BLOCK, file);
    let mut has_text = blank_lines_are_rows;
    loop {
        let block = bytes.fill_buf().map_err(io)?;
        if block.is_empty() {
            return Ok(None);
        }
        let end = memchr::memchr(b'\n', block);
        let line = &block[..end.unwrap_or(block.len())];
        has_text |= line.iter().any(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        let taken = line.len() + usize::from(end.is_some());
        at += taken as u64;
        bytes.consume(taken);
        if end.is_some() && has_text {
            return Ok((at < mark.size).then_some((mark, at)));
        }
    }
}
