//! This module knows where the row groups of a Parquet file begin. `parquet` reads their rows.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::file::metadata::{
    ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader, ParquetStatisticsPolicy,
};

use crate::data::position::{changed, foreign};
use crate::data::read::footer::{self, Footer};
use crate::data::read::guard::{broken, guarded};
use crate::data::read::old_writers;
use crate::data::{DataError, FileMark, Position, PositionAt, Spot};

/// The row groups of one file.
pub(in crate::data) struct RowGroups {
    /// Rows and packed bytes up to the end of each.
    ends: Vec<(u64, u64)>,
}

impl RowGroups {
    /// Those of a file, as it says itself.
    ///
    /// # Errors
    /// Fails when the file contradicts itself: nobody knows then how many rows it has.
    pub(super) fn of(metadata: &ParquetMetaData, name: &str) -> Result<Self, DataError> {
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        let ends = metadata.row_groups().iter().scan((0_u64, 0_u64), |(rows, bytes), group| {
            *rows = rows.saturating_add(count(group.num_rows()));
            *bytes = bytes.saturating_add(count(group.compressed_size()));
            Some((*rows, *bytes))
        });
        let groups = Self { ends: ends.collect() };
        let (rows, says) = (groups.rows(), metadata.file_metadata().num_rows());
        if u64::try_from(says) != Ok(rows) {
            let message =
                format!("the footer says that there are {says} rows, and the row groups have {rows}");
            return Err(DataError::Content { file: name.to_owned(), line: 1, message });
        }
        Ok(groups)
    }

    /// Those of the file at `path`; `name` is what the user calls it.
    pub(in crate::data) fn read(path: &Path, name: &str) -> Result<(Self, FileMark), DataError> {
        let OpenFile { metadata, mark, .. } = open(path, name)?;
        Ok((Self::of(&metadata, name)?, mark))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Rows before the group that begins nearest to a byte of the file, which has this size.
    pub(in crate::data) fn rows_near(&self, byte: u64, size: u64) -> u64 {
        let packed = self.ends.last().map_or(0, |(_, bytes)| *bytes);
        // What stands beside the groups is spread over them.
        let byte = (u128::from(byte) * u128::from(packed) / u128::from(size.max(1))) as u64;
        let starts = std::iter::once((0, 0)).chain(self.ends.iter().copied());
        starts.min_by_key(|(_, at)| at.abs_diff(byte)).map_or(0, |(rows, _)| rows)
    }

    /// Rows of all groups.
    pub(in crate::data) fn rows(&self) -> u64 {
        self.ends.last().map_or(0, |(rows, _)| *rows)
    }

    /// The place of the row that has so many before it; `None` when the file says that it has fewer.
    pub(in crate::data) fn spot(&self, rows: u64) -> Option<Spot> {
        let group = self.ends.partition_point(|(end, _)| *end <= rows);
        let row = rows - self.rows_before(group)?;
        (group < self.ends.len() || row == 0).then_some(Spot::Row { group: group as u64, row })
    }

    /// The group of a position and the row in it.
    pub(super) fn find(
        &self,
        name: &str,
        seen: &FileMark,
        position: &Position,
    ) -> Result<(usize, usize), DataError> {
        let PositionAt::File { mark, spot: Spot::Row { group, row } } = &position.at else {
            return Err(foreign(name));
        };
        mark.check(name, seen)?;
        let (group, row) = (usize::try_from(*group).unwrap_or(usize::MAX), *row);
        if self.rows_before(group).and_then(|before| before.checked_add(row)) != Some(position.rows) {
            return Err(changed(name, "its row groups are others"));
        }
        Ok((group, row as usize))
    }

    fn rows_before(&self, group: usize) -> Option<u64> {
        if group == 0 { Some(0) } else { self.ends.get(group - 1).map(|(rows, _)| *rows) }
    }
}

/// A file and what stands at its end.
pub(super) struct OpenFile {
    pub(super) file: File,
    pub(super) metadata: ParquetMetaData,
    pub(super) mark: FileMark,
    footer: Vec<u8>,
}

/// Opens a file and reads what stands at its end.
pub(super) fn open(path: &Path, name: &str) -> Result<OpenFile, DataError> {
    let io = |source| DataError::Io { intent: "open", path: PathBuf::from(name), source };
    let file = File::open(path).map_err(io)?;
    let found = file.metadata().map_err(io)?;
    if !found.is_file() {
        return Err(DataError::Usage(format!(
            "`{name}` is no ordinary file; parquet is read from its end, which only such a file allows"
        )));
    }
    let footer = match footer::read(&file) {
        Ok(Footer::Bytes(footer)) => footer,
        Ok(Footer::Refused(reason)) => return Err(broken(name, &reason)),
        Ok(Footer::None) => {
            guarded(name, || ParquetMetaDataReader::new().parse_and_finish(&file))?;
            Vec::new()
        }
        Err(source) => return Err(DataError::Io { intent: "read", path: PathBuf::from(name), source }),
    };
    let options = ParquetMetaDataOptions::new()
        .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll)
        .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
    let metadata = decoded(&file, &footer, name, &options)?;
    let mark = FileMark::of(&found).with_edges(&file);
    Ok(OpenFile { file, metadata, mark, footer })
}

impl OpenFile {
    /// What stands at the end, once more with other options.
    pub(super) fn metadata_with(
        &self,
        name: &str,
        options: &ParquetMetaDataOptions,
    ) -> Result<ParquetMetaData, DataError> {
        decoded(&self.file, &self.footer, name, options)
    }
}

fn decoded(
    file: &File,
    footer: &[u8],
    name: &str,
    options: &ParquetMetaDataOptions,
) -> Result<ParquetMetaData, DataError> {
    let metadata =
        guarded(name, || ParquetMetaDataReader::decode_metadata_with_options(footer, Some(options)))?;
    guarded(name, || old_writers::mended(metadata, file, footer.len()))
}
