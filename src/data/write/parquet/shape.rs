//! This module finds the types of columns: from what was declared, from the source that the items came from, and else
//! from the first items. `column` makes the columns.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef};
use indexmap::IndexMap;
use parquet::schema::types::Type;
use serde_json::Value;

use super::beyond_json::BeyondJson;
use super::manner::{KeysOf, Manner};
use super::schema_parts::{self, LeafSchema};
use super::texts::Moment;
use super::words::{LeafType, declare, word};
use crate::data::read::{Kind, KnownColumns, LEVELS_MAX, StoredColumn, TypedColumns};
use crate::data::{DeclaredKind, DeclaredType};

/// The name of what a list holds.
const ELEMENT: &str = "element";

/// What the items look like.
#[derive(Debug)]
pub(super) struct ItemsShape {
    fields: IndexMap<String, Slot>,
    /// Known ones that come where the first item has them.
    later: IndexMap<String, Slot>,
    /// The keys were chosen, and others are left out.
    chosen: bool,
    /// The source has texts for numbers that JSON does not have.
    is_beyond_json: bool,
}

/// One place for values.
#[derive(Debug, Clone, PartialEq)]
struct Slot {
    kind: ColumnKind,
    /// The type was not found in values, so these need not fit each other.
    known: bool,
    required: bool,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq)]
enum ColumnKind {
    /// Nothing but nulls so far.
    Unknown,
    /// Nothing but nulls and what Lua's empty tables become: maps without keys, or lists without elements as well.
    Empty {
        is_list: bool,
    },
    Boolean,
    Integer,
    Float,
    Text,
    List(Box<Slot>),
    Map(IndexMap<String, Slot>),
    /// Moments, or what clocks show, which the first one says; in nanoseconds when one needs them.
    Timestamp {
        has_zone: Option<bool>,
        nanos: bool,
    },
    /// A type that no value says more about.
    Fixed(LeafSchema),
    /// A column as it lay in the source.
    Stored(Box<StoredColumn>),
}

impl ItemsShape {
    /// No item has been seen; `columns` are the only keys that matter, and have these types.
    pub(super) fn declared(columns: &[String], types: &[DeclaredType]) -> Self {
        let fields = columns.iter().cloned().zip(types.iter().map(Slot::declared)).collect();
        Self { fields, later: IndexMap::new(), chosen: true, is_beyond_json: false }
    }

    /// No item has been seen; `columns` are the only keys that matter, and some are known from a source, which may be
    /// beyond JSON: it has texts for numbers then that JSON does not have.
    pub(super) fn known(columns: Option<&[String]>, known: KnownColumns, is_beyond_json: bool) -> Self {
        let (mut known, later) = (Slot::own(known.own), Slot::partners(known.partners));
        let Some(columns) = columns else {
            return Self { fields: known, later, chosen: false, is_beyond_json };
        };
        known.extend(later);
        let fields = columns.iter().map(|name| {
            let slot = known.swap_remove(name).unwrap_or(Slot::UNKNOWN);
            (name.clone(), slot)
        });
        Self { fields: fields.collect(), later: IndexMap::new(), chosen: true, is_beyond_json }
    }

    /// Makes room for an item, or says what does not go together with the items before.
    pub(super) fn widen(&mut self, item: &Value) -> Result<(), String> {
        for (key, value) in pairs(item)?.into_iter().flatten() {
            if self.chosen && !self.fields.contains_key(key) {
                continue;
            }
            let new = || self.later.shift_remove(key).unwrap_or(Slot::UNKNOWN);
            let slot = self.fields.entry(key.clone()).or_insert_with(new);
            slot.widen(value, &mut key.clone(), 1)?;
        }
        Ok(())
    }

    /// The columns, in the order in which they were seen or chosen.
    pub(super) fn columns(&self) -> Result<Vec<StoredColumn>, String> {
        let column = |(name, slot): (&String, &Slot)| {
            if let ColumnKind::Stored(stored) = &slot.kind {
                return Ok(StoredColumn::clone(stored));
            }
            let column = StoredColumn::of_node(slot.node(name, "")?)
                .map_err(|error| format!("column `{name}` cannot be written: {error}"))?;
            let kinds = slot.kinds(&mut column.kinds.iter().copied());
            let column = column.meaning(kinds).hinted(|plain| slot.hinted(plain));
            column.map_err(|error| format!("column `{name}` cannot be written: {error}"))
        };
        self.fields.iter().chain(&self.later).map(column).collect()
    }

