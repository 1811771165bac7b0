//! `csv.decode` cuts text into records and fields, strictly. A quote that is never closed, or text behind a closing
//! one, is an error and not a guess.

use std::collections::HashSet;

use memchr::{memchr, memchr2};
use mlua::{LuaString, Table, Value};

use crate::lua::host::call::{Call, describe};
use crate::lua::host::tally::Tally;
use crate::lua::host_error::HostError;

use super::options;

/// `csv.decode`
pub(super) fn decode(call: &Call<'_>, (s, options): &(Value, Value)) -> mlua::Result<Table> {
    let text = call.bytes(1, s)?;
    let options = options::options(call, 2, options, &["delimiter", "header"])?;
    let mut records = CsvRecords::new(&text, options::delimiter(call, options)?);
    let mut header = header(call, options)?.then(Vec::new);
    let mut rows = call.list()?;
    let mut width = None;
    let mut tally = call.tally();
    for step in 1.. {
        call.checkpoint_each(step)?;
        if !records.next(call, &mut tally)? {
            break;
        }
        let found = records.fields.len();
        if width.is_some_and(|width| width != found) {
            let plural = if width == Some(1) { "" } else { "s" };
            let message = format!("the row has {found} instead of {} field{plural}", width.unwrap_or(0));
            return Err(records.fault_at_record(message).raise(call));
        }
        match &mut header {
            Some(names) if width.is_none() => *names = read_header(call, &records)?,
            Some(names) => rows.push(row(call, &records.fields, names)?)?,
            None => {
                let mut list = call.list()?;
                for field in records.fields.iter() {
                    list.push_bytes(field)?;
                }
                rows.push(list.finish()?)?;
            }
        }
        width = Some(found);
    }
    rows.finish()
}

/// The option `header`, true if it is not there.
fn header(call: &Call<'_>, options: Option<&Table>) -> mlua::Result<bool> {
    let Some(options) = options else { return Ok(true) };
    match options.raw_get("header")? {
        Value::Nil => Ok(true),
        Value::Boolean(header) => Ok(header),
        other => Err(call.bad_because(2, &format!("`header`: boolean expected, got {}", describe(&other)))),
    }
}

fn read_header(call: &Call<'_>, records: &CsvRecords<'_>) -> mlua::Result<Vec<LuaString>> {
    let _claim = call.claim(records.fields.len().saturating_mul(4 * size_of::<&[u8]>()))?;
    let mut seen = HashSet::new();
    let twice = records.fields.iter().find(|name| !seen.insert(*name));
    if let Some(name) = twice {
        let message = format!("the header names column `{}` twice", String::from_utf8_lossy(name));
        return Err(records.fault_at_record(message).raise(call));
    }
    records.fields.iter().map(|name| call.lua.create_string(name)).collect()
}

fn row(call: &Call<'_>, fields: &Fields, names: &[LuaString]) -> mlua::Result<Table> {
    let row = call.lua.create_table_with_capacity(0, names.len())?;
    for (name, field) in names.iter().zip(fields.iter()) {
        row.raw_set(name, call.lua.create_string(field)?)?;
    }
    Ok(row)
}

/// What is wrong with a text, and where: line and column from 1, the column in characters.
#[derive(Debug, PartialEq, Eq)]
struct CsvFault {
    line: usize,
    column: usize,
    message: String,
}

impl CsvFault {
    fn raise(self, call: &Call<'_>) -> mlua::Error {
        let Self { line, column, message } = self;
        let place = format!("line {line}, column {column}");
        HostError::refusal(format!("`{}`: {message} at {place}", call.name)).into()
    }
}

/// The fields of one record, back to back.
#[derive(Default)]
struct Fields {
    text: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Fields {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.ends.iter().scan(0, |start, &end| Some(&self.text[std::mem::replace(start, end)..end]))
    }

    fn end(&mut self) {
        self.ends.push(self.text.len());
    }
}

