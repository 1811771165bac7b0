//! A second opinion: the YAML library that other tools use must read the same values from the file.

use serde_json::Value;

use super::document::{Document, escape};
use super::shown;
use crate::source::Diagnostic;

/// Compares a document without errors with what `serde_yaml` reads from the same text.
pub(super) fn compare(document: &Document) -> Option<Diagnostic> {
    let other = serde_yaml::from_str::<serde_yaml::Value>(document.file.text())
        .and_then(|mut value| value.apply_merge().map(|()| value));
    let other = match other {
        Ok(value) => serde_json::to_value(value).ok()?,
        Err(error) => return refused(document, &error),
    };
    let (pointer, ours, theirs) = difference(String::new(), &document.value, &other)?;
    let message = format!("YAML readers disagree on this value: {} or {}", text(&ours), text(&theirs));
    Some(
        Diagnostic::error("flowrun::yaml_ambiguous", &document.file, message)
            .label(document.spans.value(&pointer), "write this so that there is one reading")
            .help("put quotes around text, and take leading zeros off numbers"),
    )
}

/// A text that only one of the readers accepts. Limits of the other are no disagreement.
fn refused(document: &Document, error: &serde_yaml::Error) -> Option<Diagnostic> {
    let reason = error.to_string();
    if reason.contains("limit") {
        return None;
    }
    let start = error.location().map_or(0, |location| location.index().min(document.file.text().len()));
    let line = document.file.position(start).line;
    let message = format!("YAML readers disagree on this file: another one says `{}`", shown(&reason));
    Some(
        Diagnostic::error("flowrun::yaml_ambiguous", &document.file, message)
            .label(document.file.line_span(line), "near this line")
            .help("write it in the plain way that all YAML readers share"),
    )
}

/// The first place where two values differ. Floats that print alike are alike.
fn difference(pointer: String, ours: &Value, theirs: &Value) -> Option<(String, Value, Value)> {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => a.iter().find_map(|(key, value)| {
            let pointer = format!("{pointer}/{}", escape(key));
            match b.get(key) {
                Some(other) => difference(pointer, value, other),
                None => Some((pointer, Value::from(key.as_str()), Value::Null)),
            }
        }),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(index, (a, b))| difference(format!("{pointer}/{index}"), a, b)),
        _ if ours == theirs => None,
        _ => Some((pointer, ours.clone(), theirs.clone())),
    }
}

fn text(value: &Value) -> String {
    shown(&value.to_string())
}