    /// How values go into the column that stands at this place.
    pub(super) fn manner(&self, at: usize) -> Manner {
        let slot = self.fields.values().chain(self.later.values()).nth(at);
        let is_stored = slot.is_some_and(|slot| matches!(slot.kind, ColumnKind::Stored(_)));
        let beyond_json = match is_stored {
            _ if !self.is_beyond_json => BeyondJson::Texts,
            true => BeyondJson::Numbers,
            false => BeyondJson::Refused,
        };
        let keys = match slot {
            _ if is_stored => KeysOf::Source,
            Some(slot) if slot.known => KeysOf::Declared,
            _ => KeysOf::Items,
        };
        Manner { beyond_json, keys }
    }

    /// Says of each leaf, in the order of the columns, whether nothing but nulls says what it holds.
    pub(super) fn mark(&self, leaves: &mut [LeafType]) {
        let mut unknown = Vec::new();
        self.fields.values().chain(self.later.values()).for_each(|slot| slot.push_unknown(&mut unknown));
        leaves.iter_mut().zip(unknown).for_each(|(leaf, is_unknown)| leaf.is_unknown = is_unknown);
    }

    /// Whether other keys than these are left out.
    pub(super) fn is_chosen(&self) -> bool {
        self.chosen
    }
}

/// The keys of an item, which an empty Lua table has none of.
pub(super) fn pairs(item: &Value) -> Result<Option<&serde_json::Map<String, Value>>, String> {
    match item {
        Value::Object(map) => Ok(Some(map)),
        Value::Array(list) if list.is_empty() => Ok(None),
        other => Err(format!("a row has named columns, and this item is {}", word(other))),
    }
}

impl Slot {
    const UNKNOWN: Self = Self { kind: ColumnKind::Unknown, known: false, required: false };

    /// The columns of a source.
    fn own(columns: TypedColumns) -> IndexMap<String, Self> {
        let slot = |stored: Option<StoredColumn>| {
            let kind = |stored| ColumnKind::Stored(Box::new(stored));
            stored.map_or(Self::UNKNOWN, |stored| Self { kind: kind(stored), known: true, required: false })
        };
        columns.into_iter().map(|(name, stored)| (name, slot(stored))).collect()
    }

    /// Columns of items of other sources, which may have more keys than are known.
    fn partners(partners: Vec<(String, KnownColumns)>) -> IndexMap<String, Self> {
        let slot = |columns: KnownColumns| {
            let mut fields = Self::own(columns.own);
            fields.extend(Self::partners(columns.partners));
            let kind = if fields.is_empty() { ColumnKind::Unknown } else { ColumnKind::Map(fields) };
            Self { kind, ..Self::UNKNOWN }
        };
        partners.into_iter().map(|(name, columns)| (name, slot(columns))).collect()
    }

    /// What the values of its leaves mean, which is more than their types say where the source said more. `plain` is that by the
    /// types alone.
    fn kinds(&self, plain: &mut dyn Iterator<Item = Kind>) -> Vec<Kind> {
        match &self.kind {
            ColumnKind::Stored(stored) => {
                stored.kinds.iter().for_each(|_| {
                    plain.next();
                });
                stored.kinds.clone()
            }
            ColumnKind::List(element) => element.kinds(plain),
            ColumnKind::Map(fields) => fields.values().flat_map(|slot| slot.kinds(plain)).collect(),
            _ => plain.next().into_iter().collect(),
        }
    }

