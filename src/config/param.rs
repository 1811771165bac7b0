//! These types are parameters and environment variables as written.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Number, Value};

use super::choice::ParamType;
use super::id::is_id;
use super::schema;
use super::setting::{fields, present};

/// One parameter: a default value that also gives the type, or a map with these keys.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "parameter", transform = schema::short_value)]
pub struct Param {
    /// `string`, `integer`, `number`, `boolean`, `path`, `list` or `map`. Default: the type of `default`, else `string`.
    #[serde(default, rename = "type", deserialize_with = "present")]
    pub kind: Option<ParamType>,
    /// The value when the run gives none.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 224, example = &"short")]
    pub default: Option<Value>,
    /// Whether a run must give a value. Default: `false`.
    #[serde(default, deserialize_with = "present")]
    pub required: Option<bool>,
    /// What the parameter is for.
    #[serde(default, deserialize_with = "present")]
    pub description: Option<String>,
    /// The values that are allowed. Default: all of the type.
    #[serde(default, rename = "enum", deserialize_with = "present")]
    #[schemars(length(min = 1))]
    pub allowed: Option<Vec<Value>>,
    /// The smallest number that is allowed.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "f64")]
    pub min: Option<Number>,
    /// The largest number that is allowed.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "f64")]
    pub max: Option<Number>,
}

/// Reads `size: 224` as `size: {default: 224}`.
pub(super) fn params<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<IndexMap<String, Param>, D::Error> {
    let read = |value| match value {
        Value::Null => Err(serde_json::Error::custom("a parameter needs a default or a type")),
        Value::Object(_) => fields(value),
        default => Ok(Param { default: Some(default), ..Param::default() }),
    };
    let params = IndexMap::<String, Value>::deserialize(deserializer)?;
    params
        .into_iter()
        .map(|(name, value)| match read(value).map_err(D::Error::custom)? {
            _ if !is_id(&name) => Err(D::Error::custom("a parameter's name is an id")),
            Param { allowed: Some(allowed), .. } if allowed.is_empty() => {
                Err(D::Error::custom("`enum` is empty"))
            }
            param => Ok((name, param)),
        })
        .collect()
}

/// One environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvVar {
    /// The value when the environment has none.
    Default(String),
    /// `{required: …}`: whether the environment must have it.
    Required(bool),
}

/// The long form of an environment variable.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "variable", transform = schema::short_text)]
struct EnvFields {
    /// Whether the variable must be set. When it is `false` and the variable is not set, `env.NAME` is nil.
    required: bool,
}

impl<'de> Deserialize<'de> for EnvVar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(default) => Ok(Self::Default(default)),
            value => {
                fields(value).map(|EnvFields { required }| Self::Required(required)).map_err(D::Error::custom)
            }
        }
    }
}

/// Reads variables under names that an environment can hold.
pub(super) fn variables<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<IndexMap<String, EnvVar>, D::Error> {
    let variables = IndexMap::<String, EnvVar>::deserialize(deserializer)?;
    match variables.keys().find(|name| !is_id(name) || name.contains('-')) {
        Some(name) => Err(D::Error::custom(format_args!("`{name}` is no name of a variable"))),
        None => Ok(variables),
    }
}

impl JsonSchema for EnvVar {
    fn schema_name() -> Cow<'static, str> {
        "EnvVar".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        EnvFields::json_schema(generator)
    }
}
