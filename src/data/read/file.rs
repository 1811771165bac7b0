//! One file, or a stream, is opened in the format that its options or its name say.

use std::sync::Arc;

use super::block::{ReadBlock, TextForm};
use super::errors_last::ErrorsLast;
use super::input::{Input, TextRange};
use super::json::JsonReader;
use super::jsonl::JsonlReader;
use super::lines::LinesReader;
use super::origin::OriginReader;
#[cfg(feature = "parquet")]
use super::parquet;
use super::query_rows::QueryReader;
use super::table::TableReader;
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
        let reader = match &options.query {
            Some(query) if bounds.from.is_none() && bounds.until.is_none() => {
                let name = Arc::from(found.name.as_str());
                Box::new(QueryReader::open(&found.path, &name, query, !options.origin.is_empty())?)
            }
            Some(_) => return Err(foreign(&found.name)),
            None => open_whole(options, found, format, bounds)?,
        };
        return Ok(with_origin(options, reader, &found.name, &found.name));
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
    let reader = match bounds.from.zip(from) {
        None => decode(options, input, format?),
        Some((position, (_, spot))) => {
            enter(options, format?, position, spot, input, || open(TextRange::default()))
        }
    };
    Ok(with_origin(options, reader?, &found.name, &found.name))
}

/// Adds to the items of `reader` where they are read, if that is wanted.
pub(super) fn with_origin(
    options: &ReadOptions,
    reader: Box<dyn Reader>,
    file: &str,
    name: &str,
) -> Box<dyn Reader> {
    if options.origin.is_empty() {
        return reader;
    }
    Box::new(OriginReader::new(reader, &options.origin, file, name))
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
            let reader = reader.telling_lines(!options.origin.is_empty());
            Box::new(ErrorsLast::new(reader.keeping_beyond_json(options.keeps_beyond_json)))
        }
        Format::Jsonl | Format::Json | Format::Csv | Format::Tsv | Format::Lines | Format::Sqlite => {
            unreachable!("`{}` is read in another way", format.name())
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
    let block = block(options, input, format);
    Ok(match format {
        Format::Jsonl => Box::new(jsonl(options, block)),
        Format::Json => Box::new(ErrorsLast::new(json(options, block).at(options.at.as_ref()))),
        Format::Csv | Format::Tsv => Box::new(ErrorsLast::new(table(options, block, format))),
        Format::Lines => Box::new(LinesReader::new(block)),
        Format::Parquet | Format::Sqlite => return Err(DataError::Usage(format.no_stream())),
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
    let block = block(options, input, format);
    Ok(match (format, spot) {
        (Format::Jsonl, Spot::Lines(bytes)) => Box::new(jsonl(options, block).enter(position, bytes)?),
        (Format::Json, Spot::Array { bytes, place }) => {
            let at = options.at.as_ref();
            Box::new(ErrorsLast::new(json(options, block).enter(position, bytes, *place, at)?))
        }
        (Format::Csv | Format::Tsv, Spot::Table { .. }) => {
            let front = self::block(options, front()?, format);
            Box::new(ErrorsLast::new(table(options, front, format).enter(position, spot, block)?))
        }
        (Format::Lines, Spot::Lines(bytes)) => Box::new(LinesReader::new(block).enter(position, bytes)?),
        _ => return Err(foreign(block.name())),
    })
}

/// The text of `input`.
fn block(options: &ReadOptions, input: Input, format: Format) -> ReadBlock {
    // An array is not held up by a search for line ends, and a line of text may hold carriage returns.
    let may_end_lines_with_cr = matches!(format, Format::Jsonl | Format::Csv | Format::Tsv);
    ReadBlock::new(input, TextForm { encoding: options.encoding, may_end_lines_with_cr })
}

fn jsonl(options: &ReadOptions, block: ReadBlock) -> JsonlReader {
    // What is added to an item is added to JSON only.
    let tells_lines = !options.origin.is_empty();
    JsonlReader::new(block, options.validate || tells_lines).telling_lines(tells_lines)
}

fn json(options: &ReadOptions, block: ReadBlock) -> JsonReader {
    JsonReader::new(block, !options.origin.is_empty())
}

fn table(options: &ReadOptions, block: ReadBlock, format: Format) -> TableReader {
    let usual = format.field_rules().expect("only tables are read as such");
    let reader = TableReader::new(block, usual, &options.dialect, options.columns.clone());
    reader.telling_lines(!options.origin.is_empty())
}
