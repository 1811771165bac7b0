//! This module puts the lines of delimited text together to records. `fields` cuts the lines, and `table` decides what
//! the fields mean.
//!
//! It is written out instead of using the `csv` crate's reader because that one gives a record the line where the
//! blank lines before it start, and takes a quote that is never closed, or text after one, without a word.

use crate::data::dialect::FieldRules;
use crate::data::read::fields::{Fields, RecordState};
use crate::data::read::line_source::LineSource;
use crate::data::{ByteSpot, DataError, FileMark, TextEncoding};
use crate::value::{Extent, ITEM_BYTES_MAX};

/// What comes next in the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NextRecord {
    /// A record; its fields are there to be asked for.
    Record,
    /// A record that cannot be read.
    Bad(String),
    /// The end.
    End,
}

/// The records of a text, each with its fields.
pub(super) struct Records {
    lines: LineSource,
    fields: Fields,
    /// Lines that begin so are passed over; nothing for none.
    comment: Vec<u8>,
    /// The line the last record starts on.
    line: u64,
    /// The line of the last quote that is not closed on it.
    quote_line: u64,
}

impl Records {
    /// Records of `lines`.
    pub(super) fn new(lines: LineSource, rules: FieldRules, comment: Option<&str>) -> Self {
        let comment = comment.unwrap_or_default().as_bytes().to_vec();
        Self { lines, fields: Fields::new(rules), comment, line: 0, quote_line: 0 }
    }

    /// From here on other rules hold.
    pub(super) fn cut_by(&mut self, rules: FieldRules) {
        self.fields = Fields::new(rules);
    }

    /// The line that comes next, which stays there; nothing at the end.
    pub(super) fn peek(&mut self) -> Result<&[u8], DataError> {
        self.lines.peek()
    }

