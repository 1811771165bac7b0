//! This module finds keys that do not exist, keys that are missing, and names that are no names.

use serde_json::{Map, Value};

use super::checked::CheckedValue;
use super::elsewhere;
use super::subject::{listed, parts, subject};
use crate::config::document::escape_key;
use crate::config::executor_kind::ExecutorKind;
use crate::config::executors::LOCAL;
use crate::config::file_kind::FileKind;
use crate::config::{shown, vocabulary};
use crate::event::Verb;
use crate::source::{Diagnostic, nearest};
use crate::value::Choice as _;

/// The properties that a schema names.
pub(super) fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}

/// Whether a map has a key that does not exist and may well stand for `wanted`, so that `wanted` is not missing too.
pub(super) fn is_misspelt(value: &Value, schema: &Value, wanted: &str) -> bool {
    let known = properties(schema);
    let unknown = |key: &str| known.is_none_or(|known| !known.contains_key(key)) && !key.starts_with("x-");
    let map = value.as_object().into_iter().flatten();
    map.map(|(key, _)| key)
        .any(|key| unknown(key) && (near(key, [wanted]).is_some() || known.is_some_and(|k| k.len() == 1)))
}

fn near<'a>(key: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Long keys are no slips, and comparing them takes long.
    if key.len() > 64 {
        return None;
    }
    nearest(&key.to_lowercase().replace('-', "_"), names)
}

/// A key that the schema does not name.
pub(super) fn unknown(checked: &CheckedValue<'_>, schema: &Value, pointer: &str, key: &str) -> Diagnostic {
    let names: Vec<&str> =
        properties(schema).map(|known| known.keys().map(String::as_str).collect()).unwrap_or_default();
    let given = checked.value.pointer(pointer).and_then(Value::as_object);
    let has = |name: &str| given.is_some_and(|given| given.contains_key(name));
    let verb = Verb::all().map(Verb::name).find(|verb| names.contains(verb) && has(verb));
    let executor = || given?.get("kind")?.as_str().and_then(ExecutorKind::parse);
    let kind = if checked.kind == FileKind::Executors { executor() } else { None };
    let is_of_kind = |name: &str| kind.is_none_or(|kind| kind.owner_of(name).is_none());
    let free =
        |name: &&str| !has(name) && is_of_kind(name) && (verb.is_none() || Verb::parse(name).is_none());
    let here = elsewhere::key_here(key, &names);
    // `cpus` of another tool is no slip for `gpus`.
    let meant = near(key, names.iter().copied()).filter(|_| here.is_none());
    let elsewhere = here.or_else(|| elsewhere::key(key));
    let span = checked.key_span(&format!("{pointer}/{}", escape_key(key)));
    let label = match (meant, elsewhere, holder(schema, key, verb)) {
        _ if is_of_steps(pointer, key) => "a step says this itself, and no policy does".to_owned(),
        _ if checked.kind == FileKind::Included && pointer.is_empty() && key == "include" => {
            "an included file includes no others".to_owned()
        }
        _ if checked.kind == FileKind::Included && pointer.is_empty() && is_of_pipelines(key) => {
            "this belongs into a pipeline".to_owned()
        }
        (Some(meant), ..) => format!("did you mean `{meant}`?"),
        (None, Some(name), _) => format!("here it is called {name}"),
        (None, None, Some(verb)) => format!("this belongs into the map under `{verb}`"),
        _ => "no such key".to_owned(),
    };
    let doc = |name| properties(schema)?.get(name)?.get("description")?.as_str();
    let left: Vec<&str> = names.iter().copied().filter(free).collect();
    let help = match (meant, meant.and_then(doc), left.as_slice()) {
        (Some(meant), Some(doc), _) => format!("`{meant}`: {doc}"),
        (_, _, []) => "no other key may stand here".to_owned(),
        (_, _, left) => format!("keys that may stand here: {}", listed(left.iter().copied())),
    };
    let place = match pointer {
        "" => String::new(),
        _ => format!(" in {}", subject(pointer)),
    };
    checked
        .error("flowrun::unknown_key", format!("unknown key `{}`{place}", shown(key)))
        .label(span, label)
        .help(help)
}

/// Whether a key stands in a policy that only a step has, beside its policy.
fn is_of_steps(pointer: &str, key: &str) -> bool {
    let parts = parts(pointer);
    let is_policy = matches!(
        parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice(),
        ["policies", _] | ["defaults", "map"]
    );
    is_policy && vocabulary::at(&[Some("steps"), Some(""), Some("map"), Some(key)]).is_some()
}

/// Whether a key stands at the top of pipelines.
fn is_of_pipelines(key: &str) -> bool {
    vocabulary::at(&[Some(key)]).is_some()
}

/// The verb under which a key of a step would be right: the one that the step has, if it takes that key.
fn holder(schema: &Value, key: &str, verb: Option<&'static str>) -> Option<&'static str> {
    let is_word = key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let takes = |verb: &&str| schema.pointer(&format!("/properties/{verb}/properties/{key}")).is_some();
    let verbs = verb.into_iter().chain(["map", "read", "write", "glob"]);
    verbs.filter(|_| is_word).find(takes)
}

/// A key that must be there.
pub(super) fn missing(
    checked: &CheckedValue<'_>,
    schema: &Value,
    pointer: &str,
    key: &str,
) -> Option<Diagnostic> {
    let value = checked.value.pointer(pointer)?;
    if checked.dropped || is_misspelt(value, schema, key) {
        return None;
    }
    let owner = match (pointer, checked.kind) {
        ("", FileKind::Executors) => "the executors file".to_owned(),
        ("", _) => "the pipeline".to_owned(),
        _ => subject(pointer),
    };
    let found = checked
        .error("flowrun::missing_key", format!("{owner} needs the key `{key}`"))
        .label(checked.key_span(pointer), format!("`{key}` is missing"));
    let doc = properties(schema).and_then(|known| known.get(key)?.get("description")?.as_str());
    Some(match doc {
        Some(doc) => found.help(format!("`{key}`: {doc}")),
        None => found,
    })
}

/// A key that is no id.
pub(super) fn bad_name(checked: &CheckedValue<'_>, schema: &Value, pointer: &str, name: &str) -> Diagnostic {
    let what = match parts(pointer).first().map(String::as_str) {
        Some("steps") => "a step",
        Some("env") => "a variable",
        Some("secrets") => "a secret",
        Some("rate_limits") => "a rate limit",
        Some("policies") => "a policy",
        Some("executors") => "an executor",
        _ => "a parameter",
    };
    let span = checked.key_span(&format!("{pointer}/{}", escape_key(name)));
    let wanted = schema.get("patternErrorMessage").or(schema.pointer("/propertyNames/patternErrorMessage"));
    let found = checked.error("flowrun::bad_name", format!("`{}` is not a name for {what}", shown(name)));
    if checked.kind == FileKind::Executors && name == LOCAL {
        return found
            .label(span, "this name is taken")
            .help("`--on local` is the process itself; give it another name");
    }
    found
        .label(span, "not a name")
        .help(wanted.and_then(Value::as_str).unwrap_or("use letters, digits and `_`"))
}
