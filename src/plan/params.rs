//! This module gives the values of `params` and `env` in one run, from their declarations and what the run brings
//! along.
//!
//! It takes declarations as JSON, so that a fault elsewhere in the file does not hide one here.

mod declaration;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::inputs::{Inputs, UsageError};
use super::{paths, yaml_text};
use crate::config::ParamType;
use crate::source::nearest;
use crate::value;

pub(super) use declaration::Declaration;

/// The values of `params` or `env`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Values {
    /// By name, in the order of the file.
    pub(super) known: Map<String, Value>,
    /// Required and not given: a fault of the run, and none in a check.
    pub(super) missing: BTreeSet<String>,
}

/// A value with the way to name it in a message.
struct Given {
    value: Value,
    source: String,
}

/// The values of the declared parameters.
pub(super) fn params(
    declared: &[Declaration],
    inputs: &Inputs,
    root: &Path,
    usage: &mut Vec<UsageError>,
) -> Values {
    report_unknown(declared, inputs, usage);
    let mut values = Values::default();
    for param in declared {
        let given = match given(param, inputs, root) {
            Ok(given) => given,
            Err(error) => {
                usage.push(error);
                values.missing.insert(param.name.clone());
                continue;
            }
        };
        match given {
            Some(Given { value, source }) => {
                if let Some(problem) = param.problem(&value) {
                    usage.push(UsageError::new(format!("{source}: parameter `{}` {problem}", param.name)));
                }
                values.known.insert(param.name.clone(), value);
            }
            None if param.required
                && param.default.is_none()
                && inputs.unseen.params.contains(&param.name) =>
            {
                values.known.insert(param.name.clone(), param.stand_in());
            }
            None if param.default.is_none() && param.required => {
                values.missing.insert(param.name.clone());
                if !inputs.check_only {
                    usage.push(missing(param));
                }
            }
            None => {
                values.known.insert(param.name.clone(), param.default.clone().unwrap_or(Value::Null));
            }
        }
    }
    values
}

/// The last value that the run gives: `-p` wins over the params file.
fn given(param: &Declaration, inputs: &Inputs, root: &Path) -> Result<Option<Given>, UsageError> {
    let named = inputs.params.iter().rev().find(|(name, _)| *name == param.name);
    if let Some((name, text)) = named {
        let source = format!("`-p {name}={text}`");
        return match read(param.kind, text) {
            Ok(value) => {
                Ok(Some(Given { value: rebased(param.kind, value, root, &inputs.current_dir), source }))
            }
            Err(problem) => Err(UsageError::new(format!("{source}: parameter `{name}` {problem}"))),
        };
    }
    if let Some(value) = inputs.params_file.get(&param.name) {
        let value = rebased(param.kind, value.clone(), root, &inputs.params_dir);
        return Ok(Some(Given { value, source: "the params file".to_owned() }));
    }
    let kept = inputs.params_kept.get(&param.name);
    Ok(kept.map(|value| Given { value: value.clone(), source: "the resumed run".to_owned() }))
}

/// Paths of the outside are relative to where they were written; those of a pipeline are relative to its folder.
fn rebased(kind: ParamType, value: Value, root: &Path, dir: &Path) -> Value {
    match value {
        Value::String(text) if kind == ParamType::Path => paths::rebased(root, dir, &text).into(),
        value => value,
    }
}

/// Turns the text of a command line into a value of this type.
fn read(kind: ParamType, text: &str) -> Result<Value, String> {
    let value = match kind {
        ParamType::String | ParamType::Path => Some(text.into()),
        ParamType::Integer => text.parse::<i64>().ok().map(Value::from),
        ParamType::Number => text.parse::<i64>().ok().map(Value::from).or_else(|| {
            let float = value::float(text).ok()?;
            serde_json::Number::from_f64(float).map(Value::Number)
        }),
        ParamType::Boolean => text.parse::<bool>().ok().map(Value::from),
        ParamType::List | ParamType::Map => {
            Some(yaml_text::read_value(text).map_err(|reason| format!("is no YAML: {reason}"))?)
        }
    };
    value.ok_or_else(|| format!("must be {}", declaration::type_name(kind)))
}

fn missing(param: &Declaration) -> UsageError {
    let what = param.description.as_ref().map(|text| format!(": {}", text.trim())).unwrap_or_default();
    UsageError::new(format!("parameter `{}` is required and not given", param.name))
        .help(format!("give it with `-p {}=…`{what}", param.name))
}

fn report_unknown(declared: &[Declaration], inputs: &Inputs, usage: &mut Vec<UsageError>) {
    let names: Vec<&str> = declared.iter().map(|param| param.name.as_str()).collect();
    let given = inputs.params.iter().map(|(name, _)| name).chain(inputs.params_file.keys());
    for name in given.filter(|name| !names.contains(&name.as_str())) {
        let help = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "this pipeline has no `params`".to_owned(),
            None => format!("the parameters are: {}", super::listed(names.iter().copied())),
        };
        usage.push(UsageError::new(format!("unknown parameter `{name}`")).help(help));
    }
}

/// The values of the environment variables that `declared` names; nothing else of the environment is visible.
pub(super) fn env(declared: &Map<String, Value>, inputs: &Inputs, usage: &mut Vec<UsageError>) -> Values {
    let mut values = Values::default();
    for (name, declaration) in declared {
        let required = declaration.get("required").and_then(Value::as_bool).unwrap_or(false);
        let default = declaration.as_str();
        match inputs.env.get(name).map(String::as_str).or(default) {
            Some(value) => {
                values.known.insert(name.clone(), value.into());
            }
            None if required && inputs.unseen.env.contains(name) => {
                values.known.insert(name.clone(), name.as_str().into());
            }
            None if required => {
                values.missing.insert(name.clone());
                if !inputs.check_only {
                    let error = UsageError::new(format!("environment variable `{name}` is not set"));
                    let help =
                        format!("the pipeline requires it under `env`; set it with `{name}=… flowrun …`");
                    usage.push(error.help(help));
                }
            }
            None => {}
        }
    }
    values
}

#[cfg(test)]
mod tests;
