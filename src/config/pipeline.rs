//! These types are a pipeline file as written, top level first. They do not say what a name stands for.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::ending::{AtEnd, Keep, at_end, keep};
use super::id::{ID, is_id};
use super::literal::RateLimit;
use super::param::{EnvVar, Param, params, variables};
use super::permissions::Permissions;
use super::policy::Policy;
use super::schema;
use super::secret::{Secret, secrets};
use super::setting::{Setting, fields, map, present, texts};
use super::step::Step;
use super::test_case::{TestCase, tests};

/// A declarative pipeline: what is read, which Lua function runs on every item, under which policy, and where the
/// results go.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "flowrun pipeline", transform = schema::top_level)]
pub struct Pipeline {
    /// Version of the pipeline language. Default: 1, the only one there is.
    #[serde(default, deserialize_with = "present")]
    pub version: Option<Version>,
    /// Name of the pipeline in run lists and reports. Default: the file's name without its extension.
    #[serde(default, deserialize_with = "id")]
    #[schemars(regex(pattern = ID), example = &"clean-docs", transform = schema::wanted(schema::ID_WANTED))]
    pub name: Option<String>,
    /// What the pipeline is for; shown by `flowrun plan` and in reports.
    #[serde(default, deserialize_with = "present")]
    pub description: Option<String>,
    /// Typed inputs of a run, set with `-p NAME=VALUE` or `--params-file`: `size: 224`, or a map with `type`,
    /// `default`, `required`, `description`, `enum`, `min`, `max`.
    #[serde(default, deserialize_with = "params")]
    #[schemars(transform = schema::id_keys)]
    pub params: IndexMap<String, Param>,
    /// Environment variables that the pipeline may see, with their defaults; nothing else of the environment is visible.
    #[serde(default, deserialize_with = "variables")]
    #[schemars(transform = schema::variable_keys)]
    pub env: IndexMap<String, EnvVar>,
    /// What host functions may reach. Default: `fs` the pipeline's folder, `http` and `exec` nothing.
    #[serde(default, deserialize_with = "map")]
    pub permissions: Permissions,
    /// Values that only Lua sees, as `secrets.NAME`, and that every message hides: `{env: VARIABLE}` or `{file: path}`.
    #[serde(default, deserialize_with = "secrets")]
    #[schemars(transform = schema::id_keys)]
    pub secrets: IndexMap<String, Secret>,
    /// Limits of starts that steps share by naming them in `rate_limit`: `api: 20/s`.
    #[serde(default, deserialize_with = "rate_limits")]
    #[schemars(transform = schema::id_keys)]
    pub rate_limits: IndexMap<String, Setting<RateLimit>>,
    /// What steps start from when they do not say otherwise.
    #[serde(default, deserialize_with = "map")]
    pub defaults: Defaults,
    /// Policies that steps take by their names, with `policy: NAME`. What a step says itself goes before.
    #[serde(default, deserialize_with = "policies")]
    #[schemars(transform = schema::id_keys)]
    pub policies: IndexMap<String, Policy>,
    /// Files with `policies`, `rate_limits`, `permissions` and `env` that pipelines share: in this file's folder, below it, or
    /// in a folder above. What stands here goes before what stands there, name by name.
    #[serde(default, deserialize_with = "texts")]
    #[schemars(with = "Vec<String>", inner(length(min = 1)), example = &["../common.yaml"])]
    pub include: Option<Vec<String>>,
    /// The folders in which `require` and `file` look for Lua files, in this order, relative to this file's folder. Those
    /// outside of it are read for that alone. Default: `[.]`, this file's folder.
    #[serde(default, deserialize_with = "some_paths")]
    #[schemars(with = "Vec<String>", length(min = 1), inner(length(min = 1)), example = &[".", "../lua"])]
    pub lua_path: Option<Vec<String>>,
    /// Lua that runs once when a run has ended, however it ended: it tells somebody, say. Its failure is a warning and changes
    /// nothing.
    #[serde(default, deserialize_with = "at_end")]
    #[schemars(with = "AtEnd")]
    pub at_end: Option<AtEnd>,
    /// When a run ends well, runs of this pipeline beyond `runs` and older than `age` are removed; a bound that stands alone
    /// counts alone. What stays in any case: the last good run of each set of parameters, and runs that can still be resumed
    /// or are going on. Default: nothing is removed.
    #[serde(default, deserialize_with = "keep")]
    #[schemars(with = "Keep")]
    pub keep: Option<Keep>,
    /// The steps by their ids. Data flows by `from`; the order in the file is for the reader only.
    #[serde(deserialize_with = "steps")]
    #[schemars(transform = schema::steps)]
    pub steps: IndexMap<String, Step>,
    /// Tests of the steps' functions, which `flowrun test` runs.
    #[serde(default, deserialize_with = "tests")]
    pub tests: Vec<TestCase>,
    /// Codes of warnings that this file accepts.
    #[serde(default, rename = "x-allow", deserialize_with = "codes")]
    #[schemars(inner(regex(pattern = "^(?:flowrun::)?[a-z][a-z0-9_]*$")), example = schema::allow_example(), transform = schema::wanted("a code is `flowrun::` and a word"))]
    pub x_allow: Vec<String>,
}

