//! A position says where the next row of a source begins, as plain data that can be kept and sent: another process goes
//! on reading there. Noting positions and finding them again is left to the readers.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::DataError;

/// Bytes at each end of a file that its mark depends on.
const EDGE_BYTES: u64 = 64 * 1024;
/// Rows and bytes that no source has.
const COUNT_MAX: u64 = 1 << 60;

/// Where the next row of a source begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Rows before it, bad ones included.
    pub rows: u64,
    /// Bad rows among them.
    pub bad: u64,
    /// Where that is.
    pub at: PositionAt,
}

/// The place of a position in the source that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionAt {
    /// In a list of so many items; the rows before it tell which one.
    List {
        /// Items of the list.
        length: u64,
    },
    /// In the list of the files that match a pattern; the rows before it tell which one.
    Listing {
        /// Digest of their names.
        digest: u64,
    },
    /// In one file.
    File {
        /// The file as it was.
        mark: FileMark,
        /// The place in it.
        spot: Spot,
    },
    /// In one of the files of a pattern.
    Files {
        /// Digest of the names, sizes and times of all files.
        digest: u64,
        /// Files before it.
        file: u64,
        /// The position in this file, counted from its own front; none at its beginning.
        inside: Option<Box<Position>>,
    },
}

/// The place in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spot {
    /// At the beginning of a line.
    Lines(ByteSpot),
    /// Between two elements of a JSON array.
    Array {
        /// The next byte.
        bytes: ByteSpot,
        /// What may follow.
        place: ArrayPlace,
    },
    /// At the beginning of a record.
    Table {
        /// The next byte.
        bytes: ByteSpot,
        /// What is known of the columns.
        columns: TableColumns,
    },
    /// At a row of a Parquet file.
    Row {
        /// Row groups before it.
        group: u64,
        /// Rows of its group before it.
        row: u64,
    },
}

/// A byte of a file's text, which is the decompressed one where the file is compressed, and UTF-8 where it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByteSpot {
    /// Bytes of text before it.
    pub offset: u64,
    /// The line that it stands on, from 1.
    pub line: u64,
    /// Where to start decompressing.
    pub member: Option<Member>,
    /// Whether the file has to be read from its front, because its text is decoded or has carriage returns alone as line ends.
    #[serde(default)]
    pub from_front: bool,
}

/// The beginning of a gzip member or a zstd frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Bytes of the file before it.
    pub at: u64,
    /// Bytes of text before it.
    pub before: u64,
}

/// What may follow in a JSON array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArrayPlace {
    /// Its opening bracket.
    Before,
    /// The first element or the closing bracket.
    First,
    /// An element.
    Next,
    /// The closing bracket.
    Last,
    /// Nothing.
    After,
}

/// What is known of the columns of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableColumns {
    /// The header has not been read.
    Unread,
    /// The header names them; this is a digest of the names.
    Header(u64),
    /// They have no names. There are so many of them, if a record has been read.
    Width(Option<u64>),
}

/// What tells a file from another one of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMark {
    /// Bytes.
    pub size: u64,
    /// When it was last written to: seconds since 1970 and nanoseconds.
    pub modified: (i64, i64),
    /// Digest of what stands at its beginning and at its end: copying tools give a file the time of another one.
    #[serde(default)]
    pub edges: Option<u64>,
}

impl Position {
    /// Items before it: rows that are not bad.
    pub fn items(&self) -> u64 {
        self.rows.saturating_sub(self.bad)
    }

    /// Whether the numbers can be those of a position: what was made up must not overflow when the reading goes on.
    pub(super) fn is_sound(&self) -> bool {
        let inside = match &self.at {
            PositionAt::File { spot, .. } => spot.is_sound(),
            PositionAt::Files { inside, .. } => inside.as_ref().is_none_or(|inside| inside.is_sound()),
            PositionAt::List { .. } | PositionAt::Listing { .. } => true,
        };
        inside && self.bad <= self.rows && self.rows < COUNT_MAX
    }

    /// A position in one file.
    pub(super) fn in_file(rows: u64, bad: u64, mark: FileMark, spot: Spot) -> Self {
        Self { rows, bad, at: PositionAt::File { mark, spot } }
    }

    /// Whether the next row is the same one, however the rows before it are counted.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        match (&self.at, &other.at) {
            (PositionAt::File { mark, spot }, PositionAt::File { mark: other_mark, spot: other_spot }) => {
                mark == other_mark && spot.is_at(other_spot)
            }
            (
                PositionAt::Files { digest, file, inside },
                PositionAt::Files { digest: other_digest, file: other_file, inside: other_inside },
            ) => {
                let same = match (inside, other_inside) {
                    (Some(inside), Some(other)) => inside.is_at(other),
                    (inside, other) => inside.is_none() && other.is_none(),
                };
                digest == other_digest && file == other_file && same
            }
            _ => self == other,
        }
    }
}

impl Spot {
    fn is_sound(&self) -> bool {
        self.bytes().is_none_or(|bytes| bytes.offset < COUNT_MAX && bytes.line <= bytes.offset + 1)
    }

    fn is_at(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lines(bytes), Self::Lines(other)) => bytes.offset == other.offset,
            _ => self == other,
        }
    }

    /// The next byte, in formats that are read as bytes.
    pub(super) fn bytes(&self) -> Option<&ByteSpot> {
        match self {
            Self::Lines(bytes) | Self::Array { bytes, .. } | Self::Table { bytes, .. } => Some(bytes),
            Self::Row { .. } => None,
        }
    }
}

impl FileMark {
    /// The mark of a file that is there.
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { size: metadata.len(), modified: (metadata.mtime(), metadata.mtime_nsec()), edges: None }
    }

    /// The mark with what stands at the edges of the file; what cannot be read there has no digest.
    pub(super) fn with_edges(self, file: &File) -> Self {
        Self { edges: edges(file, self.size).ok(), ..self }
    }

    /// Whether the file is still the one that it was.
    pub(super) fn check(&self, file: &str, seen: &Self) -> Result<(), DataError> {
        if self.size != seen.size {
            return Err(changed(file, format!("it has {} bytes instead of {}", seen.size, self.size)));
        }
        if self.modified != seen.modified {
            return Err(changed(file, "it has been written to"));
        }
        if self.edges.is_some() && self.edges != seen.edges {
            return Err(changed(file, "something else stands in it"));
        }
        Ok(())
    }
}

/// A digest of the first and the last bytes of a file of this size.
fn edges(file: &File, size: u64) -> io::Result<u64> {
    let length = size.min(EDGE_BYTES);
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(&mut bytes, 0)?;
    let first = xxh3_64(&bytes);
    file.read_exact_at(&mut bytes, size - length)?;
    Ok(xxh3_64_with_seed(&bytes, first))
}

/// The error for a position that does not fit what is there.
pub(super) fn changed(file: &str, message: impl Into<String>) -> DataError {
    DataError::Changed { file: file.to_owned(), message: message.into() }
}

/// The error for a position of another kind of source.
pub(super) fn foreign(file: &str) -> DataError {
    changed(file, "the position belongs to another kind of source")
}
