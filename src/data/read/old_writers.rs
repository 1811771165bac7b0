//! Some programs wrote into the footer of a Parquet file that a column lies elsewhere than it does. Every reader makes up for
//! that; the library does not.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use crate::data::read::footer::Thrift;

/// The header of a dictionary is shorter than this.
const HEADER_BYTES_MAX: u64 = 100;
/// The kind of page that a dictionary is.
const DICTIONARY: i64 = 2;
/// Bytes behind the footer: its length, and `PAR1`.
const TAIL: u64 = 8;

/// Puts the places of columns right. The footer has `footer_length` bytes.
pub(super) fn mended(
    metadata: ParquetMetaData,
    file: &File,
    footer_length: usize,
) -> Result<ParquetMetaData, ParquetError> {
    let columns = || metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    let is_short = leaves_out_headers(metadata.file_metadata().created_by());
    if !is_short && columns().all(|column| column.dictionary_page_offset() == dictionary(column)) {
        return Ok(metadata);
    }
    let mut starts: Vec<u64> = columns().map(start).collect();
    starts.push(file.metadata()?.len().saturating_sub(TAIL + footer_length as u64));
    starts.sort_unstable();
    let mut metadata = metadata.into_builder();
    for group in metadata.take_row_groups() {
        let mut group = group.into_builder();
        for column in group.take_columns() {
            let header = if is_short { left_out(&column, file, &starts)? } else { 0 };
            let size = column.compressed_size().saturating_add(header as i64);
            let dictionary = dictionary(&column);
            let column = column.into_builder().set_dictionary_page_offset(dictionary);
            group = group.add_column_metadata(column.set_total_compressed_size(size).build()?);
        }
        metadata = metadata.add_row_group(group.build()?);
    }
    Ok(metadata.build())
}

/// Where the dictionary lies. Some programs write 0, or the place of the data, where there is none.
fn dictionary(column: &ColumnChunkMetaData) -> Option<i64> {
    column.dictionary_page_offset().filter(|at| (1..column.data_page_offset()).contains(at))
}

/// Where the pages of a column begin.
fn start(column: &ColumnChunkMetaData) -> u64 {
    u64::try_from(dictionary(column).unwrap_or(column.data_page_offset())).unwrap_or(0)
}

/// Whether the program did not count the header of a dictionary as a part of its column: parquet-mr before 1.2.9, in 2013.
fn leaves_out_headers(program: Option<&str>) -> bool {
    let Some(version) = program.and_then(|program| program.strip_prefix("parquet-mr")) else { return false };
    let version = version.trim_start().trim_start_matches("version").trim_start();
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse::<u32>().ok());
    let mut next = || numbers.next().flatten().unwrap_or(0);
    (next(), next(), next()) < (1, 2, 9)
}

/// Bytes that lie between the end of a column, as the footer says it, and whatever comes next, when that is how long the
/// header of its dictionary is.
fn left_out(column: &ColumnChunkMetaData, file: &File, starts: &[u64]) -> Result<u64, ParquetError> {
    let start = start(column);
    let end = start.saturating_add(u64::try_from(column.compressed_size()).unwrap_or(0));
    let next = starts.get(starts.partition_point(|other| *other <= start));
    let gap = next.and_then(|next| next.checked_sub(end)).unwrap_or(0);
    if !(1..=HEADER_BYTES_MAX).contains(&gap) {
        return Ok(0);
    }
    let mut header = [0; HEADER_BYTES_MAX as usize];
    let read = file.read_at(&mut header, start)?;
    let mut header = Thrift::new(&header[..read]);
    let is_left_out = header.page_header() == Some(DICTIONARY) && header.at() as u64 == gap;
    Ok(if is_left_out { gap } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_versions_with_the_fault_are_taken_to_have_it() {
        for (program, expect) in [
            (None, false),
            (Some("flowrun"), false),
            (Some("parquet-mr"), true),
            (Some("parquet-mr version 1.2.8 (build abc)"), true),
            (Some("parquet-mr version 1.2.9"), false),
            (Some("parquet-mr version 1.12.0-2018"), false),
            (Some("parquet-mr version 0.9.11"), true),
        ] {
            assert_eq!(leaves_out_headers(program), expect, "{program:?}");
        }
    }
}
