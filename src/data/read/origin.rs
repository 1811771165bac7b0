//! This reader adds to each item where it was read. The readers of the formats say on which lines that is.

use std::borrow::Cow;
use std::collections::HashMap;

use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::data::read::lines::too_long;
use crate::data::{BadRow, DataError, OriginFields, Position, Reader};
use crate::value::json::{quoted, write_integer};
use crate::value::{Chunk, Extent, ITEM_BYTES_MAX};

/// A reader of one file whose items get fields more.
pub(super) struct OriginReader {
    reader: Box<dyn Reader>,
    /// The file, for messages.
    name: String,
    fields: Vec<Field>,
    /// Bad rows that were found here.
    bad: u64,
    /// The items as they were, while they are written anew.
    old: Chunk,
}

/// One of the fields.
struct Field {
    name: String,
    /// Finds the name in an item.
    quoted: Finder<'static>,
    /// JSON text in front of the value.
    before: Vec<u8>,
    value: FieldValue,
}

enum FieldValue {
    /// JSON text.
    File(Vec<u8>),
    Line,
}

/// A key of an object, borrowed where it has no escapes.
#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl OriginReader {
    /// Adds `fields` to the items of `reader`, whose chunks say on which lines their items stand. `file` is what the
    /// items get, and `name` is for messages.
    pub(super) fn new(reader: Box<dyn Reader>, fields: &OriginFields, file: &str, name: &str) -> Self {
        let field = |name: &Option<String>, value: fn(&str) -> FieldValue| {
            name.as_ref().map(|name| Field::new(name, value(file)))
        };
        let fields = [
            field(&fields.file, |file| FieldValue::File(quoted(file))),
            field(&fields.line, |_| FieldValue::Line),
        ];
        let fields = fields.into_iter().flatten().collect();
        Self { reader, name: name.to_owned(), fields, bad: 0, old: Chunk::default() }
    }

    /// Writes the items of `chunk` anew, whose rows come behind so many others; those that cannot have the fields go to
    /// `bad`, where the bad rows of this chunk begin at `first_bad`.
    fn add(&mut self, chunk: &mut Chunk, rows_before: u64, bad: &mut Vec<BadRow>, first_bad: usize) {
        let Some(origin) = chunk.origin.take() else { return };
        std::mem::swap(&mut self.old, chunk);
        chunk.clear();
        let bad_before: Vec<u64> = bad[first_bad..].iter().map(|row| row.index).collect();
        let mut bad_indices = bad_before.iter().peekable();
        let mut index = rows_before;
        for at in 0..self.old.len() {
            index += 1;
            while bad_indices.next_if(|bad| **bad == index).is_some() {
                index += 1;
            }
            let (item, line) = (self.old.item(at), origin.line_of(at));
            match self.push(item, line, &mut chunk.text) {
                Ok(()) => chunk.end_item(),
                Err(message) => {
                    chunk.drop_unended();
                    bad.push(BadRow::new(index, &self.name, line, message, item));
                }
            }
        }
        self.bad += (bad.len() - first_bad - bad_before.len()) as u64;
        bad[first_bad..].sort_by_key(|row| row.index);
    }

    /// Adds one item with the fields.
    fn push(&self, item: &[u8], line: u64, out: &mut Vec<u8>) -> Result<(), String> {
        let item = item.trim_ascii();
        let Some(inside) = item.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")) else {
            return Err("`origin` is for items that are maps, and this is none".to_owned());
        };
        if let Some(field) = self.fields.iter().find(|field| field.is_in(item)) {
            return Err(format!("the item has a field `{}`, which `origin` names", field.name));
        }
        let start = out.len();
        out.push(b'{');
        out.extend_from_slice(inside);
        let mut is_first = inside.trim_ascii().is_empty();
        for field in &self.fields {
            if !std::mem::take(&mut is_first) {
                out.push(b',');
            }
            out.extend_from_slice(&field.before);
            match &field.value {
                FieldValue::File(text) => out.extend_from_slice(text),
                FieldValue::Line => write_integer(out, line as i64),
            }
        }
        out.extend_from_slice(b"}\n");
        if out.len() - start > ITEM_BYTES_MAX { Err(too_long()) } else { Ok(()) }
    }
}

impl Field {
    fn new(name: &str, value: FieldValue) -> Self {
        let name_text = quoted(name);
        let before = [&name_text[..], b":"].concat();
        Self { name: name.to_owned(), quoted: Finder::new(&name_text).into_owned(), before, value }
    }

    /// Whether an item has a field of this name.
    fn is_in(&self, item: &[u8]) -> bool {
        // Only escapes can hide a name.
        if self.quoted.find(item).is_none() && !item.contains(&b'\\') {
            return false;
        }
        let keys = serde_json::from_slice::<HashMap<Key<'_>, &RawValue>>(item);
        keys.is_ok_and(|keys| keys.contains_key(&Key(Cow::Borrowed(&self.name))))
    }
}

impl Reader for OriginReader {
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        let (before, first_bad) = (self.reader.rows(), bad.len());
        let more = self.reader.read(max_items, max_bytes, chunk, bad)?;
        self.add(chunk, before, bad, first_bad);
        Ok(more)
    }

    fn rows(&self) -> u64 {
        self.reader.rows()
    }

    fn extent(&self) -> Option<Extent> {
        self.reader.extent()
    }

    fn position(&self) -> Option<Position> {
        let position = self.reader.position()?;
        Some(Position { bad: position.bad + self.bad, ..position })
    }
}