    /// Passes over lines, whatever is in them.
    pub(super) fn skip_lines(&mut self, count: u64) -> Result<(), DataError> {
        for _ in 0..count {
            if self.lines.next()?.is_none() {
                break;
            }
        }
        Ok(())
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

    /// The line where the last record ends.
    pub(super) fn last_line(&self) -> u64 {
        self.lines.line() - 1
    }

    /// The encoding of the text, where it is another one than UTF-8.
    pub(super) fn encoding(&self) -> Option<TextEncoding> {
        self.lines.encoding()
    }

    /// The file, and how to come back to what follows the last record.
    pub(super) fn place(&self) -> Option<(FileMark, ByteSpot)> {
        self.lines.place()
    }

    /// How far the reading is in the file as it lies on the disk.
    pub(super) fn extent(&self) -> Option<Extent> {
        self.lines.extent()
    }

    /// Goes on with other lines.
    pub(super) fn go_on(&mut self, lines: LineSource) {
        self.lines = lines;
    }

    /// The fields of the last record.
    pub(super) fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Reads the next record. Blank lines and comments are passed over.
    pub(super) fn next(&mut self) -> Result<NextRecord, DataError> {
        self.fields.clear();
        let mut state = RecordState::FieldStart;
        loop {
            let Some((line, bytes)) = self.lines.next()? else {
                return self.end(state);
            };
            if state == RecordState::FieldStart {
                let is_comment = || !self.comment.is_empty() && bytes.starts_with(&self.comment);
                if self.fields.is_blank(bytes) || is_comment() {
                    continue;
                }
                self.line = line;
            }
            let before = (state, self.fields.len());
            match self.fields.read(bytes, state) {
                Err(fault) => return Ok(NextRecord::Bad(self.fields.explain(fault))),
                Ok(RecordState::RecordEnd) => return Ok(NextRecord::Record),
                Ok(after) => state = after,
            }
            if before != (RecordState::Quoted, self.fields.len()) {
                self.quote_line = line;
            }
            self.fields.go_on(self.lines.line_end());
            if self.fields.bytes() > ITEM_BYTES_MAX {
                let message = format!("{} within {ITEM_BYTES_MAX} bytes", self.open_field(state));
                return Err(self.content(self.quote_line, message));
            }
        }
    }

    /// The end of the file, which is none of a record that is not complete: what the file holds behind the quote is lost,
    /// however many rows that is.
    fn end(&self, state: RecordState) -> Result<NextRecord, DataError> {
        match state {
            RecordState::Quoted => Err(self.content(self.quote_line, self.open_field(state))),
            RecordState::Bare => Ok(NextRecord::Bad(self.open_field(state))),
            RecordState::FieldStart | RecordState::RecordEnd => Ok(NextRecord::End),
        }
    }

    fn open_field(&self, state: RecordState) -> String {
        let field = self.fields.len() + 1;
        match state {
            RecordState::Bare => format!("field {field} ends with an escape that nothing follows"),
            _ => format!("the quote of field {field} is never closed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dialect::Escape;
    use crate::data::read::block::{ReadBlock, TextForm};
    use crate::data::read::input::Input;
    use crate::data::read::line_source::BlankLines;

    fn check(text: &'static str, expect: &[&str]) {
        check_by(FieldRules::COMMAS, text, expect);
    }

    /// Shows each record as its line and its fields between bars.
    fn check_by(rules: FieldRules, text: &'static str, expect: &[&str]) {
        let input = Input::plain(Box::new(text.as_bytes()), "t".into());
        let form = TextForm { may_end_lines_with_cr: true, ..TextForm::default() };
        let lines = LineSource::new(ReadBlock::new(input, form), BlankLines::Kept);
        let mut records = Records::new(lines, rules, Some("#"));
        let mut seen = Vec::new();
        loop {
            let shown = match records.next() {
                Ok(NextRecord::End) => break,
                Ok(NextRecord::Bad(message)) => message,
                Err(error) => {
                    seen.push(error.to_string());
                    break;
                }
                Ok(NextRecord::Record) => {
                    let fields = (0..records.fields().len()).filter_map(|at| records.fields().get(at));
                    fields.map(String::from_utf8_lossy).collect::<Vec<_>>().join("|")
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
    fn blank_lines_are_no_records_and_count_as_lines() {
        check("\na\n\r\n\nb", &["2 a", "5 b"]);
        check("a\n\"\n\n\"\nb\n", &["1 a", "2 \n\n", "5 b"]);
    }

    #[test]
    fn carriage_returns_end_lines_where_nothing_else_does() {
        check("a,b\r1,2\r\r3,\"4\r5\"\r", &["1 a|b", "2 1|2", "4 3|4\r5"]);
        check("a\r", &["1 a"]);
        check("a\rb\nc\r\n", &["1 a\rb", "2 c"]);
    }

    #[test]
    fn a_misplaced_quote_spoils_its_record_only() {
        check("a,\"b\"c\nd,e\"f\n", &["1 text follows the closing quote of field 2", "2 d|e\"f"]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_a_fault_of_the_file_at_its_line() {
        check("a\nb,\"c\nd\n", &["1 a", "t:2: the quote of field 2 is never closed"]);
        check("a\nb,\"c\nd\",\"e\nf", &["1 a", "t:3: the quote of field 3 is never closed"]);
        check("a\n\"", &["1 a", "t:2: the quote of field 1 is never closed"]);
    }

    #[test]
    fn comments_are_lines_and_no_part_of_quotes() {
        check("# x\na,b\n#,\"\n\"1\n# 2\",3\n", &["2 a|b", "4 1\n# 2|3"]);
    }

    #[test]
    fn tabs_have_escapes_and_no_quotes() {
        let text = "a\tb\n\"x\t\\t\\\\t\\n\\r\n\\N\t\\x\\\n";
        check_by(FieldRules::TABS, text, &["1 a|b", "2 \"x|\t\\t\n\r", "3 \\N|\\x\\"]);
    }

    #[test]
    fn an_escape_is_one_character_in_quotes_and_out_of_them() {
        let rules = FieldRules { escape: Escape::Character(b'\\'), ..FieldRules::COMMAS };
        check_by(rules, r#""a\"b\\",c\,d,\"e"#, &[r#"1 a"b\|c,d|"e"#]);
        check_by(rules, "a\\\nb,\"c\\\nd\"\r\n\\N,\\0\\t\\z\n", &["1 a\nb|c\nd", "4 \\N|\0\tz"]);
        check_by(
            rules,
            "a\\\r\nb\r\nc\\",
            &["1 a\r\nb", "3 field 1 ends with an escape that nothing follows"],
        );
        let rules = FieldRules { quote: Some(b'\''), escape: Escape::Character(b'!'), ..FieldRules::COMMAS };
        check_by(rules, "'a!'b',!n,\"c\n", &["1 a'b|n|\"c"]);
        let rules = FieldRules { quote: None, ..FieldRules::COMMAS };
        check_by(rules, "\"a,b\",\"\\\"\n\"\n", &["1 \"a|b\"|\"\\\"", "2 \""]);
    }

    #[test]
    fn blanks_around_fields_can_go() {
        let rules = FieldRules { trim: true, ..FieldRules::COMMAS };
        check_by(rules, " a ,\t\" b \" ,c d\r\n \t\n,  ,\n", &["1 a| b |c d", "3 ||"]);
        check_by(rules, "a,\"b\"c\n \"d\ne\" \n", &["1 text follows the closing quote of field 2", "2 d\ne"]);
        let rules = FieldRules { trim: true, ..FieldRules::TABS };
        check_by(rules, " a\t\t b\\n\n", &["1 a||b\n"]);
    }
}
