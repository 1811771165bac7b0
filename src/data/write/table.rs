//! This writer makes rows of items. `rows` writes them as comma- or tab-separated values.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::data::write::output::Output;
use crate::data::write::rows::Rows;
use crate::data::{DataError, Format, Ledger, RowStyle, Writer, Written};

use super::items::items;

/// Writes one object a row, below a row of names.
///
/// Strings are written as they are, null and what is missing as nothing, all else as JSON text. With columns given, an
/// item's other keys are left out, as was asked for; otherwise the first item's keys are the columns, and a later item
/// with another key is an error, because its value would be lost. `all_columns` gives them when all items are known.
pub(super) struct TableWriter {
    name: Arc<str>,
    rows: Rows,
    columns: Option<TableColumns>,
    /// The names, in the order of the columns.
    names: Vec<String>,
    /// Items written so far, the current one included.
    count: u64,
}

struct TableColumns {
    positions: HashMap<String, usize>,
    origin: ColumnOrigin,
}

/// Who says which columns there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnOrigin {
    /// The pipeline, or all items: other keys are left out.
    Given,
    /// The first item.
    FirstItem,
    /// The file, which has rows already.
    File,
}

impl TableWriter {
    /// Writes to `output`; without `columns`, the first item has them.
    pub(super) fn new(
        output: Output,
        format: Format,
        style: &RowStyle,
        columns: Option<Vec<String>>,
    ) -> Result<Self, DataError> {
        let name = Arc::clone(output.name());
        let rows = Rows::new(output, format, style);
        let mut table = Self { name, rows, columns: None, names: Vec::new(), count: 0 };
        if let Some(names) = columns {
            table.start(names, ColumnOrigin::Given)?;
        }
        Ok(table)
    }

    /// Goes on behind the rows of a file that has these columns.
    pub(super) fn behind(output: Output, format: Format, style: &RowStyle, names: Vec<String>) -> Self {
        let name = Arc::clone(output.name());
        let mut rows = Rows::new(output, format, style);
        rows.begin_behind();
        let mut table = Self { name, rows, columns: None, names: Vec::new(), count: 0 };
        table.set_columns(names, ColumnOrigin::File);
        table
    }

    /// Writes the row of names.
    pub(super) fn start(&mut self, names: Vec<String>, origin: ColumnOrigin) -> Result<(), DataError> {
        self.rows.push(&names).map_err(|(at, why)| {
            let (file, name) = (&self.name, &names[at]);
            DataError::Usage(format!("cannot write the column name `{name}` to `{file}`: {why}"))
        })?;
        self.set_columns(names, origin);
        Ok(())
    }

    fn set_columns(&mut self, names: Vec<String>, origin: ColumnOrigin) {
        let positions = names.iter().enumerate().map(|(at, name)| (name.clone(), at));
        self.columns = Some(TableColumns { positions: positions.collect(), origin });
        self.names = names;
    }

    /// The other keys of items are left out, as was asked for.
    pub(super) fn leave_out_others(&mut self) {
        if let Some(columns) = &mut self.columns {
            columns.origin = ColumnOrigin::Given;
        }
    }

    fn row(&mut self, item: &[u8]) -> Result<(), DataError> {
        let object = Object::read(item).map_err(|message| self.refuse(message))?;
        if self.columns.is_none() {
            let names: Vec<String> = object.names().map(str::to_owned).collect();
            if names.is_empty() {
                return Err(self.refuse("it has no keys, which would be the columns; say `columns`"));
            }
            self.start(names, ColumnOrigin::FirstItem)?;
        }
        let columns = self.columns.as_ref().expect("they were just made");
        let mut fields = vec![Cow::Borrowed(""); columns.positions.len()];
        for (name, value) in &object.0 {
            match columns.positions.get(&**name) {
                Some(at) => fields[*at] = text_of(value),
                None => match columns.origin {
                    ColumnOrigin::Given => {}
                    ColumnOrigin::FirstItem => {
                        return Err(self.refuse(format!(
                            "it has a key `{name}` and the first item, whose keys are the columns, does not; say `columns` or `all_columns: true`"
                        )));
                    }
                    ColumnOrigin::File => {
                        return Err(
                            self.refuse(format!("it has a key `{name}`, and the file has no such column"))
                        );
                    }
                },
            }
        }
        self.rows
            .push(&fields)
            .map_err(|(at, why)| self.refuse(format!("the value of `{}`: {why}", self.names[at])))
    }

    fn refuse(&self, message: impl Into<String>) -> DataError {
        self.refuse_item(self.count, message.into())
    }

    /// The error about an item that cannot be written.
    pub(super) fn refuse_item(&self, item: u64, message: String) -> DataError {
        DataError::Item { file: self.name.to_string(), item, message }
    }
}

impl Writer for TableWriter {
    fn write(&mut self, lines: &[u8]) -> Result<(), DataError> {
        let written = items(lines).try_for_each(|item| {
            self.count += 1;
            self.row(item)
        });
        // The rows before one that cannot be written are there, for whoever reads along.
        self.rows.put().and(written)
    }

    fn commit(self: Box<Self>, ledger: &dyn Ledger) -> Result<Vec<Written>, DataError> {
        self.rows.commit(ledger)
    }
}

/// An object's keys and the JSON text of its values, in their order; of a key that comes twice, the last value.
pub(super) struct Object<'a>(IndexMap<Cow<'a, str>, &'a RawValue>);

impl<'a> Object<'a> {
    /// Its keys.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }

    /// Its keys and values.
    #[cfg(feature = "parquet")]
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, value.get()))
    }

    /// Reads an item, or says what it is instead.
    pub(super) fn read(item: &'a [u8]) -> Result<Self, String> {
        let found = match item.trim_ascii_start().first() {
            Some(b'{') => return serde_json::from_slice(item).map_err(|error| error.to_string()),
            Some(b'[') => "a list",
            Some(b'"') => "a string",
            Some(b'n') => "null",
            Some(b't' | b'f') => "a boolean",
            _ => "a number",
        };
        Err(format!("it is {found}, and a row is made of an object"))
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = IndexMap::new();
        while let Some((ObjectKey(name), value)) = map.next_entry::<ObjectKey<'de>, &'de RawValue>()? {
            pairs.insert(name, value);
        }
        Ok(Object(pairs))
    }
}

/// A key, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct ObjectKey<'a>(#[serde(borrow)] Cow<'a, str>);

/// What stands in the field for a value.
fn text_of(value: &RawValue) -> Cow<'_, str> {
    let json = value.get();
    match json.as_bytes().first() {
        Some(b'n') => Cow::Borrowed(""),
        Some(b'"') => unquoted(json),
        _ => Cow::Borrowed(json),
    }
}

/// The text that a JSON string stands for.
pub(super) fn unquoted(json: &str) -> Cow<'_, str> {
    if !json.contains('\\') {
        return Cow::Borrowed(json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(json));
    }
    // Strings that reached a writer are JSON; one that is not would be shown as it is.
    serde_json::from_str(json).map_or(Cow::Borrowed(json), Cow::Owned)
}
