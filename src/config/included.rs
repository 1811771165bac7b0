//! These types are a file that pipelines include, as written: what several of them share.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::literal::RateLimit;
use super::param::{EnvVar, variables};
use super::permissions::Permissions;
use super::pipeline::{DecodeError, policies, rate_limits};
use super::policy::Policy;
use super::schema;
use super::setting::{Setting, fields, map};

/// What pipelines share that include this file. What stands in a pipeline itself goes before, name by name; of
/// `permissions`, list by list. Paths are relative to the pipeline's folder.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "flowrun include")]
pub struct Included {
    /// Environment variables that the pipelines may see, with their defaults.
    #[serde(default, deserialize_with = "variables")]
    #[schemars(transform = schema::variable_keys)]
    pub env: IndexMap<String, EnvVar>,
    /// What host functions may reach. A list that stands here and in the pipeline is the pipeline's.
    #[serde(default, deserialize_with = "map")]
    pub permissions: Permissions,
    /// Limits of starts that steps share by naming them in `rate_limit`: `api: 20/s`.
    #[serde(default, deserialize_with = "rate_limits")]
    #[schemars(transform = schema::id_keys)]
    pub rate_limits: IndexMap<String, Setting<RateLimit>>,
    /// Policies that steps take by their names, with `policy: NAME`. What a step says itself goes before.
    #[serde(default, deserialize_with = "policies")]
    #[schemars(transform = schema::id_keys)]
    pub policies: IndexMap<String, Policy>,
}

/// The keys of such a file.
pub const INCLUDED_KEYS: [&str; 4] = ["env", "permissions", "rate_limits", "policies"];

/// Turns a value that passed the schema of included files into types.
pub(super) fn decode_included(value: &Value) -> Result<Included, DecodeError> {
    Ok(fields(value.clone())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::vocabulary;

    #[test]
    fn an_included_file_has_these_keys_and_each_is_one_of_a_pipeline() {
        let schema = schema::included_schema();
        let keys: Vec<&String> = schema["properties"].as_object().expect("a map").keys().collect();
        assert_eq!(keys, INCLUDED_KEYS);
        for key in INCLUDED_KEYS {
            let ours = &schema["properties"][key]["type"];
            assert_eq!(Some(ours), vocabulary::at(&[Some(key)]).map(|known| &known["type"]), "{key}");
        }
    }
}
