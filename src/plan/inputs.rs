//! What comes from outside the pipeline file: parameters, environment, overrides.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The values that a run brings to a pipeline file.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// `-p NAME=VALUE`, in order; values are text and are turned into the parameter's type.
    pub params: Vec<(String, String)>,
    /// `--params-file`: a map.
    pub params_file: serde_json::Map<String, serde_json::Value>,
    /// The process environment; the pipeline sees only what its `env` names.
    pub env: BTreeMap<String, String>,
    /// `--set PATH=VALUE`, in order; the value is YAML.
    pub set: Vec<(String, String)>,
    /// `--limit N`: first N items of every source.
    pub limit: Option<u64>,
    /// Id of the run, for `run.id` in expressions.
    pub run: Arc<str>,
    /// Whether this is only a check: required params and variables may then be missing.
    pub check_only: bool,
}
