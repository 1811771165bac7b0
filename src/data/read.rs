//! This module opens files of items for reading. The caller decides what becomes of a bad row.

mod block;
mod elements;
mod errors_last;
mod field;
mod file;
mod files;
mod input;
mod json;
mod jsonl;
mod line_source;
mod lines;
mod parquet;
mod records;
mod table;
#[cfg(test)]
mod tests;

use std::io::Read;

use crate::data::list::limited;
use crate::data::pattern::{self, Matched};
use crate::data::{Compression, DataError, Format, ReadOptions, Reader};
use file::{decode, open_file};
use files::Files;
use input::Input;

/// Opens the file, or all files that match the pattern in the order of their paths.
///
/// A path without `*?[{`, or one that exists as it is written, means itself and must exist. In patterns `*` stays
/// within a folder, `**` crosses folders, and names that start with a dot are matched only by a part that starts with
/// one. The files of a pattern are opened one after the other; a chunk holds items of one file.
///
/// # Errors
/// Fails when the options contradict each other, when the pattern cannot be used, and when a file is missing or
/// cannot be opened.
pub fn open(options: &ReadOptions) -> Result<Box<dyn Reader>, DataError> {
    options.check()?;
    let reader: Box<dyn Reader> = if options.path == "-" {
        let input = Input::stdin(options.compression.unwrap_or(Compression::None))?;
        decode(options, input, options.format.unwrap_or(Format::Jsonl))?
    } else {
        match pattern::find(&options.root, &options.path)? {
            Matched::Literal(found) => open_file(options, &found)?,
            Matched::Files(found) => Box::new(Files::new(options, found)?),
        }
    };
    Ok(limited(reader, options.limit))
}

/// Whether rows may take their time, and can be had only once: standard input, a named pipe.
pub fn is_live(options: &ReadOptions) -> bool {
    let special = |kind: std::fs::FileType| !kind.is_file() && !kind.is_dir();
    let path = options.root.join(&options.path);
    options.path == "-" || std::fs::metadata(path).is_ok_and(|found| special(found.file_type()))
}

/// Reads JSON lines that flowrun itself has written: nothing is proved and nothing says where they came from.
pub(super) fn stored_lines(source: Box<dyn Read + Send>, name: &str) -> Box<dyn Reader> {
    Box::new(jsonl::Jsonl::stored(Input::plain(source, name.into())))
}
