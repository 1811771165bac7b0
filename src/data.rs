//! Readers and writers of items: one format a file, compression, globs, atomic files. Items are JSON text here.

mod error;
mod format;

pub use error::{BadRow, DataError};
pub use format::{Column, ColumnType, Compression, Format, GlobOptions, ReadOptions, Target, WriteOptions};
