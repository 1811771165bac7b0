//! One file, or a stream, is opened in the format that its options or its name say.

use std::sync::Arc;

use super::errors_last::ErrorsLast;
use super::input::{Input, TextRange};
#[cfg(feature = "parquet")]
use super::parquet;
use super::{json, jsonl, lines, table};
#[cfg(feature = "parquet")]
use crate::data::list::limited;
use crate::data::pattern::FoundFile;
use crate::data::position::foreign;
use crate::data::{
    ByteSpot, Compression, DataError, FileMark, Format, Position, PositionAt, ReadOptions, Reader, Spot,
};

/// Which rows of a source are read.
#[derive(Clone, Copy, Default)]
pub(in crate::data) struct Bounds<'a> {
    /// Where they begin; else at the front.
    pub(in crate::data) from: Option<&'a Position>,
    /// What they end before; else the end. Only lines of plain files and rows of Parquet files can be ended so.
    pub(in crate::data) until: Option<&'a Position>,
}

/// Opens a file of items. Positions are counted from the front of this file.
pub(super) fn open_file(
    options: &ReadOptions,
    found: &FoundFile,
    bounds: Bounds<'_>,
) -> Result<Box<dyn Reader>, DataError> {
    let compression = compression_of(options, found);
    let format = format_of(options, found);
    if let Ok(format) = format
        && !format.streams()
    {
        options.check_format(format)?;
        if compression != Compression::None {
            return Err(DataError::Usage(format!("`{}`: {}", found.name, format.packed())));
        }
        return open_whole(options, found, format, bounds);
    }
    let open = |range| Input::open(&found.path, Arc::from(found.name.as_str()), compression, range);
    let from = bounds.from.map(|position| place(found, position)).transpose()?;
    let until = bounds.until.map(|position| place(found, position)).transpose()?;
    let range = TextRange {
        from: from.and_then(|(mark, spot)| Some((mark, spot.bytes()?))),
        until: until.and_then(|(_, spot)| spot.bytes()).map(|bytes: &ByteSpot| bytes.offset),
    };
    // A folder or a missing file is worth more as an error than an extension that is not known.
    let input = open(range)?;
    match bounds.from.zip(from) {
        None => decode(options, input, format?),
        Some((position, (_, spot))) => {
            enter(options, format?, position, spot, input, || open(TextRange::default()))
        }
    }
}

/// How a file is compressed.
pub(in crate::data) fn compression_of(options: &ReadOptions, found: &FoundFile) -> Compression {
    options.compression.unwrap_or_else(|| Compression::of_path(&found.name))
}

/// The format of a file.
pub(in crate::data) fn format_of(options: &ReadOptions, found: &FoundFile) -> Result<Format, DataError> {
    options.format.map_or_else(|| Format::of_path(&found.name), Ok)
}

/// The place of a position in a file.
fn place<'a>(found: &FoundFile, position: &'a Position) -> Result<(&'a FileMark, &'a Spot), DataError> {
    match &position.at {
        PositionAt::File { mark, spot } => Ok((mark, spot)),
        PositionAt::List { .. } | PositionAt::Listing { .. } | PositionAt::Files { .. } => {
            Err(foreign(&found.name))
        }
    }
}

/// Opens a file that has to be gone back and forth in.
#[cfg(not(feature = "parquet"))]
fn open_whole(
    _: &ReadOptions,
    _: &FoundFile,
    format: Format,
    _: Bounds<'_>,
) -> Result<Box<dyn Reader>, DataError> {
    Err(DataError::Usage(format.absent()))
}

/// Opens a file that has to be gone back and forth in.
#[cfg(feature = "parquet")]
fn open_whole(
    options: &ReadOptions,
    found: &FoundFile,
    format: Format,
    bounds: Bounds<'_>,
) -> Result<Box<dyn Reader>, DataError> {
    let (name, columns) = (Arc::from(found.name.as_str()), options.columns.as_deref());
    let reader = match format {
        Format::Parquet => {
            let reader = parquet::ParquetReader::open(&found.path, &name, columns, bounds.from)?;
            Box::new(ErrorsLast::new(reader))
        }
        Format::Jsonl | Format::Json | Format::Csv | Format::Tsv | Format::Lines => {
            unreachable!("`{}` is read from front to back", format.name())
        }
    };
    Ok(limited(reader, bounds.until.map(|until| until.rows)))
}

/// Reads `input` from its front.
pub(super) fn decode(
    options: &ReadOptions,
    input: Input,
    format: Format,
) -> Result<Box<dyn Reader>, DataError> {
    options.check_format(format)?;
    Ok(match format {
        Format::Jsonl => Box::new(jsonl::JsonlReader::new(input, options.validate)),
        Format::Json => Box::new(ErrorsLast::new(json::JsonReader::new(input).at(options.at.as_ref()))),
        Format::Csv | Format::Tsv => Box::new(ErrorsLast::new(table(options, input, format))),
        Format::Lines => Box::new(lines::LinesReader::new(input)),
        Format::Parquet => return Err(DataError::Usage(format.no_stream())),
    })
}

/// Reads `input`, which begins at `spot`. `front` opens the same file at its front, where the header of a table stands.
fn enter(
    options: &ReadOptions,
    format: Format,
    position: &Position,
    spot: &Spot,
    input: Input,
    front: impl FnOnce() -> Result<Input, DataError>,
) -> Result<Box<dyn Reader>, DataError> {
    options.check_format(format)?;
    Ok(match (format, spot) {
        (Format::Jsonl, Spot::Lines(bytes)) => {
            Box::new(jsonl::JsonlReader::new(input, options.validate).enter(position, bytes))
        }
        (Format::Json, Spot::Array { bytes, place }) => {
            let (reader, at) = (json::JsonReader::new(input), options.at.as_ref());
            Box::new(ErrorsLast::new(reader.enter(position, bytes, *place, at)))
        }
        (Format::Csv | Format::Tsv, Spot::Table { .. }) => {
            Box::new(ErrorsLast::new(table(options, front()?, format).enter(position, spot, input)?))
        }
        (Format::Lines, Spot::Lines(bytes)) => {
            Box::new(lines::LinesReader::new(input).enter(position, bytes))
        }
        _ => return Err(foreign(input.name())),
    })
}

fn table(options: &ReadOptions, input: Input, format: Format) -> table::TableReader {
    let usual = if format == Format::Tsv { b'\t' } else { b',' };
    let delimiter = options.delimiter.unwrap_or(usual);
    table::TableReader::new(input, delimiter, options.header, options.columns.clone())
}
