//! `--set PATH=VALUE` puts single values into the document before anything else looks at it.

use serde_json::{Map, Value};

use super::inputs::UsageError;
use super::places::{Override, PlacedDocument, set_error};
use super::{listed, yaml_text};
use crate::config::{self, Document, SpanIndex};
use crate::event::Verb;
use crate::source::{Diagnostic, Severity, SourceFile, nearest};
use crate::value::Choice as _;

/// The top-level keys that a path may begin with.
const TOP: [&str; 14] = [
    "version",
    "name",
    "description",
    "params",
    "env",
    "secrets",
    "permissions",
    "rate_limits",
    "policies",
    "lua_path",
    "defaults",
    "at_end",
    "keep",
    "steps",
];
/// The keys of a step that are no verb.
const COMMON: [&str; 6] = ["description", "from", "needs", "when", "deadline", "local"];

/// Sets all values, in their order. What cannot be set is reported and left out.
pub(super) fn apply(
    places: &mut PlacedDocument,
    set: &[(String, String)],
    is_valid: bool,
    usage: &mut Vec<UsageError>,
) {
    let PlacedDocument { document, overrides, .. } = places;
    for (path, text) in set {
        let option = format!("{path}={text}");
        match put(&document.value, path, text) {
            Err(error) => {
                usage.push(UsageError { message: format!("`--set {option}`: {}", error.message), ..error });
            }
            Ok((pointer, value)) => {
                // A file that is wrong by itself says so by itself.
                let problems = if is_valid { problems(document, &value) } else { Vec::new() };
                if problems.is_empty() {
                    let file = SourceFile::new(format!("--set {path}"), "", text.clone());
                    overrides.push(Override { pointer, option, file });
                    document.value = value;
                } else {
                    usage.extend(problems.iter().map(|found| set_error(&option, found)));
                }
            }
        }
    }
}

fn problems(document: &Document, value: &Value) -> Vec<Diagnostic> {
    // What stands in the file is not what is judged, so no places in it.
    let mut found = config::validate_value(value, &SpanIndex::default(), &document.file);
    found.retain(|diagnostic| diagnostic.severity == Severity::Error);
    found
}

/// The pointer that `path` means, and the document with the value there.
fn put(document: &Value, path: &str, text: &str) -> Result<(String, Value), UsageError> {
    let value = yaml_text::read_value(text)
        .map_err(|reason| UsageError::new(format!("the value is no YAML: {reason}")))?;
    let keys = keys(document, path)?;
    let mut changed = document.clone();
    insert(&mut changed, &keys, value)?;
    let escaped: Vec<String> = keys.iter().map(|key| config::escape_key(key)).collect();
    Ok((format!("/{}", escaped.join("/")), changed))
}

/// The full path: `clean.concurrency` is `steps.clean.map.concurrency` when `clean` is a `map`.
fn keys(document: &Value, path: &str) -> Result<Vec<String>, UsageError> {
    let mut keys: Vec<String> = path.split('.').map(str::to_owned).collect();
    if keys.iter().any(String::is_empty) {
        return Err(UsageError::new("the path has an empty part").help("write `--set clean.concurrency=2`"));
    }
    let empty = Map::new();
    let steps = document.get("steps").and_then(Value::as_object).unwrap_or(&empty);
    if !TOP.contains(&keys[0].as_str()) {
        if !steps.contains_key(&keys[0]) {
            let names = steps.keys().map(String::as_str);
            return Err(unknown(&keys[0], "step or key", names.chain(TOP)));
        }
        keys.insert(0, "steps".to_owned());
    }
    if keys[0] == "steps" && keys.len() > 1 {
        let Some(step) = steps.get(&keys[1]) else {
            return Err(unknown(&keys[1], "step", steps.keys().map(String::as_str)));
        };
        let verb = Verb::all().find(|verb| step.get(verb.name()).is_some());
        let is_own = |key: &str| COMMON.contains(&key) || Verb::parse(key).is_some();
        if let (Some(verb), Some(key)) = (verb, keys.get(2))
            && !is_own(key)
        {
            keys.insert(2, verb.name().to_owned());
        }
    }
    Ok(keys)
}

fn unknown<'a>(name: &str, what: &str, names: impl Iterator<Item = &'a str> + Clone) -> UsageError {
    let error = UsageError::new(format!("unknown {what} `{name}`"));
    match nearest(name, names.clone()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(format!("a path begins with one of {}", listed(names))),
    }
}

