//! This module opens files of items for writing. The caller decides the order of the items.

mod addition;
mod all_columns;
mod append;
mod beside;
mod existing;
mod found_columns;
mod items;
mod json;
mod jsonl;
mod lines;
mod lock;
mod output;
#[cfg(feature = "parquet")]
mod parquet;
mod pipe;
mod pretty;
mod rows;
mod split;
mod sqlite;
mod table;
mod target;
#[cfg(test)]
mod tests;

pub use pipe::nobody_reads;
pub use split::{PartFile, SplitOptions, SplitOwner, SplitPath, SplitWriter, settle_split, split_key};

use std::path::Path;

#[cfg(feature = "parquet")]
use crate::data::read::{KnownColumns, source_columns, type_text};
use crate::data::{DataError, Format, Ledger, Target, TypeSource, WriteOptions, Writer};
use found_columns::FoundColumns;
use output::Output;
use table::TableWriter;

/// Removes what runs that are no longer alive have left beside the target, and what they had half appended to it.
pub fn clear_leftovers(path: &Path) {
    beside::clear_leftovers(path);
    take_out_half(path);
}

/// Takes out what a run that is no longer alive has half appended to a file.
pub fn take_out_half(path: &Path) {
    // What goes wrong here is told when the file is appended to.
    let _ = target::follow_links(path).and_then(|target| append::clear(&target));
}

/// Starts a file beside the target; [`Writer::commit`] puts it in the target's place.
///
/// Folders that are missing are made, links are followed, and a file that is there keeps its permissions. Standard
/// output and what is no ordinary file (`/dev/null`, a pipe) are written to directly and have what was written by then
/// when a step fails. What has to wait until all items are known goes to a file in `temp_dir` where it is much.
///
/// # Errors
/// Fails when the options contradict each other, and when the folders or the file cannot be made.
pub fn create(
    options: &WriteOptions,
    temp_dir: &Path,
    ledger: &dyn Ledger,
) -> Result<Box<dyn Writer>, DataError> {
    options.check()?;
    if let (Some(table), Target::File(path)) = (&options.table, &options.target) {
        let (place, table) = ((path.as_path(), &options.name), (table, options.mode));
        return Ok(Box::new(sqlite::SqliteWriter::new(place, table, temp_dir, ledger)?));
    }
    let found = FoundColumns::of(options)?;
    writer_to(Output::create(options, ledger)?, options, &found, temp_dir)
}

/// The writer of the format.
fn writer_to(
    output: Output,
    options: &WriteOptions,
    found: &FoundColumns,
    temp_dir: &Path,
) -> Result<Box<dyn Writer>, DataError> {
    Ok(match options.format {
        Format::Jsonl => Box::new(jsonl::JsonlWriter::new(output)),
        Format::Json if options.single => Box::new(json::SingleWriter::new(output, options.pretty)),
        Format::Json => Box::new(json::JsonWriter::new(output, options.pretty)),
        Format::Csv | Format::Tsv if output.is_behind() => {
            Box::new(existing::table(output, options, found.names.as_deref())?)
        }
        Format::Csv | Format::Tsv => {
            let table = TableWriter::new(output, options.format, &options.rows, found.names.clone())?;
            if options.rows.all_columns {
                Box::new(all_columns::AllColumnsWriter::new(table, temp_dir))
            } else {
                Box::new(table)
            }
        }
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => return Err(DataError::Usage(options.format.absent())),
        #[cfg(feature = "parquet")]
        Format::Parquet => {
            let (names, known) = (found.names.as_deref(), found.known.clone());
            Box::new(parquet::ParquetWriter::new(output, names, options.typed.clone(), known))
        }
        Format::Sqlite => return Err(DataError::Usage(options.format.no_output())),
        Format::Lines => Box::new(lines::LinesWriter::new(output)),
    })
}

/// A column that a [`TypeSource`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceColumn {
    /// Its name.
    pub name: String,
    /// The name of its type, where that is known.
    pub kind: Option<String>,
    /// It holds the items of another source.
    pub is_partner: bool,
}

/// The columns that a [`TypeSource`] gives; none of the source itself, when they cannot be said yet.
#[cfg(feature = "parquet")]
pub fn known_columns(source: &TypeSource) -> Vec<SourceColumn> {
    let KnownColumns { own, partners } = source_columns(source).unwrap_or_default();
    let own = own.into_iter().map(|(name, stored)| {
        let kind = stored.as_ref().map(type_text);
        SourceColumn { name, kind, is_partner: false }
    });
    let partners = partners.into_iter().map(|(name, columns)| SourceColumn {
        name,
        kind: map_text(columns),
        is_partner: true,
    });
    own.chain(partners).collect()
}

/// The type of a column of items of another source; `None` where nothing is known of these.
#[cfg(feature = "parquet")]
fn map_text(columns: KnownColumns) -> Option<String> {
    let own = columns.own.into_iter().map(|(name, stored)| (name, stored.as_ref().map(type_text)));
    let partners = columns.partners.into_iter().map(|(name, columns)| (name, map_text(columns)));
    let fields: Vec<(String, Option<String>)> = own.chain(partners).collect();
    fields.iter().any(|(_, kind)| kind.is_some()).then(|| {
        let field = |(name, kind): &(String, Option<String>)| {
            format!("{name}: {}", kind.as_deref().unwrap_or("guessed"))
        };
        format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
    })
}

/// The columns that a [`TypeSource`] gives: none, without a format that has types.
#[cfg(not(feature = "parquet"))]
pub fn known_columns(_: &TypeSource) -> Vec<SourceColumn> {
    Vec::new()
}
