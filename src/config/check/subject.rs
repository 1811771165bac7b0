//! A subject is the thing that a message is about, as the message names it: `concurrency` of step `clean`.

use serde_json::Value;

use crate::config::document::unescape_key;
use crate::config::shown;
use crate::event::Verb;
use crate::value::Choice as _;

/// The parts of a JSON pointer.
pub(super) fn parts(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(unescape_key).collect()
}

/// What stands at a pointer, for the start of a message.
pub(super) fn subject(pointer: &str) -> String {
    let parts = parts(pointer);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [] => "a pipeline".to_owned(),
        ["steps", step] => format!("step `{}`", shown(step)),
        ["steps", step, verb, rest @ ..]
            if Verb::parse(verb).is_some() && !rest.is_empty() && rest[0].parse::<usize>().is_err() =>
        {
            format!("{} of step `{}`", path(rest), shown(step))
        }
        ["steps", step, rest @ ..] => format!("{} of step `{}`", path(rest), shown(step)),
        ["params", name] => format!("parameter `{}`", shown(name)),
        ["params", name, rest @ ..] => format!("{} of parameter `{}`", path(rest), shown(name)),
        ["env", name] => format!("variable `{}`", shown(name)),
        ["env", name, rest @ ..] => format!("{} of variable `{}`", path(rest), shown(name)),
        ["secrets", name] => format!("secret `{}`", shown(name)),
        ["secrets", name, rest @ ..] => format!("{} of secret `{}`", path(rest), shown(name)),
        ["rate_limits", name] => format!("rate limit `{}`", shown(name)),
        ["executors", name] => format!("executor `{}`", shown(name)),
        ["executors", name, rest @ ..] => format!("{} of executor `{}`", path(rest), shown(name)),
        ["policies", name] => format!("policy `{}`", shown(name)),
        ["policies", name, rest @ ..] => format!("{} of policy `{}`", path(rest), shown(name)),
        ["defaults", "map", rest @ ..] if !rest.is_empty() => format!("{} of `defaults.map`", path(rest)),
        rest => path(rest),
    }
}

fn path(parts: &[&str]) -> String {
    let part = |(index, part): (usize, &&str)| match (index, part.parse::<usize>()) {
        (0, _) => shown(part),
        (_, Ok(position)) => format!("[{}]", position + 1),
        _ => format!(".{}", shown(part)),
    };
    format!("`{}`", parts.iter().enumerate().map(part).collect::<String>())
}

/// A value in a word.
pub(super) fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "a whole number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// Names in backticks, for a list of what may stand somewhere.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A type of JSON in words; for text, what kind of text.
pub(super) fn kind_name<'a>(kind: &'a str, pointer: &str) -> &'a str {
    match kind {
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true`, `false`",
        "array" => "a list",
        "object" => "a map",
        "string" => match pointer.rsplit('/').next() {
            Some("lua" | "setup" | "when" | "key" | "by" | "with_by" | "combine" | "cost") => "Lua",
            Some(key) if Verb::parse(key).is_some_and(Verb::is_short_for_lua) => "Lua",
            _ => "text",
        },
        other => other,
    }
}
