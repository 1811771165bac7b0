//! This reader makes items from comma- and tab-separated values. `records` cuts text into fields, and
//! `record_shape` makes an item of them.

use crate::data::dialect::{Escape, FieldRules, separator};
use crate::data::position::{changed, foreign};
use crate::data::read::block::ReadBlock;
use crate::data::read::fields::COLUMNS_MAX;
use crate::data::read::header::Header;
use crate::data::read::line_source::{BlankLines, LineSource};
use crate::data::read::record_shape::RecordShape;
use crate::data::read::records::{NextRecord, Records};
use crate::data::{
    BadRow, Column, DataError, Dialect, Position, Ragged, Reader, Spot, TableColumns, with_lines,
};
use crate::value::{Chunk, Extent, Origin};

/// Reads one record an item: an object by column names, or a list of strings when there are no names. Blank lines are no
/// rows.
pub(super) struct TableReader {
    records: Records,
    dialect: Dialect,
    /// How lines are cut.
    rules: FieldRules,
    /// Whether the first line may say what separates fields.
    may_have_separator: bool,
    columns: Option<Vec<Column>>,
    /// Whether it is told on which lines the items stand.
    tells_lines: bool,
    /// Whether the header, if there is one, has been read.
    begun: bool,
    /// Digest of the names in the header.
    names: u64,
    /// Known once the names are, or else the first record.
    shape: Option<RecordShape>,
    rows: u64,
    bad: u64,
}

impl TableReader {
    /// Reads the text in `block`. With a header, the first record names the columns; without, `columns` does by position.
    /// `usual` are the rules of the format.
    pub(super) fn new(
        block: ReadBlock,
        usual: FieldRules,
        dialect: &Dialect,
        columns: Option<Vec<Column>>,
    ) -> Self {
        let (dialect, rules) = (dialect.clone(), dialect.rules(usual));
        let lines = LineSource::new(block, BlankLines::Kept);
        let records = Records::new(lines, rules, dialect.comment.as_deref());
        Self {
            records,
            dialect,
            rules,
            may_have_separator: usual == FieldRules::COMMAS,
            columns,
            tells_lines: false,
            begun: false,
            names: 0,
            shape: None,
            rows: 0,
            bad: 0,
        }
    }

    /// The same, where chunks say on which lines their items stand.
    pub(super) fn telling_lines(self, tells_lines: bool) -> Self {
        Self { tells_lines, ..self }
    }

    /// Goes on in `block`, which is entered at a position. What was read here so far is the beginning of the same file,
    /// where the header stands.
    pub(super) fn enter(
        mut self,
        position: &Position,
        spot: &Spot,
        block: ReadBlock,
    ) -> Result<Self, DataError> {
        let Spot::Table { bytes, columns } = spot else { return Err(foreign(self.records.name())) };
        match (columns, self.dialect.header) {
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
        self.records.go_on(LineSource::new(block, BlankLines::Kept).at(bytes)?);
        (self.rows, self.bad) = (position.rows, position.bad);
        Ok(self)
    }

    /// Finds out what the columns are, if the first record is not needed for that as data.
    fn begin(&mut self) -> Result<(), DataError> {
        self.begun = true;
        let guessed = self.begin_lines()?;
        if !self.dialect.header {
            self.shape = match &self.columns {
                Some(columns) => {
                    let chosen = columns.iter().cloned().enumerate().collect();
                    Some(RecordShape::object(columns.len(), chosen, &self.dialect))
                }
                None if self.dialect.ragged == Ragged::Pad => Some(RecordShape::lists()),
                None => None,
            };
            return Ok(());
        }
        if has_other_line_ends(self.records.peek()?, self.rules.quote) {
            let message = "the header holds a carriage return: some lines end with it alone and others with a line feed; write the file anew with one of them, or say `header: false`, `skip: 1` and the names in `columns`";
            return Err(self.records.content(self.records.last_line() + 1, message));
        }
        match self.records.next()? {
            NextRecord::Record => {
                let header = Header::read(&self.records, guessed)?;
                let chosen = header.choose(self.columns.as_deref(), self.dialect.ragged, &self.records)?;
                self.names = header.digest();
                self.shape = Some(RecordShape::object(header.len(), chosen, &self.dialect));
                Ok(())
            }
            NextRecord::Bad(message) => Err(self.records.content(self.records.line(), message)),
            NextRecord::End if self.columns.is_none() => Ok(()),
            NextRecord::End => {
                Err(self.records.content(1, "the file is empty; a row that names the columns is missing"))
            }
        }
    }

    /// Passes over the lines that are no rows. True when nothing says that a comma separates the columns.
    fn begin_lines(&mut self) -> Result<bool, DataError> {
        let mut skip = self.dialect.skip;
        let separator = separator(self.records.peek()?).filter(|_| self.may_have_separator);
        if let Some(delimiter) = separator {
            // It is one of the lines to be passed over, or the only one.
            skip = skip.max(1);
            if self.dialect.delimiter.is_none() {
                self.rules.delimiter = delimiter;
                if self.rules.quote == Some(delimiter) || self.rules.escape == Escape::Character(delimiter) {
                    let message =
                        "the line says what separates fields, and it is the `quote` or the `escape`";
                    return Err(self.records.content(1, message));
                }
                self.records.cut_by(self.rules);
            }
        }
        self.records.skip_lines(skip)?;
        Ok(self.may_have_separator && separator.is_none() && self.dialect.delimiter.is_none())
    }

    /// Whether the last record is a line of white space in a table of several columns.
    fn is_blank_line(&self) -> bool {
        let fields = self.records.fields();
        fields.len() == 1
            && self.shape.as_ref().and_then(RecordShape::width).is_some_and(|width| width > 1)
            && !fields.has_quotes()
            && fields.get(0).is_some_and(|field| field.trim_ascii().is_empty())
    }

    /// Handles one row; false at the end.
    fn row(&mut self, chunk: &mut Chunk, bad: &mut Vec<BadRow>) -> Result<bool, DataError> {
        let next = self.records.next()?;
        if next == NextRecord::End {
            return Ok(false);
        }
        if next == NextRecord::Record && self.is_blank_line() {
            return Ok(true);
        }
        self.rows += 1;
        let result = if let NextRecord::Bad(message) = next {
            Err(message)
        } else {
            let shape = self.shape.get_or_insert_with(|| RecordShape::list(self.records.fields().len()));
            shape.push(&self.records, &mut chunk.text)
        };
        match result {
            Ok(()) => chunk.end_item_on(self.records.line()),
            Err(message) => {
                chunk.drop_unended();
                let (file, line) = (self.records.name(), self.records.line());
                let message = with_lines(message, line, self.records.last_line());
                self.bad += 1;
                bad.push(BadRow::new(self.rows, file, line, message, &self.records.fields().shown()));
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
        chunk.origin = self.tells_lines.then(|| Origin::new(self.records.name().into(), 1));
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
        let (mark, bytes) = self.records.place()?;
        let columns = match &self.shape {
            _ if !self.begun => TableColumns::Unread,
            _ if self.dialect.header => TableColumns::Header(self.names),
            shape => {
                TableColumns::Width(shape.as_ref().and_then(RecordShape::width).map(|width| width as u64))
            }
        };
        Some(Position::in_file(self.rows, self.bad, mark, Spot::Table { bytes, columns }))
    }
}

/// Whether a carriage return stands in a line, out of quotes and not at its end.
fn has_other_line_ends(line: &[u8], quote: Option<u8>) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let before = quote.and_then(|quote| memchr::memchr(quote, line)).map_or(line, |at| &line[..at]);
    memchr::memchr(b'\r', before).is_some()
}
