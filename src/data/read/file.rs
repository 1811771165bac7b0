//! One file, or a stream, is opened in the format that its options or its name say.

use std::path::Path;
use std::sync::Arc;

use super::errors_last::ErrorsLast;
use super::input::Input;
use super::{json, jsonl, parquet, table, text};
use crate::data::format::{NO_STREAM, PACKED};
use crate::data::pattern::Found;
use crate::data::{Compression, DataError, Format, ReadOptions, Reader};

pub(super) fn open_file(options: &ReadOptions, found: &Found) -> Result<Box<dyn Reader>, DataError> {
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

pub(super) fn decode(
    options: &ReadOptions,
    input: Input,
    format: Format,
) -> Result<Box<dyn Reader>, DataError> {
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
