//! This module opens files of items for reading. The caller decides what becomes of a bad row.

mod block;
mod byte_source;
mod decoding;
mod document;
mod elements;
mod errors_last;
mod field;
mod fields;
mod file;
mod files;
#[cfg(feature = "parquet")]
mod footer;
#[cfg(feature = "parquet")]
mod guard;
mod gzip_members;
mod header;
mod input;
mod json;
mod jsonl;
mod line_count;
mod line_source;
mod lines;
mod members;
mod most_rows;
#[cfg(feature = "parquet")]
mod old_writers;
mod origin;
mod other_lists;
#[cfg(feature = "parquet")]
mod parquet;
mod query_rows;
mod record_shape;
mod records;
#[cfg(feature = "parquet")]
mod row_groups;
#[cfg(feature = "parquet")]
mod source_columns;
mod table;
#[cfg(test)]
mod tests;
mod zstd_frames;

use std::io::Read;

use crate::data::list::limited;
use crate::data::pattern::{self, Matched};
use crate::data::position::foreign;
use crate::data::{Compression, DataError, Format, Position, ReadOptions, Reader};
pub(super) use block::{LINE_END_BYTES, ends_lines_with_cr, is_archive};
use block::{ReadBlock, TextForm};
pub(super) use file::{Bounds, compression_of, format_of};
use file::{decode, open_file, with_origin};
use files::Files;
#[cfg(feature = "parquet")]
pub(super) use footer::LEVELS_MAX;
pub(super) use gzip_members::GzipMembers;
use input::Input;
pub use most_rows::most_rows;
#[cfg(feature = "parquet")]
pub(super) use parquet::{
    BytesKind, Change, Digits, IntegerKind, Kind, NotANumber, StoredColumn, TypedColumns, changed,
    half_to_float, type_text,
};
#[cfg(feature = "parquet")]
pub(super) use row_groups::RowGroups;
#[cfg(feature = "parquet")]
pub(super) use source_columns::{KnownColumns, source_columns};

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
    open_between(options, Bounds::default())
}

/// Goes on reading where a reader of the same options has given this [`Reader::position`]: the same rows with the same
/// indices, line numbers and bad rows as if read from the front.
///
/// A plain file and a Parquet file are entered where the position is. A compressed file is decompressed from the beginning
/// of the gzip member or zstd frame that holds the position; one that has a single member, as `gzip` makes them, costs the
/// decompression of all that stands before. Text in another encoding than UTF-8, and text whose lines end with carriage
/// returns alone, is decoded from the front. A table's header is read once more. For a pattern, all its files are looked
/// at, because one that was added or changed moves the rows behind it.
///
/// # Errors
/// Fails as [`open`] does, for standard input and pipes, and when the files are not those of the position any more: gone,
/// of another size, written to since, with another header. What is read then would be other rows.
pub fn open_at(options: &ReadOptions, position: &Position) -> Result<Box<dyn Reader>, DataError> {
    if !position.is_sound() {
        return Err(foreign(&options.path));
    }
    open_between(options, Bounds { from: Some(position), until: None })
}

/// Opens what lies within bounds.
pub(super) fn open_between(options: &ReadOptions, bounds: Bounds<'_>) -> Result<Box<dyn Reader>, DataError> {
    options.check()?;
    let reader: Box<dyn Reader> = if options.path == "-" {
        if bounds.from.is_some() {
            return Err(foreign("standard input"));
        }
        let input = Input::stdin(options.compression.unwrap_or(Compression::None))?;
        let reader = decode(options, input, options.format.unwrap_or(Format::Jsonl))?;
        with_origin(options, reader, "-", "standard input")
    } else {
        match pattern::find(&options.root, &options.path)? {
            Matched::Literal(found) => open_file(options, &found, bounds)?,
            Matched::Files(found) => Box::new(Files::new(options, found)?.between(bounds)?),
        }
    };
    Ok(limited(reader, options.limit))
}

/// Whether rows may take their time, and can be had only once: standard input, a named pipe, the answer to a query.
pub fn is_live(options: &ReadOptions) -> bool {
    let special = |kind: std::fs::FileType| !kind.is_file() && !kind.is_dir();
    let path = options.root.join(&options.path);
    let asks = options.query.is_some() && pattern::is_literal(&options.root, &options.path);
    asks || options.path == "-" || std::fs::metadata(path).is_ok_and(|found| special(found.file_type()))
}

/// Whether the path stands for all files that match it.
pub fn is_pattern(options: &ReadOptions) -> bool {
    options.path != "-" && !pattern::is_literal(&options.root, &options.path)
}

/// Reads JSON lines that flowrun itself has written: nothing is proved and nothing says where they came from.
pub fn stored_lines(source: Box<dyn Read + Send>, name: &str) -> Box<dyn Reader> {
    let block = ReadBlock::new(Input::plain(source, name.into()), TextForm::default());
    Box::new(jsonl::JsonlReader::stored(block))
}
