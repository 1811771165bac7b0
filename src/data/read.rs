//! Opens files of items for reading. What becomes of a bad row is left to the caller.

mod block;
mod elements;
mod errors_last;
mod field;
mod files;
mod input;
mod json;
mod jsonl;
mod line_source;
mod parquet;
mod records;
mod table;
#[cfg(test)]
mod tests;
mod text;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::data::format::{NO_STREAM, PACKED};
use crate::data::list::limited;
use crate::data::pattern::{self, Found, Matched};
use crate::data::{BadRow, Compression, DataError, Format, ReadOptions};
use crate::value::Chunk;
use errors_last::ErrorsLast;
use files::Files;
use input::Input;

/// A source of items as JSON text, read from front to back.
pub trait Reader: Send {
    /// Fills `chunk`, cleared first, with the next items: at most `max_items` rows, bad ones counted, and about
    /// `max_bytes` of text. Rows that cannot be read go to `bad`.
    ///
    /// `Ok(false)` says that the input has ended; the chunk may still hold its last items. `Ok(true)` may come with an
    /// empty chunk, when all rows were bad or at the end of one of several files. Every item ends with a line feed, so
    /// `chunk.text` is JSON lines. `chunk.first` is left alone. An error comes alone, after all rows before it; the
    /// reader must not be used any more then.
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError>;

    /// Rows seen so far, bad ones included.
    fn rows(&self) -> u64;

    /// What deserves a warning although nothing is wrong: a pattern that matches no file. Known from the start.
    fn notice(&self) -> Option<&str> {
        None
    }
}

/// Opens the file, or all files that match the pattern in the order of their paths.
///
/// A path without `*?[{`, or one that exists as it is written, means itself and must exist. In patterns `*` stays
/// within a folder, `**` crosses folders, and names that start with a dot are matched only by a part that starts with
/// one. The files of a pattern are opened one after the other; a chunk holds items of one file.
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

fn open_file(options: &ReadOptions, found: &Found) -> Result<Box<dyn Reader>, DataError> {
    let compression = options.compression.unwrap_or_else(|| Compression::of_path(&found.name));
    if options
        .format
        .map_or_else(|| Format::of_path(&found.name), Ok)
        .is_ok_and(|format| format == Format::Parquet)
    {
        options.check_format(Format::Parquet)?;
        if compression != Compression::None {
            return Err(DataError::Usage(format!("`{}`: {PACKED}", found.name)));
        }
        let columns = options.columns.as_deref();
        let reader = parquet::Parquet::open(&found.path, &Arc::from(found.name.as_str()), columns)?;
        return Ok(Box::new(ErrorsLast::new(reader)));
    }
    let open = |path: &Path| Input::open(path, Arc::from(found.name.as_str()), compression);
    // A folder or a missing file is worth more as an error than an extension that is not known.
    let input = open(&found.path)?;
    let format = options.format.map_or_else(|| Format::of_path(&found.name), Ok)?;
    decode(options, input, format)
}

fn decode(options: &ReadOptions, input: Input, format: Format) -> Result<Box<dyn Reader>, DataError> {
    options.check_format(format)?;
    let table = |input, delimiter| {
        let delimiter = options.delimiter.unwrap_or(delimiter);
        ErrorsLast::new(table::Table::new(input, delimiter, options.header, options.columns.clone()))
    };
    Ok(match format {
        Format::Jsonl => Box::new(jsonl::Jsonl::new(input, options.validate)),
        Format::Json => Box::new(ErrorsLast::new(json::Json::new(input))),
        Format::Csv => Box::new(table(input, b',')),
        Format::Tsv => Box::new(table(input, b'\t')),
        Format::Lines => Box::new(text::Text::new(input)),
        Format::Parquet => return Err(DataError::Usage(NO_STREAM.to_owned())),
    })
}

/// Reads JSON lines that flowrun itself has written: nothing is proved and nothing says where they came from.
pub(super) fn stored_lines(source: Box<dyn Read + Send>, name: &str) -> Box<dyn Reader> {
    Box::new(jsonl::Jsonl::stored(Input::plain(source, name.into())))
}
