//! This module holds the readers and writers of items: one format a file, compression, globs, atomic files. Items are
//! JSON text here.
//!
//! The engine decides when a step starts, how many rows may be bad and what an item means.

mod aggregate;
mod column;
mod column_type;
mod compression;
mod content;
mod cut;
mod database;
mod dialect;
mod distinct;
mod encoding;
mod error;
mod format;
mod framed_items;
mod glob;
mod groups;
mod join;
mod keys_ahead;
mod ledger;
mod list;
mod list_path;
mod options;
mod origin;
mod pattern;
mod position;
mod reached;
mod read;
mod reader;
mod reorder;
mod row_style;
mod sample;
mod slots;
mod sort;
mod sort_key;
mod spill_space;
mod spool;
mod stdout;
#[cfg(test)]
mod tests;
mod write;
mod write_mode;
mod writer;

pub use aggregate::{AggregateField, AggregateKind, AggregateOptions, Aggregator};
pub use column::{Column, ColumnType};
pub use column_type::{DeclaredKind, DeclaredType};
pub use compression::{ColumnCompression, Compression};
pub use content::{FileContent, content_if_any, content_of};
pub use cut::{
    Counted, Part, Stretch, count, count_parts, count_while, cut, is_enterable, is_enterable_file,
};
pub use database::{Query, TableTarget};
pub use dialect::{Dialect, Quote, Ragged};
pub use distinct::Distinct;
pub use encoding::TextEncoding;
use error::with_lines;
pub use error::{BadRow, DataError};
pub use format::Format;
pub use framed_items::{FramedItemsReader, FramedItemsWriter, ItemFrame};
pub use glob::{glob, glob_at};
pub use groups::Groups;
pub use join::{JoinHow, JoinMany, JoinRule, Joiner};
pub use ledger::{Appended, FileEnd, Ledger, NoLedger, RunMarks};
pub use list::{items_reader, items_reader_at, slice_of};
pub use list_path::ListPath;
pub use options::{
    GlobBy, GlobOptions, ReadOptions, Target, TypeBase, TypePartner, TypeSource, TypedOptions, WriteOptions,
};
pub use origin::OriginFields;
pub use pattern::{PathPattern, name_like_a_pattern, normal};
pub use position::{ArrayPlace, ByteSpot, FileMark, Member, Position, PositionAt, Spot, TableColumns};
pub use reached::Reached;
pub use read::{is_live, is_pattern, most_rows, open, open_at, stored_lines};
pub use reader::Reader;
pub use reorder::{ChunkResults, Reorder};
pub use row_style::{LineEnd, Quoting, RowStyle};
pub use sample::{Draw, SampleSize, is_drawn};
pub use sort::{Record, Sorted, Sorter, sorter_memory};
pub use sort_key::push_sort_key;
pub use spill_space::SpillSpace;
pub use spool::{Spool, Stored};
pub use stdout::stdout_is_closed;
pub use write::{
    PartFile, SourceColumn, SplitOptions, SplitOwner, SplitPath, SplitWriter, clear_leftovers, create,
    known_columns, nobody_reads, settle_split, split_key, take_out_half,
};
pub use write_mode::WriteMode;
pub use writer::{Writer, Written};
