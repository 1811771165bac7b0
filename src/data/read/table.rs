//! This reader makes items from comma- and tab-separated values. `records` cuts text into fields, and `field` gives
//! each its type.

use crate::data::read::field::push_field;
use crate::data::read::input::Input;
use crate::data::read::line_source::LineSource;
use crate::data::read::lines::too_long;
use crate::data::read::records::{NextRecord, Records};
use crate::data::{BadRow, Column, ColumnType, DataError, Reader};
use crate::value::json::{write_string, written_len};
use crate::value::{Chunk, ITEM_BYTES_MAX};

/// Names that a message about a missing column lists at most.
const NAMES_SHOWN_MAX: usize = 20;

/// Bytes of all names in a header: they stand in every item.
pub(super) const NAMES_BYTES_MAX: usize = 16 << 20;

/// Reads one record an item: an object by column names, or a list of strings when there are no names.
///
/// Blank lines at the end of the file are no rows; one in the middle is a bad row.
pub(super) struct TableReader {
    records: Records,
    columns: Option<Vec<Column>>,
    header: bool,
    /// Whether the header, if there is one, has been read.
    begun: bool,
    /// Known once the names are, or else the first record.
    shape: Option<RecordShape>,
    /// Blank lines that were read and not yet reported: the line of the next one and how many. They are rows only
    /// when a record follows.
    blanks: (u64, u64),
    /// A record was read behind those blank lines.
    waiting: Option<NextRecord>,
    rows: u64,
}

/// How a record becomes an item.
struct RecordShape {
    /// Fields that every record has.
    width: usize,
    outputs: Vec<CellOutput>,
    close: &'static [u8],
}

/// One value of the item.
struct CellOutput {
    /// Column name; empty for lists.
    name: String,
    /// JSON text before the value.
    before: Vec<u8>,
    /// Which field of the record.
    field: usize,
    kind: ColumnType,
}

impl TableReader {
    /// Reads `input`. With `header`, the first record names the columns; without, `columns` does by position.
    pub(super) fn new(input: Input, delimiter: u8, header: bool, columns: Option<Vec<Column>>) -> Self {
        let records = Records::new(LineSource::new(input, true), delimiter);
        Self { records, columns, header, begun: false, shape: None, blanks: (0, 0), waiting: None, rows: 0 }
    }

    /// Finds out what the columns are, if the first record is not needed for that as data.
    fn begin(&mut self) -> Result<(), DataError> {
        self.begun = true;
        if !self.header {
            if let Some(columns) = &self.columns {
                self.shape =
                    Some(RecordShape::object(columns.len(), columns.iter().cloned().enumerate().collect()));
            }
            return Ok(());
        }
        let first = self.next_after_blanks()?;
        // Blank lines above the header do no harm.
        self.blanks.1 = 0;
        match first {
            NextRecord::Record => {
                self.shape = Some(self.named_shape()?);
                Ok(())
            }
            NextRecord::Bad(message) => Err(self.records.content(self.records.line(), message)),
            NextRecord::Blank | NextRecord::End if self.columns.is_none() => Ok(()),
            NextRecord::Blank | NextRecord::End => {
                Err(self.records.content(1, "the file is empty; a row that names the columns is missing"))
            }
        }
    }

    fn named_shape(&self) -> Result<RecordShape, DataError> {
        let line = self.records.line();
        let bytes: usize = (0..self.records.len()).map(|at| self.records.field(at).len()).sum();
        if bytes > NAMES_BYTES_MAX {
            let message = format!("the names in the header have more than {NAMES_BYTES_MAX} bytes");
            return Err(self.records.content(line, message));
        }
        let mut names = Vec::with_capacity(self.records.len());
        for at in 0..self.records.len() {
            let name = std::str::from_utf8(self.records.field(at));
            names.push(name.map_err(|_| self.records.content(line, "the header is not UTF-8"))?.to_string());
        }
        if let Some(twice) = duplicate(&names) {
            return Err(self.records.content(line, format!("the header names column `{twice}` twice")));
        }
        let Some(columns) = &self.columns else {
            let all = names.iter().map(|name| Column { name: name.clone(), kind: ColumnType::String });
            return Ok(RecordShape::object(names.len(), all.enumerate().collect()));
        };
        let mut chosen = Vec::with_capacity(columns.len());
        for column in columns {
            let at = names.iter().position(|name| *name == column.name).ok_or_else(|| {
                let there: Vec<String> =
                    names.iter().take(NAMES_SHOWN_MAX).map(|name| format!("`{name}`")).collect();
                let message = format!("no column `{}`; the header names {}", column.name, there.join(", "));
                self.records.content(line, message)
            })?;
            chosen.push((at, column.clone()));
        }
        Ok(RecordShape::object(names.len(), chosen))
    }

