//! These types are what is done when a run has ended, as written: Lua that is told of it, and older runs that go.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};

use super::literal::{Positive, TimeLimit};
use super::schema;
use super::setting::{fields, present};

/// Lua that runs once when the run has ended. The short form is the Lua alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "at the end", transform = schema::short_text)]
pub struct AtEnd {
    /// The Lua. In scope: `run` (its `id`, `pipeline`, `status`, `steps`, `duration`, `params` and `resume`, the command
    /// that goes on with it), `params`, `env`, `secrets` and the modules. What it returns does not matter.
    #[schemars(transform = schema::lua_block("log.info(run.status)"))]
    pub lua: String,
    /// How long it may take. Default: 60s.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"10s")]
    pub timeout: Option<TimeLimit>,
}

/// Reads `at_end: |` as `{lua: …}`.
pub(super) fn at_end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AtEnd>, D::Error> {
    let value = match Value::deserialize(deserializer)? {
        text @ Value::String(_) => Value::Object(Map::from_iter([("lua".to_owned(), text)])),
        value => value,
    };
    fields(value).map(Some).map_err(D::Error::custom)
}

/// The older runs of this pipeline that are kept when one has ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "keep", transform = schema::some_key)]
pub struct Keep {
    /// As many of the newest runs stay.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 30)]
    pub runs: Option<Positive>,
    /// Runs that began within this time stay.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"90d")]
    pub age: Option<TimeLimit>,
}

/// Reads `keep`, in which at least one bound is given.
pub(super) fn keep<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Keep>, D::Error> {
    match fields(Value::deserialize(deserializer)?).map_err(D::Error::custom)? {
        Keep { runs: None, age: None } => Err(D::Error::custom("`keep` is empty")),
        keep => Ok(Some(keep)),
    }
}
