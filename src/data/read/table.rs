//! This reader makes items from comma- and tab-separated values. `records` cuts text into fields, and
//! `record_shape` makes an item of them.

use xxhash_rust::xxh3::Xxh3;

use crate::data::position::{changed, foreign};
use crate::data::read::input::Input;
use crate::data::read::line_source::LineSource;
use crate::data::read::record_shape::RecordShape;
use crate::data::read::records::{COLUMNS_MAX, NextRecord, Records};
use crate::data::{BadRow, Column, ColumnType, DataError, Position, Reader, Spot, TableColumns};
use crate::value::{Chunk, Extent};

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
    /// Digest of the names in the header.
    names: u64,
    /// Known once the names are, or else the first record.
    shape: Option<RecordShape>,
    /// Blank lines that were read and not yet reported: the line of the next one and how many. They are rows only
    /// when a record follows.
    blanks: (u64, u64),
    /// A record was read behind those blank lines.
    waiting: Option<NextRecord>,
    /// Bytes of the text up to the end of the last blank line.
    behind_blanks: u64,
    rows: u64,
    bad: u64,
}

impl TableReader {
    /// Reads `input`. With `header`, the first record names the columns; without, `columns` does by position.
    pub(super) fn new(input: Input, delimiter: u8, header: bool, columns: Option<Vec<Column>>) -> Self {
        let records = Records::new(LineSource::new(input, true), delimiter);
        Self {
            records,
            columns,
            header,
            begun: false,
            names: 0,
            shape: None,
            blanks: (0, 0),
            waiting: None,
            behind_blanks: 0,
            rows: 0,
            bad: 0,
        }
    }

    /// Goes on at a position, where `input` begins. What was read here so far is the beginning of the same file, where the
    /// header stands.
    pub(super) fn enter(mut self, position: &Position, spot: &Spot, input: Input) -> Result<Self, DataError> {
        let Spot::Table { bytes, columns, blanks } = spot else { return Err(foreign(self.records.name())) };
        match (columns, self.header) {
            (TableColumns::Unread, _) => {}
            (TableColumns::Header(names), true) => {
                self.begin()?;
                if self.names != *names {
                    return Err(changed(self.records.name(), "the header names other columns"));
                }
            }
            (TableColumns::Width(width), false) => {
                self.begin()?;
                let width = width.filter(|width| *width <= COLUMNS_MAX as u64);
                self.shape = self.shape.or_else(|| width.map(|width| RecordShape::list(width as usize)));
            }
            _ => return Err(foreign(self.records.name())),
        }
        self.records.go_on(LineSource::new(input, true).at_line(bytes.line));
        (self.rows, self.bad, self.blanks) = (position.rows, position.bad, *blanks);
        Ok(self)
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

    fn named_shape(&mut self) -> Result<RecordShape, DataError> {
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
        self.names = digest(&names);
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
            self.behind_blanks = self.records.offset();
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
            self.bad += 1;
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
                self.bad += 1;
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

    fn extent(&self) -> Option<Extent> {
        self.records.extent()
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn position(&self) -> Option<Position> {
        // A record that waits for the blank lines before it is read once more.
        let ((mark, bytes), blanks) = match self.waiting {
            Some(_) => (self.records.place_of_last(self.behind_blanks)?, self.blanks),
            None => (self.records.place()?, (0, 0)),
        };
        let columns = match &self.shape {
            _ if !self.begun => TableColumns::Unread,
            _ if self.header => TableColumns::Header(self.names),
            shape => TableColumns::Width(shape.as_ref().map(|shape| shape.width() as u64)),
        };
        Some(Position::in_file(self.rows, self.bad, mark, Spot::Table { bytes, columns, blanks }))
    }
}

/// A digest of names and their order.
fn digest(names: &[String]) -> u64 {
    let mut digest = Xxh3::new();
    for name in names {
        digest.update(&name.len().to_le_bytes());
        digest.update(name.as_bytes());
    }
    digest.digest()
}

fn duplicate(names: &[String]) -> Option<&str> {
    let mut seen = std::collections::HashSet::new();
    names.iter().map(String::as_str).find(|name| !seen.insert(*name))
}