    /// The next thing that is not a blank line; blank ones are counted in `blanks`.
    fn next_after_blanks(&mut self) -> Result<NextRecord, DataError> {
        loop {
            match self.records.next()? {
                NextRecord::Blank if self.blanks.1 == 0 => self.blanks = (self.records.line(), 1),
                NextRecord::Blank => self.blanks.1 += 1,
                other => return Ok(other),
            }
        }
    }

    /// Handles one row; false at the end.
    fn row(&mut self, chunk: &mut Chunk, bad: &mut Vec<BadRow>) -> Result<bool, DataError> {
        let next = match self.waiting.take() {
            Some(next) => next,
            None => self.next_after_blanks()?,
        };
        if next == NextRecord::End {
            return Ok(false);
        }
        self.rows += 1;
        if self.blanks.1 > 0 {
            bad.push(BadRow::new(self.rows, self.records.name(), self.blanks.0, "the line is blank", b""));
            self.blanks = (self.blanks.0 + 1, self.blanks.1 - 1);
            self.waiting = Some(next);
            return Ok(true);
        }
        let result = if let NextRecord::Bad(message) = next {
            Err(message)
        } else {
            let shape = self.shape.get_or_insert_with(|| RecordShape::list(self.records.len()));
            shape.push(&self.records, &mut chunk.text)
        };
        match result {
            Ok(()) => chunk.end_item(),
            Err(message) => {
                chunk.text.truncate(chunk.ends.last().map_or(0, |end| *end as usize));
                let (file, line) = (self.records.name(), self.records.line());
                bad.push(BadRow::new(self.rows, file, line, message, &self.records.shown()));
            }
        }
        Ok(true)
    }
}

impl Reader for TableReader {
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        chunk.clear();
        if !self.begun {
            self.begin()?;
        }
        for _ in 0..max_items {
            if !self.row(chunk, bad)? {
                return Ok(false);
            }
            if chunk.text.len() >= max_bytes {
                break;
            }
        }
        Ok(true)
    }

    fn rows(&self) -> u64 {
        self.rows
    }
}

impl RecordShape {
    fn object(width: usize, chosen: Vec<(usize, Column)>) -> Self {
        let mut outputs = Vec::with_capacity(chosen.len());
        for (field, column) in chosen {
            let mut before = vec![if outputs.is_empty() { b'{' } else { b',' }];
            let known = write_string(&mut before, column.name.as_bytes());
            assert!(known, "names of columns are strings");
            before.push(b':');
            outputs.push(CellOutput { name: column.name, before, field, kind: column.kind });
        }
        let close: &[u8] = if outputs.is_empty() { b"{}\n" } else { b"}\n" };
        Self { width, outputs, close }
    }

    fn list(width: usize) -> Self {
        let output = |field| CellOutput {
            name: String::new(),
            before: vec![if field == 0 { b'[' } else { b',' }],
            field,
            kind: ColumnType::String,
        };
        Self { width, outputs: (0..width).map(output).collect(), close: b"]\n" }
    }

    /// Adds the item that the last record makes.
    fn push(&self, records: &Records, out: &mut Vec<u8>) -> Result<(), String> {
        if records.len() != self.width {
            let plural = if self.width == 1 { "" } else { "s" };
            return Err(format!("the row has {} instead of {} field{plural}", records.len(), self.width));
        }
        let end = out.len().saturating_add(ITEM_BYTES_MAX);
        for output in &self.outputs {
            let place = || match output.name.as_str() {
                "" => format!("field {}", output.field + 1),
                name => format!("column `{name}`"),
            };
            out.extend_from_slice(&output.before);
            let field = records.field(output.field);
            // What must be escaped is six times as long in JSON; most fields need no counting.
            let most = field.len().saturating_mul(6).saturating_add(out.len());
            if most > end && written_len(field).saturating_add(out.len()) > end {
                return Err(format!("{}: {}", place(), too_long()));
            }
            push_field(out, field, output.kind).map_err(|message| format!("{}: {message}", place()))?;
        }
        out.extend_from_slice(self.close);
        Ok(())
    }
}

fn duplicate(names: &[String]) -> Option<&str> {
    let mut seen = std::collections::HashSet::new();
    names.iter().map(String::as_str).find(|name| !seen.insert(*name))
}
