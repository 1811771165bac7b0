//! A file's format has a name of its own on the floor of files.

use crate::data::Format;
use crate::spec;

/// The format as the files' floor names it.
pub(super) fn format(format: spec::Format) -> Format {
    match format {
        spec::Format::Jsonl => Format::Jsonl,
        spec::Format::Json => Format::Json,
        spec::Format::Csv => Format::Csv,
        spec::Format::Tsv => Format::Tsv,
        spec::Format::Lines => Format::Lines,
        spec::Format::Parquet => Format::Parquet,
    }
}
