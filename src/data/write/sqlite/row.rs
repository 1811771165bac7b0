//! A row is an item whose values have not been read yet.

use std::borrow::Cow;
use std::fmt;

use indexmap::IndexMap;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::data::write::table::{Object, unquoted};
use crate::value::json::{FieldKind, FieldValue};

/// The keys of an item and the JSON text of its values, in their order.
pub(super) struct ItemRow<'a>(Vec<(ItemKey<'a>, &'a RawValue)>);

/// A key, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct ItemKey<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> ItemRow<'a> {
    /// Reads an item, or says why it is no row.
    pub(super) fn read(item: &'a [u8]) -> Result<Self, String> {
        if item.first() != Some(&b'{') {
            return Object::read(item).map(|_| Self(Vec::new()));
        }
        let row: Self = serde_json::from_slice(item).map_err(|error| error.to_string())?;
        if row.0.is_empty() {
            return Err("it has no keys, which would be the columns".to_owned());
        }
        Ok(row)
    }

    /// Its keys.
    pub(super) fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|(name, _)| &*name.0)
    }

    /// The values, in the order of the keys.
    pub(super) fn values(&self) -> impl Iterator<Item = Result<Cell<'_>, String>> {
        self.0.iter().map(|(_, value)| Cell::read(value.get()))
    }

    /// The same, where of a key that stands twice the last value counts.
    pub(super) fn without_repeats(self) -> Self {
        let pairs: IndexMap<Cow<'a, str>, &'a RawValue> =
            self.0.into_iter().map(|(name, value)| (name.0, value)).collect();
        Self(pairs.into_iter().map(|(name, value)| (ItemKey(name), value)).collect())
    }

    /// Whether no two keys are one column.
    pub(super) fn check_names(&self) -> Result<(), String> {
        for (at, name) in self.names().enumerate() {
            let same = self.names().take(at).find(|other| other.eq_ignore_ascii_case(name));
            if let Some(same) = same {
                return Err(format!("its keys `{same}` and `{name}` are one column for SQLite"));
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for ItemRow<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = ItemRow<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::with_capacity(8);
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(ItemRow(pairs))
    }
}

/// A value as SQLite has it.
#[derive(Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Integer(i64),
    Real(f64),
    /// A string, or a list or a map as JSON.
    Text(Cow<'a, str>),
}

impl<'a> Cell<'a> {
    /// The value of a field of `item`; `None`: it is not there.
    pub(super) fn of_field(field: &FieldValue, item: &'a str) -> Option<Result<Self, String>> {
        let text = item.get(field.start as usize..field.end as usize)?;
        Some(Ok(match field.kind {
            FieldKind::Missing => return None,
            FieldKind::Null => Self::Null,
            FieldKind::False => Self::Integer(0),
            FieldKind::True => Self::Integer(1),
            FieldKind::Plain => Self::Text(Cow::Borrowed(text)),
            FieldKind::Number if is_real(text) => Self::Real(field.number),
            // What is beyond 2^53 is another kind.
            FieldKind::Number => Self::Integer(field.number as i64),
            FieldKind::Spelled | FieldKind::Big | FieldKind::Escaped | FieldKind::List | FieldKind::Map => {
                return Some(Self::read(text));
            }
        }))
    }

    fn read(json: &'a str) -> Result<Self, String> {
        Ok(match json.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't') => Self::Integer(1),
            Some(b'f') => Self::Integer(0),
            Some(b'"') => Self::Text(unquoted(json)),
            Some(b'{' | b'[') => Self::Text(Cow::Borrowed(json)),
            _ if is_real(json) => {
                let number: f64 = json.parse().map_err(|_| format!("`{json}` is no number"))?;
                if !number.is_finite() {
                    return Err(format!("{json} is beyond SQLite's numbers"));
                }
                Self::Real(number)
            }
            _ => {
                let number = json.parse();
                Self::Integer(number.map_err(|_| format!("{json} is beyond 64 bits; write it as a string"))?)
            }
        })
    }
}

/// Whether a number is written as a float.
fn is_real(json: &str) -> bool {
    json.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}