    /// What another program said of it beside what Parquet says, which is `plain`.
    fn hinted(&self, plain: &Field) -> Option<Field> {
        match (&self.kind, plain.data_type()) {
            (ColumnKind::Stored(stored), _) => {
                let said = Field::clone(&stored.hint.as_ref()?.field);
                Some(said.with_name(plain.name()).with_nullable(plain.is_nullable()))
            }
            (ColumnKind::List(element), DataType::List(inner)) => {
                let inner = element.hinted(inner)?;
                Some(plain.clone().with_data_type(DataType::List(Arc::new(inner))))
            }
            (ColumnKind::Map(slots), DataType::Struct(fields)) => {
                let hints: Vec<Option<Field>> =
                    slots.values().zip(fields).map(|(slot, field)| slot.hinted(field)).collect();
                hints.iter().any(Option::is_some).then(|| {
                    let field =
                        |(hint, field): (Option<Field>, &FieldRef)| hint.map_or(Arc::clone(field), Arc::new);
                    let fields = hints.into_iter().zip(fields).map(field).collect();
                    plain.clone().with_data_type(DataType::Struct(fields))
                })
            }
            _ => None,
        }
    }

    /// Appends for each of its leaves whether nothing but nulls says what it holds.
    fn push_unknown(&self, out: &mut Vec<bool>) {
        match &self.kind {
            ColumnKind::Stored(stored) => out.extend(stored.kinds.iter().map(|_| false)),
            ColumnKind::List(element) => element.push_unknown(out),
            ColumnKind::Map(fields) => fields.values().for_each(|slot| slot.push_unknown(out)),
            kind => out.push(matches!(kind, ColumnKind::Unknown)),
        }
    }

    fn declared(declared: &DeclaredType) -> Self {
        let kind = match &declared.kind {
            DeclaredKind::Boolean => ColumnKind::Boolean,
            DeclaredKind::Integer => ColumnKind::Integer,
            DeclaredKind::Number => ColumnKind::Float,
            DeclaredKind::String => ColumnKind::Text,
            DeclaredKind::Date => ColumnKind::Fixed(LeafSchema::Date),
            DeclaredKind::Time => ColumnKind::Fixed(LeafSchema::Time),
            DeclaredKind::Timestamp => ColumnKind::Timestamp { has_zone: None, nanos: false },
            DeclaredKind::Decimal { precision, scale } => {
                ColumnKind::Fixed(LeafSchema::Decimal { precision: *precision, scale: *scale })
            }
            DeclaredKind::List(element) => ColumnKind::List(Box::new(Self::declared(element))),
            DeclaredKind::Map(fields) => {
                let fields = fields.iter().map(|(name, declared)| (name.clone(), Self::declared(declared)));
                ColumnKind::Map(fields.collect())
            }
        };
        Self { kind, known: true, required: declared.required }
    }

