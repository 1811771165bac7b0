//! This type is the `columns` of `read` as written: a list of names, or names with types.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::schema;
use crate::data::{Column, ColumnType};
use crate::value::Choice as _;

/// The columns to take, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(pub Vec<Column>);

/// What stands behind the type of a column that may be null.
const NULLABLE: &str = "?";

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_array() {
            let names: Vec<String> = serde_json::from_value(value).map_err(D::Error::custom)?;
            return Ok(Self(names.iter().map(|name| Column::named(name)).collect()));
        }
        let types: IndexMap<String, String> = serde_json::from_value(value).map_err(D::Error::custom)?;
        let column = |(name, text): (&String, &String)| {
            let bare = text.strip_suffix(NULLABLE);
            let kind = ColumnType::parse(bare.unwrap_or(text))?;
            Some(Column { nullable: bare.is_some(), ..Column::typed(name, kind) })
        };
        let columns = types.iter().map(|pair| {
            column(pair).ok_or_else(|| D::Error::custom(format_args!("`{}` is no type of a column", pair.1)))
        });
        columns.collect::<Result<_, _>>().map(Self)
    }
}

impl JsonSchema for Columns {
    fn schema_name() -> Cow<'static, str> {
        "Columns".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = ColumnType::WORDS.iter().flat_map(|word| word.names).copied().collect();
        let all: Vec<String> = ["", NULLABLE]
            .iter()
            .flat_map(|end| names.iter().map(move |name| format!("{name}{end}")))
            .collect();
        let listed = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let nullable = |word: &crate::value::Word<ColumnType>| {
            let doc = word.doc.trim().trim_end_matches('.');
            (format!("{}{NULLABLE}", word.names[0]), format!("{doc}, or null where the field is empty."))
        };
        let nullable: Vec<(String, String)> = ColumnType::WORDS.iter().map(nullable).collect();
        let offered: Vec<(&str, &str)> = (ColumnType::WORDS.iter().map(|word| (word.names[0], word.doc)))
            .chain(nullable.iter().map(|(name, doc)| (name.as_str(), doc.as_str())))
            .collect();
        json_schema!({
            "type": ["object", "array"],
            "additionalProperties": {
                "description": "The type of the column's values; with `?` they may be null.",
                "type": "string",
                "pattern": format!("^(?:{})\\{NULLABLE}?$", names.join("|")),
                "patternErrorMessage": format!("{}: {listed}; with `{NULLABLE}` behind it where values may be null", ColumnType::WHAT),
                "defaultSnippets": schema::words(&offered),
                "x-values": all,
            },
            // With plain `items`, editors write a list where types are wanted.
            "if": { "type": "array" },
            "then": { "items": { "type": "string" } },
        })
    }
}
