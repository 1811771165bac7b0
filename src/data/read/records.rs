//! This module cuts delimited text into records and fields. `table` decides what the fields mean.
//!
//! It is written out instead of using the `csv` crate's reader because that one gives a record the line where the
//! blank lines before it start, and takes a quote that is never closed, or text after one, without a word.

use memchr::memchr;

use crate::data::read::line_source::LineSource;
use crate::data::{ByteSpot, DataError, FileMark};
use crate::value::{Extent, ITEM_BYTES_MAX};

/// Fields of a record and columns of a table: more than any table has, and few enough that a line of nothing but delimiters takes
/// no more memory than its text.
pub(super) const COLUMNS_MAX: usize = 100_000;

/// Bytes of a record that messages get to see; they show far less.
const SHOWN_BYTES: usize = 4096;

/// What comes next in the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NextRecord {
    /// A record; its fields are there to be asked for.
    Record,
    /// A record that cannot be read.
    Bad(String),
    /// A line with nothing on it.
    Blank,
    /// The end.
    End,
}

/// The records of an input: fields between delimiters, in double quotes where they hold a delimiter, a quote (doubled)
/// or a line end.
pub(super) struct Records {
    lines: LineSource,
    delimiter: u8,
    /// The last record's fields, back to back.
    text: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    /// The line it starts on.
    line: u64,
}

/// Where in a record the reading stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RecordState {
    FieldStart,
    Quoted,
    RecordEnd,
}

impl Records {
    /// Records of `lines`.
    pub(super) fn new(lines: LineSource, delimiter: u8) -> Self {
        Self { lines, delimiter, text: Vec::new(), ends: Vec::new(), line: 0 }
    }

    /// The file, for messages.
    pub(super) fn name(&self) -> &str {
        self.lines.name()
    }

    /// An error about the file's content.
    pub(super) fn content(&self, line: u64, message: impl Into<String>) -> DataError {
        self.lines.content(line, message)
    }

    /// The line where the last record starts, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Bytes of the text before what follows the last record.
    pub(super) fn offset(&self) -> u64 {
        self.lines.offset()
    }

    /// The file, and how to come back to what follows the last record.
    pub(super) fn place(&self) -> Option<(FileMark, ByteSpot)> {
        self.lines.place()
    }

    /// The file, and how to come back to the last record, before which there are so many bytes of text.
    pub(super) fn place_of_last(&self, offset: u64) -> Option<(FileMark, ByteSpot)> {
        self.lines.place_of(offset, self.line)
    }

    /// How far the reading is in the file as it lies on the disk.
    pub(super) fn extent(&self) -> Option<Extent> {
        self.lines.extent()
    }

    /// Goes on with other lines.
    pub(super) fn go_on(&mut self, lines: LineSource) {
        self.lines = lines;
    }

    /// How many fields the last record has.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A field of the last record.
    pub(super) fn field(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start..self.ends[at]]
    }

    /// The last record roughly as it was, for messages.
    pub(super) fn shown(&self) -> Vec<u8> {
        let mut shown = Vec::new();
        for at in 0..self.len() {
            if at > 0 {
                shown.push(self.delimiter);
            }
            let field = self.field(at);
            shown.extend_from_slice(&field[..field.len().min(SHOWN_BYTES)]);
            if shown.len() > SHOWN_BYTES {
                return shown;
            }
        }
        // A field that did not end.
        let rest = &self.text[self.ends.last().copied().unwrap_or(0)..];
        if !rest.is_empty() {
            shown.push(self.delimiter);
            shown.extend_from_slice(&rest[..rest.len().min(SHOWN_BYTES)]);
        }
        shown
    }

    /// Reads the next record.
    pub(super) fn next(&mut self) -> Result<NextRecord, DataError> {
        self.text.clear();
        self.ends.clear();
        let mut state = RecordState::FieldStart;
        loop {
            let Some((line, bytes)) = self.lines.next()? else {
                return Ok(self.at_end(state));
            };
            if state == RecordState::FieldStart {
                self.line = line;
                if matches!(bytes, b"" | b"\r") {
                    return Ok(NextRecord::Blank);
                }
            }
            let mut fields = Fields { text: &mut self.text, ends: &mut self.ends, delimiter: self.delimiter };
            match fields.read(bytes, state) {
                Err(message) => return Ok(NextRecord::Bad(message)),
                Ok(RecordState::RecordEnd) => return Ok(NextRecord::Record),
                Ok(after) => state = after,
            }
            if self.text.len() > ITEM_BYTES_MAX {
                let message = format!("a record is longer than {ITEM_BYTES_MAX} bytes");
                return Err(self.content(self.line, message));
            }
        }
    }

    fn at_end(&self, state: RecordState) -> NextRecord {
        if state == RecordState::Quoted {
            return NextRecord::Bad(format!("the quote of field {} is never closed", self.len() + 1));
        }
        NextRecord::End
    }
}

