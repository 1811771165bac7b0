//! This module makes columns of values: each value is put into the column of its key, or does not fit there. `leaf` knows
//! the single values.

use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray, MapArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, FieldRef, Fields};
use indexmap::IndexMap;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::leaf::LeafBuilder;
use super::manner::{KeysOf, Manner};
use super::words::{LeafType, another, declare};
use crate::data::write::table::Object;
use crate::value::json::{FieldKind, FieldValue, field_to_value, to_value};

/// One column, or what lies in one, as far as it is filled.
pub(super) struct ColumnBuilder {
    field: FieldRef,
    content: Content,
    /// Whether it holds decimals, or what lies in it does: of numbers these take the digits as they are written.
    has_decimals: bool,
}

/// How a value goes into a column.
type Put<V> = fn(&mut ColumnBuilder, V, &mut String) -> Result<(), String>;

enum Content {
    Leaf(LeafBuilder),
    List(Spans, Box<ColumnBuilder>),
    /// Maps with the same keys.
    Struct(Vec<bool>, FieldBuilders),
    /// Maps with any keys, which are text in items.
    Map(Spans, Box<ColumnBuilder>, Box<ColumnBuilder>),
}

/// Where the elements of each list end, and which lists are there.
struct Spans {
    ends: Vec<i32>,
    valid: Vec<bool>,
}

/// What lies in the next leaves.
type Leaves<'a, 'l> = &'a mut std::slice::Iter<'l, LeafType>;

/// The columns of a table, or of a map in one.
pub(super) struct FieldBuilders {
    fields: IndexMap<String, ColumnBuilder>,
    /// What says which keys there are.
    keys: KeysOf,
    rows: usize,
}

impl FieldBuilders {
    /// The columns of a table, whose keys are those of `keys`. `manner` says of each how values go into it, and `leaves` what lies
    /// in them.
    pub(super) fn new(
        fields: &Fields,
        leaves: Leaves<'_, '_>,
        keys: KeysOf,
        manner: impl Fn(usize) -> Manner,
    ) -> Result<Self, String> {
        let column = |(at, field): (usize, &FieldRef)| {
            Ok((field.name().clone(), ColumnBuilder::new(field, leaves, manner(at))?))
        };
        let fields = fields.iter().enumerate().map(column).collect::<Result<_, String>>()?;
        Ok(Self { fields, keys, rows: 0 })
    }

    /// Adds a row that has these keys and values. `skips` says whether keys are left out that are no columns.
    pub(super) fn append(&mut self, row: &Map<String, Value>, skips: bool) -> Result<(), String> {
        self.append_pairs(values(row), ColumnBuilder::append, skips, &mut String::new())
    }

    /// The same of the text of an item.
    pub(super) fn append_object(&mut self, row: &Object<'_>, skips: bool) -> Result<(), String> {
        self.append_pairs(row.pairs(), ColumnBuilder::append_json, skips, &mut String::new())
    }

    /// The value of each key to its column, null to the others.
    fn append_pairs<'v, V>(
        &mut self,
        pairs: impl Iterator<Item = (&'v str, V)>,
        put: Put<V>,
        skips: bool,
        path: &mut String,
    ) -> Result<(), String> {
        let length = path.len();
        self.rows += 1;
        for (key, value) in pairs {
            match self.fields.get_mut(key) {
                Some(column) => {
                    enter(path, key);
                    put(column, value, path)?;
                }
                None if skips => {}
                None => {
                    enter(path, key);
                    return Err(self.keys.new_key(path));
                }
            }
            path.truncate(length);
        }
        let rows = self.rows;
        for (name, column) in self.fields.iter_mut().filter(|(_, column)| column.len() < rows) {
            enter(path, name);
            column.append(&Value::Null, path)?;
            path.truncate(length);
        }
        Ok(())
    }

    /// Adds a row: the values of all columns, in their order, as fields of `item`.
    pub(super) fn append_fields(&mut self, fields: &[FieldValue], item: &str) -> Result<(), String> {
        self.rows += 1;
        let mut path = String::new();
        for ((name, column), field) in self.fields.iter_mut().zip(fields) {
            path.clear();
            path.push_str(name);
            let text = &item[field.start as usize..field.end as usize];
            match (&mut column.content, field.kind) {
                (Content::Leaf(values), FieldKind::Plain) => values.append_text(text, &path)?,
                (_, kind) if column.has_decimals && kind != FieldKind::Missing => {
                    column.append_json(text, &mut path)?;
                }
                _ => column
                    .append(&field_to_value(field, item).map_err(|error| error.to_string())?, &mut path)?,
            }
        }
        Ok(())
    }

