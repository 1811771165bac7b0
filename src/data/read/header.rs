//! This module finds out what the columns of a table are, from its first lines. `table` reads the rows.

use std::collections::HashMap;

use xxhash_rust::xxh3::Xxh3;

use crate::data::dialect::REST;
use crate::data::read::decoding::not_in;
use crate::data::read::records::Records;
use crate::data::{Column, DataError, Ragged};

/// Names that a message about a missing column lists at most.
const NAMES_SHOWN_MAX: usize = 20;

/// Bytes of all names in a header: they stand in every item.
pub(super) const NAMES_BYTES_MAX: usize = 16 << 20;

/// What separates columns in many a file that is called `csv`, and how it is written in a pipeline.
const OTHER_DELIMITERS: [(char, &str); 2] = [(';', ";"), ('\t', "\\t")];

/// The names in a header.
pub(super) struct Header {
    /// The names, in the order of the file.
    names: Vec<String>,
    /// The line that they stand on.
    line: u64,
}

impl Header {
    /// The header that is the last record. `guessed`: nothing was said of the delimiter.
    pub(super) fn read(records: &Records, guessed: bool) -> Result<Self, DataError> {
        let (line, fields) = (records.line(), records.fields());
        let bytes: usize = (0..fields.len()).map(|at| fields.field(at).len()).sum();
        if bytes > NAMES_BYTES_MAX {
            let message = format!("the names in the header have more than {NAMES_BYTES_MAX} bytes");
            return Err(records.content(line, message));
        }
        let mut names = Vec::with_capacity(fields.len());
        for name in (0..fields.len()).filter_map(|at| fields.get(at)) {
            let fault = |_| records.content(line, format!("the header is {}", not_in(records.encoding())));
            names.push(std::str::from_utf8(name).map_err(fault)?.to_owned());
        }
        if let ([name], true, false) = (names.as_slice(), guessed, fields.has_quotes())
            && let Some((_, other)) = OTHER_DELIMITERS.iter().find(|(other, _)| name.contains(*other))
        {
            let message = format!(
                "the header is one column, whose name holds `{other}`; say `delimiter: \"{other}\"`, or `delimiter: \",\"` if it is one"
            );
            return Err(records.content(line, message));
        }
        Ok(Self { names, line })
    }

    /// How many columns there are.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// A digest of the names and their order.
    pub(super) fn digest(&self) -> u64 {
        let mut digest = Xxh3::new();
        for name in &self.names {
            digest.update(&name.len().to_le_bytes());
            digest.update(name.as_bytes());
        }
        digest.digest()
    }

    /// The chosen columns, or all, and where each stands.
    pub(super) fn choose(
        &self,
        columns: Option<&[Column]>,
        ragged: Ragged,
        records: &Records,
    ) -> Result<Vec<(usize, Column)>, DataError> {
        let refuse = |message: String| Err(records.content(self.line, message));
        // Where each name stands first, and where again.
        let mut places: HashMap<&str, (usize, Option<usize>)> = HashMap::new();
        for (at, name) in self.names.iter().enumerate() {
            let place = places.entry(name).or_insert((at, None));
            if place.0 < at {
                place.1.get_or_insert(at);
            }
        }
        let all: Vec<Column>;
        let wanted = if let Some(columns) = columns {
            columns
        } else {
            all = self.names.iter().map(|name| Column::named(name)).collect();
            &all
        };
        let mut chosen = Vec::with_capacity(wanted.len());
        for column in wanted {
            let name = &column.name;
            match places.get(name.as_str()) {
                None => {
                    let there: Vec<String> =
                        self.names.iter().take(NAMES_SHOWN_MAX).map(|name| format!("`{name}`")).collect();
                    return refuse(format!("no column `{name}`; the header names {}", there.join(", ")));
                }
                Some((first, Some(again))) => {
                    let message = format!("the header names column `{name}` twice");
                    let help = "say with `columns` which others to take";
                    return refuse(format!("{message}, as columns {} and {}; {help}", first + 1, again + 1));
                }
                Some(_) if ragged == Ragged::Pad && name == REST => {
                    return refuse(format!(
                        "`ragged: pad` calls further fields `{REST}`, and so does the header a column"
                    ));
                }
                Some((at, None)) => chosen.push((*at, column.clone())),
            }
        }
        Ok(chosen)
    }
}
