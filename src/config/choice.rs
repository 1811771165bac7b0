//! This module reads choices between words and makes their schema. The words and what they mean stand beside the types.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::executor_kind::ExecutorKind;
use super::schema;
use crate::data::{
    ColumnCompression, Compression, Format, GlobBy, JoinHow, JoinMany, LineEnd, Quoting, Ragged, WriteMode,
};
use crate::event::FailureKind;
use crate::schedule::{FailFast, Jitter};
use crate::value::{Choice, choice};

choice!(
    /// Which end of a sorted collection comes first.
    pub enum Order: "the orders are" {
        /// The smallest value.
        Asc = "asc",
        /// The largest value.
        Desc = "desc",
    }
);

choice!(
    /// The type of a parameter.
    pub enum ParamType: "the types of a parameter are" {
        /// Text.
        String = "string",
        /// Signed 64 bits.
        Integer = "integer",
        /// Integer or float.
        Number = "number",
        /// `true` or `false`.
        Boolean = "boolean",
        /// A path, relative to the pipeline file.
        Path = "path",
        /// A list of values.
        List = "list",
        /// A map of values.
        Map = "map",
    }
);

/// Implements reading and schema for choices.
macro_rules! written {
    ($($type:ident),*) => {
        $(
            impl<'de> Deserialize<'de> for $type {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let value = Value::deserialize(deserializer)?;
                    read(&value)
                        .ok_or_else(|| D::Error::custom(format_args!("`{value}` is no {}", stringify!($type))))
                }
            }

            impl JsonSchema for $type {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($type).into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    schema_of::<Self>()
                }
            }
        )*
    };
}

written!(
    ColumnCompression,
    Compression,
    ExecutorKind,
    FailFast,
    FailureKind,
    Format,
    GlobBy,
    Jitter,
    JoinHow,
    JoinMany,
    LineEnd,
    Order,
    ParamType,
    Quoting,
    Ragged,
    WriteMode
);

/// Whether a name is a boolean of YAML.
fn is_boolean(name: &str) -> bool {
    matches!(name, "true" | "false")
}

/// The value that is written so.
fn read<T: Choice>(value: &Value) -> Option<T> {
    match value {
        Value::Bool(value) => T::parse(if *value { "true" } else { "false" }),
        Value::String(name) if !is_boolean(name) => T::parse(name),
        _ => None,
    }
}

/// The schema of a choice: its names, for people too, and what each means.
fn schema_of<T: Choice>() -> Schema {
    let names = || T::WORDS.iter().flat_map(|word| word.names.iter().copied());
    let texts: Vec<&str> = names().filter(|name| !is_boolean(name)).collect();
    let listed = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let mut offered: Vec<(&str, &str)> = T::WORDS.iter().map(|word| (word.names[0], word.doc)).collect();
    // What is so without the key is offered last.
    offered.sort_by_key(|(name, _)| *name == "false");
    let kind = if names().any(is_boolean) { Value::from(vec!["boolean", "string"]) } else { "string".into() };
    json_schema!({
        "type": kind,
        "pattern": format!("^(?:{})$", texts.join("|")),
        "patternErrorMessage": format!("{}: {listed}", T::WHAT),
        "defaultSnippets": schema::words(&offered),
        "x-values": texts,
    })
}
