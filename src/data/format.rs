//! What may be said about a file of items, complete: nothing is left to be guessed when it is opened.

use std::path::PathBuf;
use std::sync::Arc;

/// How items lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON value a line.
    Jsonl,
    /// One JSON array.
    Json,
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// One string a line.
    Lines,
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// `.gz`, all members of the file.
    Gzip,
    /// `.zst`, all frames of the file.
    Zstd,
}

/// The type a column's text is turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Signed 64 bits.
    Integer,
    /// Integer or float.
    Number,
    /// As it is.
    String,
    /// `true` or `false`.
    Boolean,
}

/// One chosen column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header and in the item.
    pub name: String,
    /// What its text becomes; ignored when writing.
    pub kind: ColumnType,
}

/// One file, or one pattern, to read items from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// Path or pattern as the user wrote it; `-` is standard input.
    pub path: String,
    /// Folder that a relative path starts from.
    pub root: PathBuf,
    /// `None`: from each file's extension.
    pub format: Option<Format>,
    /// `None`: from each file's extension.
    pub compression: Option<Compression>,
    /// Columns to select and type; `None`: all, as strings.
    pub columns: Option<Vec<Column>>,
    /// Field separator of `csv` and `tsv`; `None`: by format.
    pub delimiter: Option<u8>,
    /// Whether the first row of `csv` and `tsv` names the columns.
    pub header: bool,
    /// Prove every row to be JSON while reading, so that bad rows take no index away from good ones. Without it,
    /// JSONL rows are handed on unread and the consumer finds the bad ones.
    pub validate: bool,
    /// Stop after this many items.
    pub limit: Option<u64>,
}

/// A pattern whose matching files are the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobOptions {
    /// The pattern, `**` and `{a,b}` included.
    pub pattern: String,
    /// Folder that a relative pattern starts from.
    pub root: PathBuf,
    /// Stop after this many items.
    pub limit: Option<u64>,
}

/// Where a writer writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `-`.
    Stdout,
    /// A file, absolute.
    File(PathBuf),
}

/// One file to write items to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOptions {
    /// Where.
    pub target: Target,
    /// The name for messages, as the user wrote it.
    pub name: Arc<str>,
    /// How.
    pub format: Format,
    /// Compressed how.
    pub compression: Compression,
    /// Indent JSON.
    pub pretty: bool,
    /// Columns of `csv` and `tsv` and their order; `None`: from the first item.
    pub columns: Option<Vec<String>>,
}