/// The records of a text: fields between delimiters, in double quotes where they hold a delimiter, a quote (doubled) or
/// a line end.
struct CsvRecords<'t> {
    text: &'t [u8],
    /// Where the next record begins.
    at: usize,
    /// Where the last one began.
    begin: usize,
    delimiter: u8,
    fields: Fields,
    /// Bytes and fields of the longest record.
    most: (usize, usize),
}

impl<'t> CsvRecords<'t> {
    fn new(text: &'t [u8], delimiter: u8) -> Self {
        let at = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { text, at, begin: at, delimiter, fields: Fields::default(), most: (0, 0) }
    }

    /// Reads the next record; false at the end. Blank lines are none.
    fn next(&mut self, call: &Call<'_>, tally: &mut Tally<'_>) -> mlua::Result<bool> {
        while let Some(end) = line_end(&self.text[self.at..]) {
            self.at += end;
        }
        if self.at == self.text.len() {
            return Ok(false);
        }
        self.begin = self.at;
        self.fields.text.clear();
        self.fields.ends.clear();
        let (mut text, mut ends) = (0, 0);
        while self.field().map_err(|fault| fault.raise(call))? {
            // The space is kept from record to record, so only a longer one takes more.
            let fields = &self.fields;
            let more = fields.text.len().saturating_sub(self.most.0.max(text));
            let more_ends = fields.ends.len().saturating_sub(self.most.1.max(ends));
            tally.add(more + more_ends * 2 * size_of::<usize>())?;
            (text, ends) = (fields.text.len(), fields.ends.len());
        }
        self.most = (self.most.0.max(text), self.most.1.max(ends));
        Ok(true)
    }

    /// Reads one field; false when it was the record's last.
    fn field(&mut self) -> Result<bool, CsvFault> {
        if self.text.get(self.at) == Some(&b'"') {
            self.quoted()?;
        } else {
            let rest = &self.text[self.at..];
            let mut end = memchr2(self.delimiter, b'\n', rest).unwrap_or(rest.len());
            if rest.get(end) != Some(&self.delimiter) && rest[..end].ends_with(b"\r") {
                end -= 1;
            }
            self.fields.text.extend_from_slice(&rest[..end]);
            self.at += end;
        }
        self.fields.end();
        let rest = &self.text[self.at..];
        if rest.first() == Some(&self.delimiter) {
            self.at += 1;
            return Ok(true);
        }
        if !rest.is_empty() && !matches!(rest, b"\r") {
            let Some(end) = line_end(rest) else {
                let message = format!("text follows the closing quote of field {}", self.fields.len());
                return Err(self.fault(self.at, message));
            };
            self.at += end;
        } else {
            self.at = self.text.len();
        }
        Ok(false)
    }

    /// Reads the inside of a field in quotes and goes behind its closing one.
    fn quoted(&mut self) -> Result<(), CsvFault> {
        let open = self.at;
        self.at += 1;
        loop {
            let Some(length) = memchr(b'"', &self.text[self.at..]) else {
                let message = format!("the quote of field {} is never closed", self.fields.len() + 1);
                return Err(self.fault(open, message));
            };
            self.fields.text.extend_from_slice(&self.text[self.at..self.at + length]);
            self.at += length + 1;
            if self.text.get(self.at) != Some(&b'"') {
                return Ok(());
            }
            self.fields.text.push(b'"');
            self.at += 1;
        }
    }

    fn fault_at_record(&self, message: impl Into<String>) -> CsvFault {
        self.fault(self.begin, message)
    }

    fn fault(&self, at: usize, message: impl Into<String>) -> CsvFault {
        let before = &self.text[..at];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let column =
            String::from_utf8_lossy(&before[line_start..]).trim_start_matches('\u{feff}').chars().count() + 1;
        CsvFault { line, column, message: message.into() }
    }
}

/// The length of the line end that `text` begins with.
fn line_end(text: &[u8]) -> Option<usize> {
    match text {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}
