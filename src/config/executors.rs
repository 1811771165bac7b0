//! These types are an executors file: engines that start worker processes, by names that `--on` takes. It never lies beside a
//! pipeline, because what stands in it is run by shells.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::executor::Executor;
use super::id::is_id;
use super::pipeline::{DecodeError, Version};
use super::schema;
use super::setting::{fields, present};

/// The name that stands for this process and needs no entry.
pub const LOCAL: &str = "local";

/// Engines that start worker processes of flowrun, by names that `--on` takes.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "flowrun executors", transform = schema::top_level)]
pub struct Executors {
    /// Version of executors files. Default: 1, the only one there is.
    #[serde(default, deserialize_with = "present")]
    pub version: Option<Version>,
    /// The executors by their names. `local`, which is no executor but this process, cannot be one.
    #[serde(deserialize_with = "named")]
    #[schemars(transform = schema::executor_names)]
    pub executors: IndexMap<String, Executor>,
}

/// Turns a value that passed the schema of executors files into types.
///
/// # Errors
/// Fails when the types refuse what the schema accepts, which is a fault of flowrun.
pub fn decode_executors(value: &Value) -> Result<Executors, DecodeError> {
    let mut value = value.clone();
    if let Value::Object(top) = &mut value {
        top.retain(|key, _| !key.starts_with("x-"));
    }
    Ok(fields(value)?)
}

/// Reads executors under ids.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IndexMap<String, Executor>, D::Error> {
    let executors = IndexMap::<String, Executor>::deserialize(deserializer)?;
    match executors.keys().find(|name| !is_id(name) || *name == LOCAL) {
        Some(name) => Err(D::Error::custom(format_args!("`{name}` is no name for an executor"))),
        None => Ok(executors),
    }
}