    /// The names of the columns, in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// Whether a column holds decimals.
    pub(super) fn has_decimals(&self) -> bool {
        self.fields.values().any(|column| column.has_decimals)
    }

    /// Whether a key is a column.
    pub(super) fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    /// Fills a row that is null as a whole.
    fn append_nothing(&mut self) {
        self.rows += 1;
        self.fields.values_mut().for_each(ColumnBuilder::append_nothing);
    }

    /// The columns, which are empty again then.
    pub(super) fn finish(&mut self) -> Vec<ArrayRef> {
        self.rows = 0;
        self.fields.values_mut().map(ColumnBuilder::finish).collect()
    }
}

/// What a tree says of a row.
fn values(row: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    row.iter().map(|(key, value)| (key.as_str(), value))
}

fn enter(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

impl ColumnBuilder {
    fn new(field: &FieldRef, leaves: Leaves<'_, '_>, manner: Manner) -> Result<Self, String> {
        let mut below = |field: &FieldRef| Self::new(field, leaves, manner).map(Box::new);
        let content = match field.data_type() {
            DataType::List(element) => Content::List(Spans::new(), below(element)?),
            DataType::Struct(fields) => {
                Content::Struct(Vec::new(), FieldBuilders::new(fields, leaves, manner.keys, |_| manner)?)
            }
            DataType::Map(entries, _) => {
                let (key, value) = key_and_value(entries)
                    .ok_or_else(|| format!("column `{}` is a map without keys and values", field.name()))?;
                Content::Map(Spans::new(), below(key)?, below(value)?)
            }
            leaf => {
                let values = leaves.next().and_then(|kind| LeafBuilder::new(leaf, *kind, manner.beyond_json));
                let none = || format!("column `{}` has a type that cannot be written", field.name());
                Content::Leaf(values.ok_or_else(none)?)
            }
        };
        let has_decimals = match &content {
            Content::Leaf(values) => values.is_decimal(),
            Content::List(_, element) => element.has_decimals,
            Content::Struct(_, fields) => fields.has_decimals(),
            Content::Map(_, keys, values) => keys.has_decimals || values.has_decimals,
        };
        Ok(Self { field: Arc::clone(field), content, has_decimals })
    }

    fn len(&self) -> usize {
        match &self.content {
            Content::Leaf(values) => values.len(),
            Content::List(spans, _) | Content::Map(spans, ..) => spans.valid.len(),
            Content::Struct(valid, _) => valid.len(),
        }
    }

    /// Adds a null, or what takes its place within a map that is null.
    fn append_nothing(&mut self) {
        match &mut self.content {
            Content::Leaf(values) => values.append_null(),
            Content::List(spans, _) | Content::Map(spans, ..) => spans.push_null(),
            Content::Struct(valid, fields) => {
                valid.push(false);
                fields.append_nothing();
            }
        }
    }

    fn append(&mut self, value: &Value, path: &mut String) -> Result<(), String> {
        if value.is_null() {
            if !self.field.is_nullable() {
                return Err(format!(
                    "column `{path}` holds no nulls (`!` in `columns:`), and this one is null"
                ));
            }
            self.append_nothing();
            return Ok(());
        }
        let length = path.len();
        match (&mut self.content, value) {
            (Content::Leaf(values), value) => values.append(value, path)?,
            (Content::List(spans, element), Value::Array(list)) => {
                path.push_str("[]");
                list.iter().try_for_each(|value| element.append(value, path))?;
                spans.push(element.len(), path)?;
            }
            // Lua's empty table is what its column holds.
            (Content::List(spans, element), Value::Object(map)) if map.is_empty() => {
                spans.push(element.len(), path)?;
            }
            (Content::Struct(valid, fields), Value::Object(map)) => {
                fields.append_pairs(values(map), Self::append, false, path)?;
                valid.push(true);
            }
            (Content::Struct(valid, fields), Value::Array(list)) if list.is_empty() => {
                fields.append_pairs(std::iter::empty(), Self::append, false, path)?;
                valid.push(true);
            }
            (Content::Map(spans, keys, values), Value::Object(map)) => {
                path.push_str("{}");
                for (key, value) in map {
                    keys.append_key(key, path)?;
                    values.append(value, path)?;
                }
                spans.push(values.len(), path)?;
            }
            (Content::Map(spans, _, values), Value::Array(list)) if list.is_empty() => {
                spans.push(values.len(), path)?;
            }
            (Content::List(..), value) => return Err(another("lists", value, path)),
            (Content::Struct(..) | Content::Map(..), value) => return Err(another("maps", value, path)),
        }
        path.truncate(length);
        Ok(())
    }

    /// Adds the value that `json` says, with all digits of numbers that become decimals.
    fn append_json(&mut self, json: &str, path: &mut String) -> Result<(), String> {
        let is_number = json.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let length = path.len();
        match &mut self.content {
            Content::Leaf(values) if is_number && values.is_decimal() => {
                values.append(&Value::from(json), path)?;
            }
            Content::List(spans, element) if json.starts_with('[') && element.has_decimals => {
                path.push_str("[]");
                let list: Vec<&RawValue> = serde_json::from_str(json).map_err(|error| error.to_string())?;
                list.iter().try_for_each(|value| element.append_json(value.get(), path))?;
                spans.push(element.len(), path)?;
            }
            Content::Struct(valid, fields) if json.starts_with('{') && self.has_decimals => {
                fields.append_pairs(
                    Object::read(json.as_bytes())?.pairs(),
                    Self::append_json,
                    false,
                    path,
                )?;
                valid.push(true);
            }
            Content::Map(spans, keys, values) if json.starts_with('{') && self.has_decimals => {
                path.push_str("{}");
                for (key, value) in Object::read(json.as_bytes())?.pairs() {
                    keys.append_key(key, path)?;
                    values.append_json(value, path)?;
                }
                spans.push(values.len(), path)?;
            }
            _ => {
                let value = to_value(json.as_bytes()).map_err(|error| error.to_string())?;
                self.append(&value, path)?;
            }
        }
        path.truncate(length);
        Ok(())
    }

    /// Adds a map's key, which is the text of its value, or the JSON text where that is no string.
    fn append_key(&mut self, key: &str, path: &mut String) -> Result<(), String> {
        let is_text = matches!(&self.content, Content::Leaf(values) if values.is_text());
        let value = if is_text {
            Value::from(key)
        } else {
            let value = to_value(key.as_bytes()).map_err(|_| {
                let shown: String = key.chars().take(100).collect();
                format!("column `{path}` holds maps with other keys than `{shown}`{}", declare(path))
            })?;
            if value.is_number() && self.has_decimals { Value::from(key) } else { value }
        };
        self.append(&value, path)
    }

    fn finish(&mut self) -> ArrayRef {
        match &mut self.content {
            Content::Leaf(values) => values.finish(),
            Content::List(spans, element) => {
                let (offsets, nulls) = spans.finish();
                let field = Arc::clone(&element.field);
                Arc::new(ListArray::new(field, offsets, element.finish(), Some(nulls)))
            }
            Content::Struct(valid, fields) => {
                let nulls = NullBuffer::from(std::mem::take(valid));
                let columns: Fields =
                    fields.fields.values().map(|column| Arc::clone(&column.field)).collect();
                Arc::new(StructArray::new(columns, fields.finish(), Some(nulls)))
            }
            Content::Map(spans, keys, values) => {
                let (offsets, nulls) = spans.finish();
                let DataType::Map(entries, sorted) = self.field.data_type() else {
                    unreachable!("this content is made for maps only");
                };
                let (key, value) = key_and_value(entries).expect("only maps with keys and values are taken");
                let fields = Fields::from(vec![Arc::clone(key), Arc::clone(value)]);
                let pairs = StructArray::new(fields, vec![keys.finish(), values.finish()], None);
                Arc::new(MapArray::new(Arc::clone(entries), offsets, pairs, Some(nulls), *sorted))
            }
        }
    }
}

impl Spans {
    const fn new() -> Self {
        Self { ends: Vec::new(), valid: Vec::new() }
    }

    /// Adds a list that ends behind so many elements of its column, which are counted in 31 bits.
    fn push(&mut self, end: usize, path: &str) -> Result<(), String> {
        let end =
            i32::try_from(end).map_err(|_| format!("column `{path}` holds lists with too many elements"))?;
        self.ends.push(end);
        self.valid.push(true);
        Ok(())
    }

    fn push_null(&mut self) {
        self.ends.push(self.ends.last().copied().unwrap_or(0));
        self.valid.push(false);
    }

    fn finish(&mut self) -> (OffsetBuffer<i32>, NullBuffer) {
        let ends = std::mem::take(&mut self.ends);
        let offsets: Vec<i32> = std::iter::once(0).chain(ends).collect();
        (OffsetBuffer::new(offsets.into()), NullBuffer::from(std::mem::take(&mut self.valid)))
    }
}

fn key_and_value(entries: &FieldRef) -> Option<(&FieldRef, &FieldRef)> {
    match entries.data_type() {
        DataType::Struct(fields) if fields.len() == 2 => Some((&fields[0], &fields[1])),
        _ => None,
    }
}
