//! This module goes on with a table that has rows already: its columns stay as they are.

use std::path::Path;

use super::output::Output;
use super::table::TableWriter;
use crate::data::options::repeated;
use crate::data::row_style::Marking;
use crate::data::{DataError, Dialect, Format, Quote, ReadOptions, Target, WriteOptions, open};
use crate::value::Chunk;

/// The writer of rows behind those of the file.
pub(super) fn table(
    output: Output,
    options: &WriteOptions,
    columns: Option<&[String]>,
) -> Result<TableWriter, DataError> {
    let Target::File(path) = &options.target else {
        return Err(DataError::Usage("a stream has no rows to append to".to_owned()));
    };
    let names = names(path, options)?;
    if let Some(given) = columns.filter(|given| **given != *names) {
        let listed = |names: &[String]| names.join(", ");
        return Err(DataError::Usage(format!(
            "cannot append to `{}`: its columns are `{}`, and `columns` says `{}`",
            options.name,
            listed(&names),
            listed(given)
        )));
    }
    let mut table = TableWriter::behind(output, options.format, &options.rows, names);
    if columns.is_some() {
        table.leave_out_others();
    }
    Ok(table)
}

/// The names in the first row of the file.
fn names(path: &Path, options: &WriteOptions) -> Result<Vec<String>, DataError> {
    let is_quoted = matches!(options.rows.marking(options.format), Marking::Quoted | Marking::AllQuoted);
    let quote = (options.format == Format::Tsv && is_quoted).then_some(Quote::Character(b'"'));
    // A line `sep=;` must not say another delimiter than the one that rows are written with.
    let delimiter = options.rows.delimiter.or(options.format.field_rules().map(|rules| rules.delimiter));
    let dialect = Dialect { delimiter, quote, header: false, ..Dialect::default() };
    let read = ReadOptions {
        format: Some(options.format),
        compression: Some(options.compression),
        dialect,
        limit: Some(1),
        ..ReadOptions::of(&path.to_string_lossy(), Path::new("/"))
    };
    let (mut chunk, mut bad) = (Chunk::default(), Vec::new());
    let mut reader = open(&read)?;
    while chunk.is_empty() && bad.is_empty() && reader.read(1, 1, &mut chunk, &mut bad)? {}
    let refuse = |why: &str| {
        DataError::Usage(format!(
            "cannot append to `{}`: its row of names cannot be read: {why}",
            options.name
        ))
    };
    if let Some(row) = bad.first() {
        return Err(refuse(&row.message));
    }
    if chunk.is_empty() {
        return Err(refuse("it has no rows"));
    }
    let names: Vec<String> =
        serde_json::from_slice(chunk.item(0)).map_err(|error| refuse(&error.to_string()))?;
    match repeated(names.iter().map(String::as_str)) {
        Some(twice) => Err(refuse(&format!("it names `{twice}` twice"))),
        None => Ok(names),
    }
}
