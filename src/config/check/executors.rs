//! This module checks the keys of an executor against its kind.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as ErrorKind;
use serde_json::Value;

use super::checked::CheckedValue;
use super::keys;
use super::subject::subject;
use crate::config::document::escape_key;
use crate::config::executor_kind::ExecutorKind;
use crate::source::Diagnostic;
use crate::value::Choice as _;

/// The schema of one executor in that of executors files.
const ENTRY: &str = "/properties/executors/additionalProperties";

/// Finds all keys that are for executors of another kind.
pub(super) fn check(checked: &CheckedValue<'_>) -> Vec<Diagnostic> {
    let executors = checked.value.get("executors").and_then(Value::as_object);
    let mut findings = Vec::new();
    for (name, entry) in executors.into_iter().flatten() {
        let kind = entry.get("kind").and_then(Value::as_str).and_then(ExecutorKind::parse);
        let (Some(kind), Some(keys)) = (kind, entry.as_object()) else { continue };
        let at = format!("/executors/{}", escape_key(name));
        let foreign = |key: &String| Some((key.clone(), kind.owner_of(key)?));
        findings.extend(keys.keys().filter_map(foreign).map(|(key, owner)| {
            let message = format!("{} means nothing to `{}`", subject(&format!("{at}/{key}")), kind.name());
            checked
                .error("flowrun::unknown_key", message)
                .label(
                    checked.key_span(&format!("{at}/{key}")),
                    format!("this is for `kind: {}`", owner.name()),
                )
                .label(checked.value_span(&format!("{at}/kind")), "another kind")
                .help("take it away, or correct the kind")
        }));
    }
    findings
}

/// Whether an error of the validator is about what the kind of an executor asks for.
pub(super) fn is_of_kind(schema_path: &str) -> bool {
    schema_path.starts_with(ENTRY) && schema_path.contains("/then/")
}

/// What the kind of an executor needs. What it does not know is found executor by executor.
pub(super) fn needed(
    checked: &CheckedValue<'_>,
    root: &Value,
    error: &ValidationError<'_>,
) -> Vec<Diagnostic> {
    let entry = root.pointer(ENTRY).unwrap_or(root);
    let ErrorKind::Required { property } = error.kind() else { return Vec::new() };
    let pointer = error.instance_path().as_str();
    let missing = property.as_str().and_then(|key| keys::missing(checked, entry, pointer, key));
    missing.into_iter().collect()
}
