//! This module finds the types of columns from values: what fits together, and what of a later value does not fit.
//! The module above writes the file.

use arrow_schema::{DataType, Field, Fields, Schema};
use indexmap::IndexMap;
use serde_json::Value;

/// What the items look like.
#[derive(Debug)]
pub(super) struct ItemsShape {
    fields: IndexMap<String, ColumnKind>,
    /// The keys were chosen, and others are left out.
    chosen: bool,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq)]
enum ColumnKind {
    /// Nothing but nulls so far.
    Unknown,
    Boolean,
    Integer,
    Float,
    Text,
    List(Box<ColumnKind>),
    Map(IndexMap<String, ColumnKind>),
}

impl ItemsShape {
    /// No item has been seen; `columns` are the only keys that matter.
    pub(super) fn new(columns: Option<&[String]>) -> Self {
        let fields =
            columns.unwrap_or_default().iter().map(|name| (name.clone(), ColumnKind::Unknown)).collect();
        Self { fields, chosen: columns.is_some() }
    }

    /// Makes room for an item, or says what does not go together with the items before.
    pub(super) fn widen(&mut self, item: &Value) -> Result<(), String> {
        for (key, value) in pairs(item)? {
            if self.chosen && !self.fields.contains_key(key) {
                continue;
            }
            let kind = self.fields.entry(key.clone()).or_insert(ColumnKind::Unknown);
            kind.widen(value, &mut key.clone())?;
        }
        Ok(())
    }

    /// Whether an item fits; if not, what of it.
    pub(super) fn check(&self, item: &Value) -> Result<(), String> {
        for (key, value) in pairs(item)? {
            match self.fields.get(key) {
                Some(kind) => kind.check(value, &mut key.clone())?,
                None if self.chosen => {}
                None => return Err(new_key(key)),
            }
        }
        Ok(())
    }

    /// The columns, in the order in which they were seen or chosen.
    pub(super) fn schema(&self, columns: Option<&[String]>) -> Result<Schema, String> {
        debug_assert_eq!(columns.is_some(), self.chosen, "chosen once");
        Ok(Schema::new(fields(&self.fields, "")?))
    }
}

fn pairs(item: &Value) -> Result<&serde_json::Map<String, Value>, String> {
    item.as_object().ok_or_else(|| format!("a row has named columns, and this item is {}", word(item)))
}

fn new_key(path: &str) -> String {
    format!(
        "column `{path}` is new: the items that say what the columns are do not have it; name it in `columns`"
    )
}

impl ColumnKind {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Unknown,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.is_i64() => Self::Integer,
            Value::Number(_) => Self::Float,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::List(Box::new(Self::Unknown)),
            Value::Object(_) => Self::Map(IndexMap::new()),
        }
    }

    fn widen(&mut self, value: &Value, path: &mut String) -> Result<(), String> {
        let found = Self::of(value);
        match (&*self, &found) {
            (Self::Unknown, _) | (Self::Integer, Self::Float) => *self = found,
            (_, Self::Unknown) | (Self::Float, Self::Integer) => {}
            (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => {}
            _ => return Err(self.conflict(value, path)),
        }
        let length = path.len();
        match (self, value) {
            (Self::List(element), Value::Array(list)) => {
                path.push_str("[]");
                list.iter().try_for_each(|value| element.widen(value, path))?;
            }
            (Self::Map(fields), Value::Object(map)) => {
                for (key, value) in map {
                    path.truncate(length);
                    path.push('.');
                    path.push_str(key);
                    fields.entry(key.clone()).or_insert(Self::Unknown).widen(value, path)?;
                }
            }
            _ => {}
        }
        path.truncate(length);
        Ok(())
    }

    fn check(&self, value: &Value, path: &mut String) -> Result<(), String> {
        let length = path.len();
        match (self, value) {
            (_, Value::Null)
            | (Self::Boolean, Value::Bool(_))
            | (Self::Unknown | Self::Text, Value::String(_)) => {}
            (Self::Integer, Value::Number(number)) if number.is_i64() => {}
            (Self::Float, Value::Number(number)) => {
                let exact = number.as_i64().is_none_or(|integer| {
                    let float = integer as f64;
                    float as i128 == i128::from(integer)
                });
                if !exact {
                    return Err(format!("column `{path}` holds floats, and none is exactly {number}"));
                }
            }
            (Self::List(element), Value::Array(list)) => {
                path.push_str("[]");
                list.iter().try_for_each(|value| element.check(value, path))?;
            }
            (Self::Map(fields), Value::Object(map)) => {
                for (key, value) in map {
                    path.truncate(length);
                    path.push('.');
                    path.push_str(key);
                    let kind = fields.get(key).ok_or_else(|| new_key(path))?;
                    kind.check(value, path)?;
                }
            }
            _ => return Err(self.conflict(value, path)),
        }
        path.truncate(length);
        Ok(())
    }

    fn conflict(&self, value: &Value, path: &str) -> String {
        let held = match self {
            // As text, in the end.
            Self::Unknown | Self::Text => "strings",
            Self::Boolean => "booleans",
            Self::Integer => "integers",
            Self::Float => "numbers",
            Self::List(_) => "lists",
            Self::Map(_) => "maps",
        };
        format!("column `{path}` holds {held}, and this one is {}", word(value))
    }

    fn data_type(&self, path: &str) -> Result<DataType, String> {
        Ok(match self {
            Self::Unknown | Self::Text => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
            Self::Integer => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::List(element) => {
                let inner = element.data_type(&format!("{path}[]"))?;
                DataType::new_list(inner, true)
            }
            Self::Map(map) if map.is_empty() => {
                return Err(format!(
                    "column `{path}` holds maps without any key, which parquet has no type for"
                ));
            }
            Self::Map(map) => DataType::Struct(fields(map, &format!("{path}."))?),
        })
    }
}

fn fields(map: &IndexMap<String, ColumnKind>, before: &str) -> Result<Fields, String> {
    let field = |(name, kind): (&String, &ColumnKind)| {
        Ok(Field::new(name, kind.data_type(&format!("{before}{name}"))?, true))
    };
    map.iter().map(field).collect()
}

/// A value in a word.
fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_i64() => "an integer",
        Value::Number(_) => "a float",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
