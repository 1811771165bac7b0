//! One file, or a stream, is opened in the format that its options or its name say.

use std::sync::Arc;

use super::errors_last::ErrorsLast;
use super::input::Input;
use super::{json, jsonl, lines, parquet, table};
use crate::data::pattern::FoundFile;
use crate::data::{Compression, DataError, Format, ReadOptions, Reader};

pub(super) fn open_file(options: &ReadOptions, found: &FoundFile) -> Result<Box<dyn Reader>, DataError> {
    let compression = options.compression.unwrap_or_else(|| Compression::of_path(&found.name));
    let format = options.format.map_or_else(|| Format::of_path(&found.name), Ok);
    if let Ok(format) = format
        && !format.streams()
    {
        options.check_format(format)?;
        if compression != Compression::None {
            return Err(DataError::Usage(format!("`{}`: {}", found.name, format.packed())));
        }
        return open_whole(options, found, format);
    }
    // A folder or a missing file is worth more as an error than an extension that is not known.
    let input = Input::open(&found.path, Arc::from(found.name.as_str()), compression)?;
    decode(options, input, format?)
}

/// Opens a file that has to be gone back and forth in.
fn open_whole(
    options: &ReadOptions,
    found: &FoundFile,
    format: Format,
) -> Result<Box<dyn Reader>, DataError> {
    let (name, columns) = (Arc::from(found.name.as_str()), options.columns.as_deref());
    Ok(match format {
        Format::Parquet => Box::new(ErrorsLast::new(parquet::Parquet::open(&found.path, &name, columns)?)),
        Format::Jsonl | Format::Json | Format::Csv | Format::Tsv | Format::Lines => {
            unreachable!("`{}` is read from front to back", format.name())
        }
    })
}

pub(super) fn decode(
    options: &ReadOptions,
    input: Input,
    format: Format,
) -> Result<Box<dyn Reader>, DataError> {
    options.check_format(format)?;
    let table = |input, delimiter| {
        let delimiter = options.delimiter.unwrap_or(delimiter);
        ErrorsLast::new(table::TableReader::new(input, delimiter, options.header, options.columns.clone()))
    };
    Ok(match format {
        Format::Jsonl => Box::new(jsonl::Jsonl::new(input, options.validate)),
        Format::Json => Box::new(ErrorsLast::new(json::Json::new(input))),
        Format::Csv => Box::new(table(input, b',')),
        Format::Tsv => Box::new(table(input, b'\t')),
        Format::Lines => Box::new(lines::LinesReader::new(input)),
        Format::Parquet => return Err(DataError::Usage(format.no_stream())),
    })
}
