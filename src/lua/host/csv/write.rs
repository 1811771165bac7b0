//! `csv.encode` writes rows as delimited text, by way of their JSON text, so that numbers and null are written as
//! everywhere.

use std::borrow::Cow;

use indexmap::IndexMap;
use mlua::{Table, Value};
use serde_json::value::RawValue;

use crate::lua::host::call::Call;
use crate::lua::host::tally::Tally;
use crate::lua::host_error::HostError;
use crate::value::json;

use super::options;

/// An object's keys, sorted, and the JSON text of its values.
type Object<'a> = IndexMap<String, &'a RawValue>;

/// The text of a row from which on it is weighed.
const ROW_BYTES: usize = 1 << 16;

/// What a row takes while it is written.
fn row_bytes(row: &RawValue) -> usize {
    json::tree_bytes(row.get().as_bytes())
}

/// `csv.encode`
pub(super) fn encode(call: &Call<'_>, (rows, options): &(Value, Value)) -> mlua::Result<Value> {
    let Value::Table(table) = rows else { return Err(call.bad(1, "table", rows)) };
    let options = options::options(call, 2, options, &["columns", "delimiter"])?;
    let delimiter = options::delimiter(call, options)?;
    let columns = columns(call, options)?;
    let text = call.json(rows)?;
    let _claim = call.claim(text.len())?;
    let rows: Vec<&RawValue> = if text == b"{}" && table.is_empty() {
        Vec::new()
    } else {
        serde_json::from_slice(&text)
            .map_err(|_| call.bad_because(1, "a list of rows expected, got a map"))?
    };
    let mut writer =
        CsvWriter { call, out: Vec::new(), tally: call.tally(), delimiter, columns: None, given: false };
    if let Some(names) = columns {
        writer.record(names.iter().map(String::as_str));
        writer.given = true;
        writer.columns = Some(names);
    }
    for (at, row) in rows.into_iter().enumerate() {
        call.checkpoint_each(at + 1)?;
        let before = writer.out.len();
        // A row of many fields takes far more than its text while it is looked at.
        let _claim = if row.get().len() < ROW_BYTES { None } else { Some(call.claim(row_bytes(row))?) };
        writer.row(at + 1, row)?;
        writer.tally.add(writer.out.len() - before + size_of::<&RawValue>())?;
    }
    call.new_string(&writer.out)
}

/// The option `columns`.
fn columns(call: &Call<'_>, options: Option<&Table>) -> mlua::Result<Option<Vec<String>>> {
    let value: Value = match options {
        Some(options) => options.raw_get("columns")?,
        None => return Ok(None),
    };
    let Value::Table(list) = value else {
        return if value.is_nil() {
            Ok(None)
        } else {
            Err(call.bad_because(2, "`columns` must be a list of names"))
        };
    };
    let names: Vec<Value> = list.sequence_values().collect::<mlua::Result<_>>()?;
    let names: Option<Vec<String>> = names
        .iter()
        .map(|name| name.as_string().and_then(|name| name.to_str().ok()).map(|name| name.to_owned()))
        .collect();
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        return Err(call.bad_because(2, "`columns` must be a list of names"));
    };
    if let Some(twice) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
        return Err(call.bad_because(2, &format!("`columns` names `{}` twice", twice.1)));
    }
    Ok(Some(names))
}

struct CsvWriter<'a> {
    call: &'a Call<'a>,
    out: Vec<u8>,
    /// Counts `out` and the rows.
    tally: Tally<'a>,
    delimiter: u8,
    columns: Option<Vec<String>>,
    /// Whether the caller names the columns, so that other keys are left out.
    given: bool,
}

impl CsvWriter<'_> {
    fn row(&mut self, number: usize, row: &RawValue) -> mlua::Result<()> {
        if let Ok(fields) = serde_json::from_str::<Vec<&RawValue>>(row.get())
            && !fields.is_empty()
        {
            return self.list(number, &fields);
        }
        let Ok(object) = serde_json::from_str::<Object<'_>>(row.get()) else {
            return Err(self.refuse(number, "is neither a map nor a list of fields"));
        };
        self.object(number, &object)
    }

    fn list(&mut self, number: usize, fields: &[&RawValue]) -> mlua::Result<()> {
        if self.columns.as_ref().is_some_and(|columns| columns.len() != fields.len()) {
            let expected = self.columns.as_ref().map_or(0, Vec::len);
            let plural = if expected == 1 { "" } else { "s" };
            let what = format!("has {} instead of {expected} field{plural}", fields.len());
            return Err(self.refuse(number, &what));
        }
        let fields: Vec<Cow<'_, str>> = fields.iter().map(|field| text_of(field)).collect();
        self.record(fields.iter().map(|field| &**field));
        Ok(())
    }

    fn object(&mut self, number: usize, object: &Object<'_>) -> mlua::Result<()> {
        if self.columns.is_none() {
            if number > 1 {
                return Err(self.refuse(number, "is a map, and the rows before are lists; say `columns`"));
            }
            if object.is_empty() {
                return Err(self.refuse(number, "has no keys, which would be the columns; say `columns`"));
            }
            let names: Vec<String> = object.keys().cloned().collect();
            self.record(names.iter().map(String::as_str));
            self.columns = Some(names);
        }
        let columns = self.columns.take().unwrap_or_default();
        if !self.given
            && let Some(extra) = object.keys().find(|key| columns.binary_search(key).is_err())
        {
            let what = format!(
                "has a key `{extra}` and the first row, whose keys are the columns, does not; say `columns`"
            );
            return Err(self.refuse(number, &what));
        }
        let fields: Vec<Cow<'_, str>> = columns
            .iter()
            .map(|name| object.get(name).map_or(Cow::Borrowed(""), |value| text_of(value)))
            .collect();
        self.record(fields.iter().map(|field| &**field));
        self.columns = Some(columns);
        Ok(())
    }

    fn record<'f>(&mut self, fields: impl ExactSizeIterator<Item = &'f str>) {
        let alone = fields.len() == 1;
        for (at, field) in fields.enumerate() {
            if at > 0 {
                self.out.push(self.delimiter);
            }
            let special = |byte: u8| byte == self.delimiter || matches!(byte, b'"' | b'\n' | b'\r');
            // A line with nothing on it would be no record.
            if field.bytes().any(special) || (alone && field.is_empty()) {
                self.out.push(b'"');
                self.out.extend_from_slice(field.replace('"', "\"\"").as_bytes());
                self.out.push(b'"');
            } else {
                self.out.extend_from_slice(field.as_bytes());
            }
        }
        self.out.push(b'\n');
    }

    fn refuse(&self, number: usize, what: &str) -> mlua::Error {
        HostError::refusal(format!("`{}`: row {number} {what}", self.call.name)).into()
    }
}

/// What stands in the field for a value.
fn text_of(value: &RawValue) -> Cow<'_, str> {
    let json = value.get();
    match json.as_bytes().first() {
        Some(b'n') => Cow::Borrowed(""),
        Some(b'"') => serde_json::from_str::<String>(json).map_or(Cow::Borrowed(json), Cow::Owned),
        _ => Cow::Borrowed(json),
    }
}
