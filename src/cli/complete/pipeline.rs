//! Steps and parameters are offered by their names in the pipeline file.

use std::ffi::OsStr;

use clap_complete::engine::CompletionCandidate;
use serde_json::Value;

use super::command_line::CommandLine;
use super::names::{document, named};
use super::offer::{is_plain, offer};
use crate::event::Verb;
use crate::value::Choice as _;

/// The ids of all steps, in the order of the file.
pub(super) fn steps(line: &CommandLine) -> Vec<CompletionCandidate> {
    let document = document(line).unwrap_or_default();
    named(&document, "steps").map(|(id, step)| offer(id, about(step))).collect()
}

/// What there is to say of a step: its description, or at least its verb.
fn about(step: &Value) -> &str {
    let verb = Verb::all().map(Verb::name).find(|verb| step.get(verb).is_some());
    step.get("description").and_then(Value::as_str).or(verb).unwrap_or_default()
}

/// `NAME=` of all parameters, or `NAME=VALUE` where the file lists what is allowed.
pub(super) fn params(line: &CommandLine, start: &OsStr) -> Vec<CompletionCandidate> {
    let document = document(line).unwrap_or_default();
    let params = named(&document, "params");
    match start.to_string_lossy().split_once('=') {
        None => params.map(|(name, param)| offer(&format!("{name}="), description(param))).collect(),
        Some((wanted, _)) => params
            .filter(|(name, _)| *name == wanted)
            .flat_map(|(name, param)| allowed(param).into_iter().map(move |value| format!("{name}={value}")))
            .filter(|word| is_plain(word))
            .map(|word| offer(&word, ""))
            .collect(),
    }
}

fn description(param: &Value) -> &str {
    param.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// The values that a parameter may have, if they are few.
fn allowed(param: &Value) -> Vec<String> {
    let default = param.get("default").unwrap_or(param);
    if default.is_boolean() || param.get("type").and_then(Value::as_str) == Some("boolean") {
        return ["true", "false"].map(str::to_owned).to_vec();
    }
    let values = param.get("enum").and_then(Value::as_array);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    values.into_iter().flatten().map(text).collect()
}