/// The fields of one record while they are read.
struct Fields<'a> {
    text: &'a mut Vec<u8>,
    ends: &'a mut Vec<usize>,
    delimiter: u8,
}

impl Fields<'_> {
    /// Reads one line of a record, given without its line feed.
    fn read(&mut self, line: &[u8], mut state: RecordState) -> Result<RecordState, String> {
        let mut rest = line;
        loop {
            if self.ends.len() >= COLUMNS_MAX {
                return Err(format!("the row has more than {COLUMNS_MAX} fields"));
            }
            if state == RecordState::Quoted || rest.first() == Some(&b'"') {
                rest = if state == RecordState::Quoted { rest } else { &rest[1..] };
                let Some(after) = self.quoted(rest) else {
                    self.text.push(b'\n');
                    return Ok(RecordState::Quoted);
                };
                rest = after;
                self.ends.push(self.text.len());
                state = RecordState::FieldStart;
                match rest {
                    b"" | b"\r" => return Ok(RecordState::RecordEnd),
                    [next, after @ ..] if *next == self.delimiter => rest = after,
                    _ => return Err(format!("text follows the closing quote of field {}", self.ends.len())),
                }
            } else if let Some(at) = memchr(self.delimiter, rest) {
                self.text.extend_from_slice(&rest[..at]);
                self.ends.push(self.text.len());
                rest = &rest[at + 1..];
            } else {
                self.text.extend_from_slice(rest.strip_suffix(b"\r").unwrap_or(rest));
                self.ends.push(self.text.len());
                return Ok(RecordState::RecordEnd);
            }
        }
    }

    /// Adds the inside of a quoted field and returns what follows its closing quote, if that is on this line.
    fn quoted<'r>(&mut self, mut rest: &'r [u8]) -> Option<&'r [u8]> {
        loop {
            let Some(at) = memchr(b'"', rest) else {
                self.text.extend_from_slice(rest);
                return None;
            };
            self.text.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            if rest.first() != Some(&b'"') {
                return Some(rest);
            }
            self.text.push(b'"');
            rest = &rest[1..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::read::input::Input;

    /// Shows each record as its line and its fields between bars.
    fn check(text: &'static str, expect: &[&str]) {
        let input = Input::plain(Box::new(text.as_bytes()), "t".into());
        let mut records = Records::new(LineSource::new(input, true), b',');
        let mut seen = Vec::new();
        loop {
            let shown = match records.next().expect("readable") {
                NextRecord::End => break,
                NextRecord::Blank => "blank".to_string(),
                NextRecord::Bad(message) => message,
                NextRecord::Record => {
                    let fields = (0..records.len()).map(|at| String::from_utf8_lossy(records.field(at)));
                    fields.collect::<Vec<_>>().join("|")
                }
            };
            seen.push(format!("{} {shown}", records.line()));
        }
        assert_eq!(seen, expect);
    }

    #[test]
    fn quotes_hold_delimiters_quotes_and_line_ends() {
        check("a,\"b,\"\"c\"\"\",d\r\n\"x\r\ny\",\"\",\n1,2\n", &["1 a|b,\"c\"|d", "2 x\r\ny||", "4 1|2"]);
    }

    #[test]
    fn blank_lines_are_told_apart_from_records_and_counted() {
        check("\na\n\r\n\nb", &["1 blank", "2 a", "3 blank", "4 blank", "5 b"]);
        check("a\n\"\n\n\"\nb\n", &["1 a", "2 \n\n", "5 b"]);
    }

    #[test]
    fn a_misplaced_quote_spoils_its_record_only() {
        check("a,\"b\"c\nd,e\"f\n", &["1 text follows the closing quote of field 2", "2 d|e\"f"]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_found_at_its_record() {
        check("a\nb,\"c\nd\n", &["1 a", "2 the quote of field 2 is never closed"]);
    }
}
