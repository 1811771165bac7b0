//! These types are secrets as written: where each comes from. Their values are never in a pipeline file.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::id::is_id;
use super::schema;
use super::setting::{fields, present};

/// Where the value of a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// From this variable of the environment.
    Env(String),
    /// From this file, relative to the pipeline's folder; a line feed at its end does not count.
    File(String),
}

/// Where the value of a secret comes from: one of these.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "secret", transform = schema::one_key)]
struct SecretFields {
    /// The environment variable that holds the value.
    #[serde(default, deserialize_with = "present")]
    #[schemars(length(min = 1), example = &"API_TOKEN")]
    env: Option<String>,
    /// The file that holds the value, relative to the pipeline's folder; a line feed at its end does not count.
    #[serde(default, deserialize_with = "present")]
    #[schemars(length(min = 1), example = &"token.txt")]
    file: Option<String>,
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let SecretFields { env, file } =
            fields(Value::deserialize(deserializer)?).map_err(D::Error::custom)?;
        match (env, file) {
            (Some(name), None) if !name.is_empty() => Ok(Self::Env(name)),
            (None, Some(path)) if !path.is_empty() => Ok(Self::File(path)),
            _ => Err(D::Error::custom("a secret has either `env` or `file`, and it is not empty")),
        }
    }
}

/// Reads secrets under ids.
pub(super) fn secrets<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<IndexMap<String, Secret>, D::Error> {
    let secrets = IndexMap::<String, Secret>::deserialize(deserializer)?;
    match secrets.keys().find(|name| !is_id(name)) {
        Some(name) => Err(D::Error::custom(format_args!("`{name}` is no id"))),
        None => Ok(secrets),
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        SecretFields::json_schema(generator)
    }
}