fn insert(document: &mut Value, keys: &[String], value: Value) -> Result<(), UsageError> {
    let mut place = document;
    for (depth, key) in keys.iter().enumerate() {
        let key_of_short = short_key(&keys[..depth]);
        let is_short = !matches!(place, Value::Object(_) | Value::Null | Value::Array(_))
            || (matches!(place, Value::Array(_)) && key_of_short == Some("default"));
        if let (true, Some(short)) = (is_short, key_of_short) {
            let text = place.take();
            *place = Value::Object(Map::from_iter([(short.to_owned(), text)]));
        }
        place = match place {
            Value::Object(map) => map.entry(key.clone()).or_insert(Value::Null),
            Value::Array(list) => {
                let length = list.len();
                let at = key.parse::<usize>().ok().filter(|at| *at < length);
                let Some(at) = at else {
                    let path = keys[..depth].join(".");
                    let message = format!("`{path}` is a list of {length}, and `{key}` is no place in it");
                    return Err(UsageError::new(message).help("places count from 0"));
                };
                &mut list[at]
            }
            Value::Null => {
                *place = Value::Object(Map::new());
                let Value::Object(map) = place else { return Ok(()) };
                map.entry(key.clone()).or_insert(Value::Null)
            }
            _ => {
                return Err(UsageError::new(format!(
                    "`{}` is no map, it has no `{key}`",
                    keys[..depth].join(".")
                )));
            }
        };
    }
    *place = value;
    Ok(())
}

/// The key that a short form stands for: `map: return 1` is `map: {lua: return 1}`.
fn short_key(keys: &[String]) -> Option<&'static str> {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    match keys.as_slice() {
        ["params", _] => Some("default"),
        ["steps", _, "read" | "write"] => Some("path"),
        ["steps", _, "glob"] => Some("pattern"),
        ["steps", _, verb] if Verb::parse(verb).is_some_and(Verb::is_map_like) => Some("lua"),
        [.., "retries"] => Some("max"),
        [.., "concurrency"] => Some("each"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(path: &str, text: &str, expect: Result<(&str, Value), &str>) {
        let document = json!({ "params": { "n": 1 }, "steps": {
            "docs": { "read": "x.csv" },
            "clean": { "from": "docs", "map": { "lua": "return 1", "retries": 2 } },
            "short": { "from": ["docs"], "map": "return 1" },
        }});
        let found = put(&document, path, text);
        match (found, expect) {
            (Ok((pointer, value)), Ok((expect, there))) => {
                assert_eq!(pointer, expect);
                let parent = &expect[..expect.rfind('/').expect("a pointer")];
                assert_eq!(value.pointer(parent), Some(&there), "{path}");
            }
            (Err(error), Err(expect)) => {
                let help = error.help.map(|help| format!(" | {help}")).unwrap_or_default();
                assert_eq!(format!("{}{help}", error.message), expect);
            }
            (found, _) => panic!("{path}: {found:?}"),
        }
    }

    #[test]
    fn a_path_may_leave_out_steps_and_the_verb() {
        let clean = json!({ "lua": "return 1", "retries": 2, "concurrency": 2 });
        for path in ["clean.concurrency", "steps.clean.map.concurrency", "clean.map.concurrency"] {
            check(path, "2", Ok(("/steps/clean/map/concurrency", clean.clone())));
        }
        check(
            "clean.deadline",
            "5m",
            Ok((
                "/steps/clean/deadline",
                json!({
                    "from": "docs", "map": { "lua": "return 1", "retries": 2 }, "deadline": "5m"
                }),
            )),
        );
        check("defaults.map.timeout", "1s", Ok(("/defaults/map/timeout", json!({ "timeout": "1s" }))));
    }

    #[test]
    fn short_forms_become_long_ones() {
        check(
            "short.timeout",
            "1s",
            Ok(("/steps/short/map/timeout", json!({ "lua": "return 1", "timeout": "1s" }))),
        );
        check(
            "clean.retries.delay",
            "1s",
            Ok(("/steps/clean/map/retries/delay", json!({ "max": 2, "delay": "1s" }))),
        );
        check(
            "docs.format",
            "csv",
            Ok(("/steps/docs/read/format", json!({ "path": "x.csv", "format": "csv" }))),
        );
        let clean = json!({ "lua": "return 1", "retries": 2, "concurrency": { "total": 9 } });
        check(
            "clean.concurrency.total",
            "9",
            Ok(("/steps/clean/map/concurrency/total", json!({ "total": 9 }))),
        );
        check("clean.concurrency", "{ total: 9 }", Ok(("/steps/clean/map/concurrency", clean)));
        check("params.n.max", "3", Ok(("/params/n/max", json!({ "default": 1, "max": 3 }))));
        check("short.from.0", "clean", Ok(("/steps/short/from/0", json!(["clean"]))));
    }

    #[test]
    fn paths_that_lead_nowhere_are_refused() {
        check("claen.concurrency", "2", Err("unknown step or key `claen` | did you mean `clean`?"));
        check("steps.dcos.read", "2", Err("unknown step `dcos` | did you mean `docs`?"));
        check("clean..x", "2", Err("the path has an empty part | write `--set clean.concurrency=2`"));
        check(
            "short.from.1",
            "x",
            Err("`steps.short.from` is a list of 1, and `1` is no place in it | places count from 0"),
        );
        check("clean.lua.x", "x", Err("`steps.clean.map.lua` is no map, it has no `x`"));
    }
}
