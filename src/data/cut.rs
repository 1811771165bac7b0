//! A source is cut into parts here: by its bytes where it lies, without reading it, or by its items while they are
//! counted. Who works on the parts is left to the caller.

mod checkpoints;
mod count;
mod line_start;
mod part;
mod stretch;
#[cfg(test)]
mod tests;

use std::fs;

#[cfg(feature = "parquet")]
use super::FileMark;
use super::pattern::{self, FoundFile};
#[cfg(feature = "parquet")]
use super::read::RowGroups;
use super::read::{compression_of, format_of, is_live, open};
use super::{
    ByteSpot, Compression, DataError, Format, Position, PositionAt, ReadOptions, Spot, TextEncoding,
};
pub use count::{Counted, count, count_parts, count_while};
use line_start::{has_line_feeds, line_start};
pub use part::Part;
pub use stretch::Stretch;

/// Cuts a source into at most `parts` stretches of about equal size, without reading it: between two lines of plain JSON
/// lines and text, between the row groups of Parquet files, and else between files. So a single CSV file, JSON array,
/// compressed file or file in another encoding than UTF-8 stays in one piece; [`count()`] cuts all of them. So does a source with a limit.
///
/// # Errors
/// Fails as [`open`] does, and for standard input and pipes.
pub fn cut(options: &ReadOptions, parts: usize) -> Result<Vec<Stretch>, DataError> {
    let front = open(options)?.position().ok_or_else(count::only_once)?;
    let files = pattern::find(&options.root, &options.path)?.into_files();
    let source = Source { options, front, files };
    let cuts = if options.limit.is_none() { source.cuts(parts)? } else { Vec::new() };
    Ok(source.stretches(cuts))
}

/// Whether a reader may begin anywhere in a source at the cost of some lines: plain JSON lines and text, and Parquet files.
pub fn is_enterable(options: &ReadOptions) -> bool {
    if is_live(options) || options.limit.is_some() {
        return false;
    }
    let Ok(found) = pattern::find(&options.root, &options.path) else { return false };
    let files = found.into_files();
    let is_enterable = |file: &FoundFile| {
        let format = format_of(options, file);
        format.is_ok_and(|format| is_enterable_file(format, compression_of(options, file), options.encoding))
    };
    files.iter().all(is_enterable)
}

/// The same of a file of this kind.
pub fn is_enterable_file(format: Format, compression: Compression, encoding: Option<TextEncoding>) -> bool {
    match format {
        Format::Jsonl | Format::Lines => {
            encoding.is_none_or(TextEncoding::is_utf8) && compression == Compression::None
        }
        #[cfg(feature = "parquet")]
        Format::Parquet => true,
        _ => false,
    }
}

/// A source that is cut.
struct Source<'a> {
    options: &'a ReadOptions,
    /// Where its first row begins.
    front: Position,
    files: Vec<FoundFile>,
}

/// Where a file is cut.
struct Cut {
    file: usize,
    /// Bytes or rows of the file before the cut.
    at: u64,
    /// The position in the file; none at its front.
    inside: Option<Position>,
}

impl Source<'_> {
    /// The cuts between parts of equal size, in order.
    fn cuts(&self, parts: usize) -> Result<Vec<Cut>, DataError> {
        let mut ends = Vec::with_capacity(self.files.len());
        let mut total = 0;
        for file in &self.files {
            total += size(file)?;
            ends.push(total);
        }
        let mut cuts: Vec<Cut> = Vec::new();
        for part in 1..parts {
            let byte = (u128::from(total) * part as u128 / parts as u128) as u64;
            let file = ends.partition_point(|end| *end <= byte);
            if file == self.files.len() {
                break;
            }
            let before = if file == 0 { 0 } else { ends[file - 1] };
            let cut = self.cut_near(file, byte - before, ends[file] - before)?;
            let last = cuts.last().map_or((0, 0), |last| (last.file, last.at));
            if cut.file < self.files.len() && (cut.file, cut.at) > last {
                cuts.push(cut);
            }
        }
        Ok(cuts)
    }

    /// A cut near a byte of a file of this size.
    fn cut_near(&self, file: usize, byte: u64, size: u64) -> Result<Cut, DataError> {
        let found = &self.files[file];
        let next_file = || Cut { file: file + 1, at: 0, inside: None };
        let front = || Cut { file, at: 0, inside: None };
        match (format_of(self.options, found)?, compression_of(self.options, found)) {
            (format @ (Format::Jsonl | Format::Lines), Compression::None)
                // Nobody knows on which line a part begins.
                if self.options.origin.line.is_none()
                    && self.options.encoding.is_none_or(TextEncoding::is_utf8)
                    && has_line_feeds(found, format == Format::Jsonl)? =>
            {
                let Some((mark, offset)) = line_start(found, byte)? else {
                    return Ok(next_file());
                };
                let spot = Spot::Lines(ByteSpot { offset, line: 1, member: None, from_front: false });
                Ok(Cut { file, at: offset, inside: Some(Position::in_file(0, 0, mark, spot)) })
            }
            #[cfg(feature = "parquet")]
            (Format::Parquet, _) => {
                let (groups, mark) = RowGroups::read(&found.path, &found.name)?;
                Ok(match groups.rows_near(byte, size) {
                    0 => front(),
                    rows if rows == groups.rows() => next_file(),
                    rows => Cut { file, at: rows, inside: row_position(&groups, rows, mark) },
                })
            }
            _ => Ok(if byte < size / 2 { front() } else { next_file() }),
        }
    }

    fn stretches(self, cuts: Vec<Cut>) -> Vec<Stretch> {
        let mut stretches = vec![Stretch { from: self.front.clone(), first_row: Some(1), until: None }];
        for cut in cuts {
            let (from, first_row) = self.position(cut);
            if let Some(last) = stretches.last_mut() {
                last.until = Some(from.clone());
            }
            stretches.push(Stretch { from, first_row, until: None });
        }
        stretches
    }

    /// The position of a cut, and which row of the source stands there, if that is known.
    fn position(&self, cut: Cut) -> (Position, Option<u64>) {
        match (&self.front.at, cut.inside) {
            (PositionAt::Files { digest, .. }, inside) => {
                let rows = inside.as_ref().map_or(0, |inside| inside.rows);
                let (file, inside) = (cut.file as u64, inside.map(Box::new));
                let at = PositionAt::Files { digest: *digest, file, inside };
                (Position { rows, bad: 0, at }, None)
            }
            (_, inside) => {
                let position = inside.expect("the front of a single file is no cut");
                let row = matches!(position.at, PositionAt::File { spot: Spot::Row { .. }, .. });
                let first_row = row.then(|| position.rows + 1);
                (position, first_row)
            }
        }
    }
}

#[cfg(feature = "parquet")]
fn row_position(groups: &RowGroups, rows: u64, mark: FileMark) -> Option<Position> {
    groups.spot(rows).map(|spot| Position::in_file(rows, 0, mark, spot))
}

fn size(found: &FoundFile) -> Result<u64, DataError> {
    let metadata = fs::metadata(&found.path);
    let io = |source| DataError::Io { intent: "look at", path: found.name.clone().into(), source };
    Ok(metadata.map_err(io)?.len())
}
