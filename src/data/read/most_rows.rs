//! This module counts how many rows a source has at most, without understanding them: by the line ends of its files, or by what a
//! Parquet file says of itself.

use std::sync::atomic::{AtomicBool, Ordering};

use super::file::{compression_of, format_of};
use super::input::{Input, TextRange};
#[cfg(feature = "parquet")]
use super::row_groups::RowGroups;
use crate::data::pattern::{self, FoundFile};
use crate::data::{DataError, Format, ReadOptions};

/// Text that is looked at at a time.
const BLOCK: usize = 256 * 1024;

/// The most rows that a source can have; `None` when nothing bounds them (a `json` array lies on as many lines as it likes,
/// standard input and pipes can be read only once), and when `stop` is set meanwhile. Archives are decompressed for that.
///
/// # Errors
/// Fails as reading does.
pub fn most_rows(options: &ReadOptions, stop: &AtomicBool) -> Result<Option<u64>, DataError> {
    if super::is_live(options) {
        return Ok(None);
    }
    let files = pattern::find(&options.root, &options.path)?.into_files();
    let mut rows = 0_u64;
    for file in &files {
        let Some(of_file) = most_rows_of(options, file, stop)? else { return Ok(None) };
        rows = rows.saturating_add(of_file);
    }
    Ok(Some(options.limit.map_or(rows, |limit| rows.min(limit))))
}

fn most_rows_of(
    options: &ReadOptions,
    file: &FoundFile,
    stop: &AtomicBool,
) -> Result<Option<u64>, DataError> {
    match format_of(options, file)? {
        Format::Lines => lines(options, file, false, stop),
        Format::Jsonl => lines(options, file, true, stop),
        Format::Csv | Format::Tsv => {
            let lines = lines(options, file, true, stop)?;
            Ok(lines.map(|lines| lines.saturating_sub(u64::from(options.dialect.header))))
        }
        #[cfg(feature = "parquet")]
        Format::Parquet => Ok(Some(RowGroups::read(&file.path, &file.name)?.0.rows())),
        _ => Ok(None),
    }
}

/// Lines of a file; with `alone`, a carriage return alone ends one, too.
fn lines(
    options: &ReadOptions,
    file: &FoundFile,
    alone: bool,
    stop: &AtomicBool,
) -> Result<Option<u64>, DataError> {
    let (name, compression) = (file.name.as_str().into(), compression_of(options, file));
    let mut input = Input::open(&file.path, name, compression, TextRange::default())?;
    let (mut block, mut lines, mut last) = (Vec::with_capacity(BLOCK), 0, b'\n');
    while !stop.load(Ordering::Relaxed) {
        block.clear();
        input.read(&mut block, BLOCK)?;
        let text = &block[..];
        let Some(end) = text.last() else {
            return Ok(Some(lines + u64::from(!matches!(last, b'\n'))));
        };
        lines += memchr::memchr_iter(b'\n', text).count() as u64;
        if alone {
            // One at the end of a block counts in any case: there are few of them.
            let ends_alone = |at: usize| text.get(at + 1) != Some(&b'\n');
            lines += memchr::memchr_iter(b'\r', text).filter(|at| ends_alone(*at)).count() as u64;
        }
        last = *end;
    }
    Ok(None)
}
