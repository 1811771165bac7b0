//! This type is the `columns` of `write` as written: a list of names, or names with types. The plan reads the types.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::schema;
use crate::data::DeclaredType;

/// The columns to write, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteColumns {
    /// Names; the values say the types.
    Named(Vec<String>),
    /// Names, each with the text of its type.
    Typed(IndexMap<String, String>),
}

/// The types that need no quotes, and what they are.
const OFFERED: [(&str, &str); 7] = [
    ("string", "Text."),
    ("integer", "Signed 64 bits."),
    ("number", "A float."),
    ("boolean", "`true` or `false`."),
    ("timestamp", "A date and a time, from ISO 8601 text."),
    ("date", "A date, from ISO 8601 text."),
    ("time", "A time of day, from ISO 8601 text."),
];

/// Examples of those that do.
const QUOTED: [&str; 3] = ["decimal(12,2)", "[string]", "{lat: number, lon: number}"];

/// Whether a text begins and ends like a type. The schema says the same by [`pattern`]; what lies within brackets is more
/// than a pattern can say.
fn looks_like_type(text: &str) -> bool {
    let bare = text.strip_suffix(['?', '!']).unwrap_or(text);
    let within = |open, close| {
        bare.len() >= 2 && bare.starts_with(open) && bare.ends_with(close) && !bare.contains(['\n', '\r'])
    };
    DeclaredType::words().split('|').any(|word| word == bare)
        || within('[', ']')
        || within('{', '}')
        || (bare.starts_with("decimal(") && bare.ends_with(')') && !bare.contains(['\n', '\r']))
}

fn pattern() -> String {
    let words = DeclaredType::words();
    format!(r"^(?:{words}|decimal\([^\n\r]*\)|\[[^\n\r]*\]|\{{[^\n\r]*\}})[?!]?$")
}

impl<'de> Deserialize<'de> for WriteColumns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_array() {
            return serde_json::from_value(value).map(Self::Named).map_err(D::Error::custom);
        }
        let types: IndexMap<String, String> = serde_json::from_value(value).map_err(D::Error::custom)?;
        match types.values().find(|text| !looks_like_type(text)) {
            Some(text) => Err(D::Error::custom(format_args!("`{text}` is no type of a column"))),
            None => Ok(Self::Typed(types)),
        }
    }
}

impl JsonSchema for WriteColumns {
    fn schema_name() -> Cow<'static, str> {
        "WriteColumns".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let values: Vec<&str> = (OFFERED.iter().map(|(name, _)| *name)).chain(QUOTED).collect();
        let listed = values.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        json_schema!({
            "type": ["array", "object"],
            "additionalProperties": {
                "description": "The type of the column's values; with `!` behind it, null fails the step.",
                "type": "string",
                "pattern": pattern(),
                "patternErrorMessage": format!("the types are {listed}; with `!` behind one, null fails the step"),
                "defaultSnippets": schema::words(&OFFERED),
                "x-values": values,
            },
            // With plain `items`, editors write a list where types are wanted.
            "if": { "type": "array" },
            "then": { "items": { "type": "string" } },
        })
    }
}
