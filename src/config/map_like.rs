//! These types are a step that runs a Lua function on every item, as written: the function and the policy.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};

use super::policy::Policy;
use super::schema;
use super::setting::{fields, present, texts};

/// A function on every item, under a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct MapLike {
    /// The function.
    pub function: Function,
    /// Lua that runs once for each worker; its locals are visible to an inline function.
    pub setup: Option<String>,
    /// Files whose content is part of the function: paths and patterns.
    pub uses: Vec<String>,
    /// How items are worked on.
    pub policy: Policy,
    /// Whether this was the short form: the Lua itself instead of a map. For `filter` it is then an expression.
    pub short: bool,
}

/// Where an item function comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Function {
    /// `lua`, or the short form.
    Lua(String),
    /// `file`: a path, with `#name` for a field of the table that the file returns.
    File(String),
}

/// The keys of an item function that are no policy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionFields {
    /// The function that runs on every item, as Lua statements with a `return`. In scope: `item`, `index`, `ctx`,
    /// `params`, `env` and the modules. One of `lua` and `file` is required.
    #[serde(default, deserialize_with = "present")]
    #[schemars(transform = schema::lua_block("return item"))]
    lua: Option<String>,
    /// A file that returns the function, or `FILE#NAME` for a field of the table that it returns; relative to the
    /// pipeline file.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"lua/clean.lua", example = &"lua/lib.lua#clean", length(min = 1))]
    file: Option<String>,
    /// Lua that runs once for each worker, before its first item; its locals are visible to `lua`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(transform = schema::lua_block("local seen = {}"))]
    setup: Option<String>,
    /// Files whose content is part of the function: paths and patterns, relative to the pipeline file. When one of them changes,
    /// `resume` runs the step again, and the cache knows nothing of it. Files that Lua reads by paths which are written out,
    /// as in `fs.read("words.json")`, count without being named here. Each path and pattern must have a file when the step
    /// starts. Of files above 256 MB, size and time of change count.
    #[serde(default, deserialize_with = "texts")]
    #[schemars(with = "Vec<String>", inner(length(min = 1)), example = &["models/*.bin"])]
    uses: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for MapLike {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(lua) => Ok(Self {
                function: Function::Lua(lua),
                setup: None,
                uses: Vec::new(),
                policy: Policy::default(),
                short: true,
            }),
            Value::Object(fields) => Self::from_map(fields).map_err(D::Error::custom),
            other => Err(D::Error::custom(format_args!("`{other}` is neither Lua nor a map"))),
        }
    }
}

impl MapLike {
    /// Takes the function's own keys out; what is left is the policy.
    fn from_map(mut policy: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let own: Map<String, Value> = ["lua", "file", "setup", "uses"]
            .into_iter()
            .filter_map(|key| policy.shift_remove(key).map(|value| (key.to_owned(), value)))
            .collect();
        let own: FunctionFields = fields(Value::Object(own))?;
        let function = match (own.lua, own.file) {
            (Some(lua), None) => Function::Lua(lua),
            (None, Some(file)) if !file.is_empty() => Function::File(file),
            _ => return Err(serde_json::Error::custom("exactly one of `lua` and `file` is needed")),
        };
        let policy = fields(Value::Object(policy))?;
        Ok(Self { function, setup: own.setup, uses: own.uses.unwrap_or_default(), policy, short: false })
    }
}

impl JsonSchema for MapLike {
    fn schema_name() -> Cow<'static, str> {
        "Each".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let function = FunctionFields::json_schema(generator);
        let policy = Policy::json_schema(generator);
        schema::each(&function, &policy)
    }
}