/// The version of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// This one.
    V1,
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)?.as_f64() {
            Some(1.0) => Ok(Self::V1),
            _ => Err(D::Error::custom("this is not version 1")),
        }
    }
}

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "const": 1, "examples": [1] })
    }
}

/// What steps start from when they do not say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// The policy that every `map`, `flat_map` and `filter` starts from; a key given in the step, or in the policy that it
    /// names, wins.
    #[serde(default, deserialize_with = "map")]
    pub map: Policy,
}

/// A value that is no pipeline, although the schema accepts it: a fault of flowrun.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(#[from] serde_json::Error);

/// Turns a value that passed the schema into types. `${{ … }}` may still stand in it, or be replaced by values.
///
/// # Errors
/// Fails when the types refuse what the schema accepts, which is a fault of flowrun.
pub fn decode(value: &Value) -> Result<Pipeline, DecodeError> {
    let mut value = value.clone();
    if let Value::Object(top) = &mut value {
        // Free keys hold anchors; whatever stands in them has been used where it was wanted.
        top.retain(|key, _| !key.starts_with("x-") || key == "x-allow");
    }
    Ok(fields(value)?)
}

/// Reads an id.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let id = String::deserialize(deserializer)?;
    if is_id(&id) { Ok(Some(id)) } else { Err(D::Error::custom(format_args!("`{id}` is no id"))) }
}

/// Reads at least one step, each under an id.
fn steps<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IndexMap<String, Step>, D::Error> {
    let steps = IndexMap::<String, Step>::deserialize(deserializer)?;
    match steps.keys().find(|id| !is_id(id)) {
        Some(id) => Err(D::Error::custom(format_args!("`{id}` is no id"))),
        None if steps.is_empty() => Err(D::Error::custom("there are no steps")),
        None => Ok(steps),
    }
}

/// Reads limits under ids.
pub(super) fn rate_limits<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<IndexMap<String, Setting<RateLimit>>, D::Error> {
    under_ids(IndexMap::deserialize(deserializer)?)
}

/// Reads policies under ids.
pub(super) fn policies<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<IndexMap<String, Policy>, D::Error> {
    let values = under_ids(IndexMap::<String, Value>::deserialize(deserializer)?)?;
    let policy = |(name, value)| Ok((name, fields(value).map_err(D::Error::custom)?));
    values.into_iter().map(policy).collect()
}

/// The map, if all its keys are ids.
fn under_ids<T, E: serde::de::Error>(map: IndexMap<String, T>) -> Result<IndexMap<String, T>, E> {
    match map.keys().find(|name| !is_id(name)) {
        Some(name) => Err(E::custom(format_args!("`{name}` is no id"))),
        None => Ok(map),
    }
}

/// Reads paths, one at least.
fn some_paths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let paths = texts(deserializer)?;
    match paths {
        Some(paths) if paths.is_empty() => Err(D::Error::custom("there are no paths")),
        paths => Ok(paths),
    }
}

/// Reads codes of findings, with or without `flowrun::`.
fn codes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let codes = Vec::<String>::deserialize(deserializer)?;
    let is_code = |code: &&String| {
        let word = code.strip_prefix("flowrun::").unwrap_or(code).as_bytes();
        let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
        word.first().is_some_and(u8::is_ascii_lowercase) && word.iter().all(inner)
    };
    match codes.iter().find(|code| !is_code(code)) {
        Some(code) => Err(D::Error::custom(format_args!("`{code}` is no code"))),
        None => Ok(codes),
    }
}

/// Turns one step that passed the schema into a type.
///
/// # Errors
/// Fails when the types refuse what the schema accepts, which is a fault of flowrun.
pub fn decode_step(value: &Value) -> Result<Step, DecodeError> {
    Ok(Step::deserialize(value)?)
}