    /// Makes room for a value below `level` levels of the schema, whose first is the row.
    fn widen(&mut self, value: &Value, path: &mut String, level: usize) -> Result<(), String> {
        if self.known {
            self.kind.note(value);
            return Ok(());
        }
        let found = ColumnKind::of(value);
        match (&self.kind, &found) {
            (_, ColumnKind::Unknown)
            | (ColumnKind::Float, ColumnKind::Integer)
            | (ColumnKind::List(_) | ColumnKind::Map(_), ColumnKind::Empty { .. }) => {}
            (ColumnKind::Unknown, _)
            | (ColumnKind::Integer, ColumnKind::Float)
            | (ColumnKind::Empty { is_list: false }, ColumnKind::Empty { is_list: true })
            | (ColumnKind::Empty { .. }, ColumnKind::List(_) | ColumnKind::Map(_)) => self.kind = found,
            (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => {}
            _ => return Err(self.kind.conflict(value, path)),
        }
        // The format has a level of its own between a list and what it holds.
        let level = level
            + match self.kind {
                ColumnKind::List(_) => 2,
                ColumnKind::Map(_) => 1,
                _ => 0,
            };
        if level > LEVELS_MAX {
            let column = path.split(['.', '[']).next().unwrap_or_default();
            return Err(format!(
                "column `{column}` is nested more than {LEVELS_MAX} levels deep, which readers of Parquet refuse"
            ));
        }
        let length = path.len();
        match (&mut self.kind, value) {
            (ColumnKind::List(element), Value::Array(list)) => {
                path.push_str("[]");
                list.iter().try_for_each(|value| element.widen(value, path, level))?;
            }
            (ColumnKind::Map(fields), Value::Object(map)) => {
                for (key, value) in map {
                    path.truncate(length);
                    path.push('.');
                    path.push_str(key);
                    fields.entry(key.clone()).or_insert(Self::UNKNOWN).widen(value, path, level)?;
                }
            }
            _ => {}
        }
        path.truncate(length);
        Ok(())
    }

    /// Its part of the schema.
    fn node(&self, name: &str, before: &str) -> Result<Type, String> {
        let path = format!("{before}{name}");
        let required = self.required;
        let leaf = |kind| schema_parts::leaf(name, kind, required);
        let node = match &self.kind {
            ColumnKind::Unknown | ColumnKind::Text => leaf(LeafSchema::Text),
            ColumnKind::Boolean => leaf(LeafSchema::Boolean),
            ColumnKind::Integer => leaf(LeafSchema::Integer),
            ColumnKind::Float => leaf(LeafSchema::Float),
            ColumnKind::Timestamp { has_zone, nanos } => {
                leaf(LeafSchema::Timestamp { utc: has_zone.unwrap_or(true), nanos: *nanos })
            }
            ColumnKind::Fixed(kind) => leaf(*kind),
            ColumnKind::Stored(stored) => return Ok(Type::clone(&stored.node)),
            ColumnKind::List(element) => {
                let element = element.node(ELEMENT, &format!("{path}[]"))?;
                schema_parts::list(name, element, required)
            }
            ColumnKind::Empty { is_list: true } => {
                schema_parts::list(name, Self::UNKNOWN.node(ELEMENT, &path)?, required)
            }
            ColumnKind::Map(map) if !map.is_empty() => {
                let before = format!("{path}.");
                let fields = map.iter().map(|(name, slot)| slot.node(name, &before));
                schema_parts::group(name, fields.collect::<Result<_, _>>()?, required)
            }
            ColumnKind::Map(_) | ColumnKind::Empty { is_list: false } => {
                return Err(format!(
                    "column `{path}` holds maps without any key, which parquet has no type for{}",
                    declare(&path)
                ));
            }
        };
        node.map_err(|error| format!("column `{path}` cannot be written: {error}"))
    }
}

impl ColumnKind {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Unknown,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.is_i64() => Self::Integer,
            Value::Number(_) => Self::Float,
            Value::String(_) => Self::Text,
            Value::Array(list) if list.is_empty() => Self::Empty { is_list: true },
            Value::Array(_) => Self::List(Box::new(Slot::UNKNOWN)),
            Value::Object(map) if map.is_empty() => Self::Empty { is_list: false },
            Value::Object(_) => Self::Map(IndexMap::new()),
        }
    }

    /// Looks at a value for what the declared type leaves open.
    fn note(&mut self, value: &Value) {
        match (self, value) {
            (Self::Timestamp { has_zone, nanos }, Value::String(text)) => {
                if let Some(moment) = Moment::parse(text) {
                    has_zone.get_or_insert(moment.has_zone);
                    *nanos |= moment.needs_nanos();
                }
            }
            (Self::List(element), Value::Array(list)) => {
                for value in list {
                    element.kind.note(value);
                }
            }
            (Self::Map(fields), Value::Object(map)) => {
                for (key, value) in map {
                    if let Some(slot) = fields.get_mut(key) {
                        slot.kind.note(value);
                    }
                }
            }
            _ => {}
        }
    }

    fn conflict(&self, value: &Value, path: &str) -> String {
        let held = match self {
            Self::Unknown | Self::Text => "strings",
            Self::List(_) | Self::Empty { is_list: true } => "lists",
            Self::Map(_) | Self::Empty { is_list: false } => "maps",
            Self::Boolean => "booleans",
            Self::Integer => "integers",
            Self::Float => "numbers",
            Self::Timestamp { .. } => "timestamps",
            Self::Fixed(_) | Self::Stored(_) => "other values",
        };
        format!("column `{path}` holds {held}, and this one is {}{}", word(value), declare(path))
    }
}
