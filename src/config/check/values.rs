//! This module says in words for people what the schema finds: every kind of error of the validator has its own.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use super::checked::CheckedValue;
use super::subject::{kind_name, listed, subject, word};
use super::{elsewhere, executors, keys, share};
use crate::config::file_kind::FileKind;
use crate::config::{shown, units};
use crate::source::{Diagnostic, nearest};

/// Says what one error of the validator means. Some errors have no words of their own: what they are about is checked
/// step by step.
pub(super) fn explain(
    checked: &CheckedValue<'_>,
    root: &Value,
    error: &ValidationError<'_>,
) -> Vec<Diagnostic> {
    let path = error.schema_path().as_str();
    let pointer = error.instance_path().as_str();
    let schema = path.rfind('/').and_then(|end| root.pointer(&path[..end])).unwrap_or(root);
    if executors::is_of_kind(path) {
        return executors::needed(checked, root, error);
    }
    if path.contains("/dependencies/") {
        return two_secrets(checked, pointer).into_iter().collect();
    }
    let value = checked.value.pointer(pointer).unwrap_or(&Value::Null);
    let at = At { checked, schema, pointer, value };
    match error.kind() {
        Kind::AnyOf { .. } | Kind::FalseSchema => Vec::new(),
        Kind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|key| keys::unknown(checked, schema, pointer, key)).collect()
        }
        Kind::Required { property } => {
            let missing = property.as_str().and_then(|key| keys::missing(checked, schema, pointer, key));
            missing.into_iter().collect()
        }
        Kind::PropertyNames { error } => {
            let name = error.instance();
            vec![keys::bad_name(checked, schema, pointer, name.as_str().unwrap_or_default())]
        }
        _ if pointer == "/version" => vec![at.version()],
        Kind::MinProperties { .. } if pointer.starts_with("/secrets/") => vec![at.bad_value(
            "needs `env` or `file`",
            "comes from where?",
            Some("write `{env: VARIABLE}` or `{file: path}`".to_owned()),
        )],
        Kind::MinProperties { .. } if pointer == "/keep" => vec![at.bad_value(
            "needs `runs` or `age`",
            "which runs stay?",
            Some("write `{runs: 30}`, `{age: 90d}` or both".to_owned()),
        )],
        Kind::MinProperties { .. } => at.no_steps().into_iter().collect(),
        // What is no duration or size at all is said already.
        Kind::Not { .. } if !at.is_unit() => Vec::new(),
        Kind::Not { .. } => vec![at.range("more than", &Value::from(0), "too small")],
        Kind::Type { .. } if value.is_null() && (checked.dropped || at.was_refused()) => Vec::new(),
        Kind::Type { .. } if pointer == "/steps" && value.is_null() => at.no_steps().into_iter().collect(),
        // It is said of the part before.
        Kind::Type { .. } if value.is_null() && elsewhere::is_rest_of_decimal(checked.value, pointer) => {
            Vec::new()
        }
        Kind::Type { .. } => vec![at.wrong_type()],
        // What is no text at all is said already.
        Kind::Enum { .. } if at.types() == ["string"] && !value.is_string() => Vec::new(),
        Kind::Enum { .. } if value.is_string() => vec![at.pattern()],
        Kind::Pattern { .. } => vec![at.pattern()],
        Kind::Minimum { limit } => vec![at.range("at least", limit, "too small")],
        Kind::Maximum { limit } => vec![at.range("at most", limit, &share::beyond(value, limit))],
        Kind::MinLength { .. } => vec![at.bad_value("must not be empty", "empty", None)],
        Kind::MinItems { .. } => vec![at.bad_value("must not be an empty list", "empty", None)],
        // Not in the schema; whatever it is, it is said.
        _ => vec![at.bad_value(&format!("is not as the schema wants it: {error}"), "not valid", None)],
    }
}

/// A secret that comes from two places. Other keys that exclude each other are checked step by step.
fn two_secrets(checked: &CheckedValue<'_>, pointer: &str) -> Option<Diagnostic> {
    let (pointer, _) = pointer.starts_with("/secrets/").then(|| pointer.rsplit_once('/')).flatten()?;
    let value = checked.value.pointer(pointer)?;
    let at = At { checked, schema: &Value::Null, pointer, value };
    let help = Some("keep `env` or `file`".to_owned());
    Some(at.bad_value("must have one key", "comes from where?", help))
}

/// A value that is not as it should be.
struct At<'a> {
    checked: &'a CheckedValue<'a>,
    /// The part of the schema that it fails.
    schema: &'a Value,
    pointer: &'a str,
    value: &'a Value,
}

impl At<'_> {
    /// A finding on the value: `label` says what is wrong with it, unless an expression gave it.
    fn found(&self, code: &'static str, message: &str, label: &str, help: Option<String>) -> Diagnostic {
        let label = match self.checked.expression(self.pointer) {
            Some(_) => format!("this gives {}", shown(&self.value.to_string())),
            None => label.to_owned(),
        };
        let span = match self.value {
            Value::Object(_) | Value::Array(_) => self.checked.key_span(self.pointer),
            _ => self.checked.value_span(self.pointer),
        };
        // Where nothing was written there is nothing to underline but the key.
        let span = if span.start == span.end { self.checked.key_span(self.pointer) } else { span };
        let found = self.checked.error(code, format!("{} {message}", self.subject())).label(span, label);
        match help.or_else(|| self.text("description").map(str::to_owned)) {
            Some(help) => found.help(help),
            None => found,
        }
    }

    fn subject(&self) -> String {
        match (self.checked.kind, self.pointer) {
            (FileKind::Included, "") => "an included file".to_owned(),
            (FileKind::Executors, "") => "an executors file".to_owned(),
            _ => subject(self.pointer),
        }
    }

    fn text(&self, keyword: &str) -> Option<&str> {
        self.schema.get(keyword).and_then(Value::as_str)
    }

    fn bad_value(&self, message: &str, label: &str, help: Option<String>) -> Diagnostic {
        self.found("flowrun::bad_value", message, label, help)
    }

    /// Whether something was written here that YAML, or its checks, made nothing of and have said so.
    fn was_refused(&self) -> bool {
        // An expression may well have given nothing.
        if self.checked.expression(self.pointer).is_some() {
            return false;
        }
        let span = self.checked.spans.value(self.pointer);
        !matches!(&self.checked.file.text()[span.start..span.end], "" | "~" | "null" | "Null" | "NULL")
    }

    /// The JSON types that may stand here.
    fn types(&self) -> Vec<&str> {
        match self.schema.get("type") {
            Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
            Some(one) => one.as_str().into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// Words that may stand here, beside values of other types.
    fn words(&self) -> Vec<&str> {
        let words = self.schema.get("x-values").or_else(|| self.schema.get("enum")).and_then(Value::as_array);
        words.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// What may stand here, for a message.
    fn wanted(&self) -> String {
        if let Some(unit) = self.text("x-unit") {
            let is_list = self.types().contains(&"array");
            let or_names = if is_list { ", the name of one or a list of names" } else { "" };
            return format!("a {unit}{or_names}");
        }
        if self.is_items() {
            return "a list or `{lua: …}`".to_owned();
        }
        let types = self.types();
        // A number, a boolean or a list that is text as well is so for expressions only, or for a few words.
        let is_text = types == ["string"] || types.first() == Some(&"string");
        let words = self.words();
        let mut names: Vec<String> = types
            .iter()
            .filter(|kind| **kind != "string" || is_text && words.is_empty())
            // A word as a condition is Lua as well.
            .filter(|kind| **kind != "boolean" || !self.pointer.ends_with("/when"))
            .map(|kind| kind_name(kind, self.pointer).to_owned())
            .collect();
        names.extend(words.iter().map(|word| format!("`{word}`")));
        match names.split_last() {
            Some((last, [])) => last.replace(", ", " or "),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => "something else".to_owned(),
        }
    }

    fn wrong_type(&self) -> Diagnostic {
        if let (Value::Number(number), Some(unit)) = (self.value, self.unit()) {
            return self.bad_unit(&number.to_string(), unit);
        }
        let message = format!("must be {}, not {}", self.wanted(), word(self.value));
        let help = match self.value {
            _ if self.pointer.starts_with("/secrets/") && self.types() == ["object"] => Some(
                "write `{env: VARIABLE}` or `{file: path}`: values do not belong into the file".to_owned(),
            ),
            Value::String(text) => self.glued_key(text),
            Value::Object(_) if self.pointer.ends_with("/rate_limit") => {
                Some("put it into a list: `[{limit: …, cost: …}]`".to_owned())
            }
            Value::Array(_) | Value::Object(_) if self.words().contains(&"[string]") => {
                let text = elsewhere::unquoted_type(self.value);
                Some(format!("put quotes around it: `\"{}\"`", text.as_deref().unwrap_or("[string]")))
            }
            Value::Number(_) | Value::Bool(_) if self.types() == ["string"] && self.words().is_empty() => {
                Some(format!("put quotes around it: `\"{}\"`", self.value))
            }
            _ => None,
        };
        if let (["array"], Some(given), None) = (self.types().as_slice(), self.value.as_str(), &help) {
            return self.text_for_list(given);
        }
        self.found("flowrun::wrong_type", &message, &format!("this is {}", word(self.value)), help)
    }

    /// Whether the value is what its unit wants.
    fn is_unit(&self) -> bool {
        let given = self.value.as_str().unwrap_or_default();
        match self.unit() {
            Some("size") => units::size(given).is_ok(),
            _ => units::duration(given).is_ok(),
        }
    }

    /// What to say about a text that starts with the name of a key, where a map should be.
    fn glued_key(&self, text: &str) -> Option<String> {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (key, rest) = text.split_at(end);
        keys::properties(self.schema)?.get(key)?;
        Some(if rest.starts_with(':') {
            format!("put a space after `{key}:`")
        } else {
            format!("put a `:` after `{key}`")
        })
    }

    fn unit(&self) -> Option<&str> {
        self.text("x-unit")
    }

    /// A text that is none of those that may stand here.
    fn pattern(&self) -> Diagnostic {
        let given = self.value.as_str().unwrap_or_default();
        if let Some(unit) = self.unit() {
            return self.bad_unit(given, unit);
        }
        if self.pointer.contains("/rate_limit/") {
            let (label, help) = elsewhere::limit_name(given);
            return self.found("flowrun::bad_name", "must be the name of a rate limit", label, Some(help));
        }
        let words = self.words();
        if let Some(found) = self.meant(&words, given) {
            return found;
        }
        if self.types() == ["array", "string"] {
            return self.text_for_list(given);
        }
        if self.types().iter().any(|kind| *kind != "string" && *kind != "array") || self.is_items() {
            return self.text_for_value(given);
        }
        if let Some("quote" | "escape") = self.pointer.rsplit('/').next() {
            let or_none = if words.is_empty() { "" } else { ", or `none`" };
            return self.bad_value(
                &format!("must be one ASCII character{or_none}"),
                "not one ASCII character",
                None,
            );
        }
        if !words.is_empty() {
            return self.bad_value(
                &format!("{}, not `{}`", self.choice(), shown(given)),
                "no such word",
                None,
            );
        }
        match self.pointer.rsplit('/').next() {
            Some("delimiter") => {
                self.bad_value("must be one ASCII character", "not one ASCII character", None)
            }
            Some("comment") => {
                self.bad_value("must be the beginning of a line", "no line begins with a line end in it", None)
            }
            _ if self.pointer.starts_with("/x-allow") => self.bad_value(
                "is not the code of a finding",
                "no code",
                Some("a code is `flowrun::` and a word".to_owned()),
            ),
            _ if self.checked.kind == FileKind::Executors => {
                let wanted = self.text("patternErrorMessage").map(str::to_owned);
                if self.pointer.ends_with("/at") {
                    self.bad_value("must be a path", "relative to what?", wanted)
                } else {
                    self.bad_value("must be the name of a variable", "not a name", wanted)
                }
            }
            _ if self.pointer.starts_with("/permissions") => self.bad_value(
                "must be a host",
                "no host",
                Some("a host has no scheme and no path: `api.example.org`, `localhost:8080`, `*.example.org`, `*`".to_owned()),
            ),
            _ => self.bad_name(given),
        }
    }

    /// A text that most likely means one of the words that may stand here.
    fn meant(&self, words: &[&str], given: &str) -> Option<Diagnostic> {
        if given.len() > 64 {
            return None;
        }
        if elsewhere::is_type(self.pointer) && elsewhere::is_cut_decimal(given) {
            return Some(self.cut_decimal(words, given));
        }
        let meant = elsewhere::value(self.pointer, words, given)
            .or_else(|| nearest(given, words.iter().copied()).map(str::to_owned))?;
        let label = if meant.contains(['(', '[', '{']) {
            format!("write `\"{meant}\"`, with the quotes")
        } else {
            format!("did you mean `{meant}`?")
        };
        Some(self.bad_value(&self.choice(), &label, elsewhere::type_help(self.pointer, words, given)))
    }

    /// `decimal(12` of `{amount: decimal(12,2)}`.
    fn cut_decimal(&self, words: &[&str], given: &str) -> Diagnostic {
        if let Some(help) = elsewhere::type_help(self.pointer, words, given) {
            return self.bad_value(&self.choice(), "write `string`", Some(help));
        }
        let start = self.checked.spans.value(self.pointer).start;
        let line = self.checked.file.text()[start..].lines().next().unwrap_or_default();
        let whole = line.split_inclusive(')').next().filter(|text| text.ends_with(')'));
        let whole = shown(whole.unwrap_or("decimal(12,2)"));
        let label = format!("YAML ends this text at the comma: put it in quotes, `\"{whole}\"`");
        self.bad_value(&self.choice(), &label, None)
    }

    /// Text where a list should be.
    fn text_for_list(&self, given: &str) -> Diagnostic {
        let names = if self.pointer.ends_with("/upsert_by") { " of names" } else { "" };
        self.found(
            "flowrun::wrong_type",
            &format!("must be a list{names}, not a string"),
            "this is text",
            Some(format!("write `{}`", elsewhere::as_list(given))),
        )
    }

    fn choice(&self) -> String {
        match self.types().as_slice() {
            ["string"] => format!("must be one of {}", listed(self.words())),
            _ => format!("must be {}", self.wanted()),
        }
    }

    fn is_items(&self) -> bool {
        self.pointer.starts_with("/steps/") && self.pointer.ends_with("/items")
    }

    /// Text where a number, a boolean or a list should be.
    fn text_for_value(&self, given: &str) -> Diagnostic {
        let bare = given.trim();
        let is_value = serde_json::from_str::<Value>(bare).is_ok_and(|value| {
            let kind = match value {
                Value::Number(number) if number.is_f64() => "number",
                Value::Number(_) => "integer",
                Value::Bool(_) => "boolean",
                _ => return false,
            };
            self.types().iter().any(|wanted| *wanted == kind || *wanted == "number" && kind == "integer")
        });
        let label = match (is_value, share::meant(bare, self.schema)) {
            (true, _) => "this is text: take the quotes away".to_owned(),
            (_, Some(share)) => format!("did you mean `{share}`?"),
            _ => "this is text".to_owned(),
        };
        if let Some(wanted) = share::wanted(self.schema).filter(|_| !is_value) {
            return self.bad_value(&format!("must be {wanted}"), &share::label(bare), None);
        }
        let message = format!("must be {}, not a string", self.wanted());
        self.found("flowrun::wrong_type", &message, &label, None)
    }

    fn bad_name(&self, given: &str) -> Diagnostic {
        let input = given.strip_suffix(".failed").unwrap_or(given);
        let help = match input.rsplit_once('.') {
            Some((step, _)) if self.pointer.contains("/from") || self.pointer.ends_with("/with") => {
                format!("a step gives `{0}` or `{0}.failed`", shown(step))
            }
            _ => match elsewhere::several(given)
                .filter(|_| ["/from", "/needs"].iter().any(|end| self.pointer.ends_with(end)))
            {
                Some(list) => format!("several stand in a list: write `[{list}]`"),
                None => "an id has letters, digits, `_` and `-`, and does not start with a digit or `-`"
                    .to_owned(),
            },
        };
        let message = match self.pointer {
            "/name" => "must be an id",
            pointer if pointer.ends_with("/policy") => "must be the name of a policy",
            _ => "must be the id of a step",
        };
        self.found("flowrun::bad_name", message, "not an id", Some(help))
    }

    /// A number without a unit, or with one that does not exist.
    fn bad_unit(&self, given: &str, unit: &str) -> Diagnostic {
        let (code, fault) = match unit {
            "size" => ("flowrun::bad_size", units::size(given).err()),
            "rate" => ("flowrun::bad_rate", units::rate(given).err()),
            _ => ("flowrun::bad_duration", units::duration(given).err()),
        };
        match fault {
            Some(fault) => {
                let label =
                    fault.meant.map_or(format!("not a {unit}"), |meant| format!("did you mean `{meant}`?"));
                let message = format!("is not a {unit}: `{}`", shown(given));
                self.found(code, &message, &label, Some(fault.wanted.to_owned()))
            }
            // Only the pattern of the schema is narrower; the two are compared by a test.
            None => self.found(code, &format!("is not a {unit}"), &format!("not a {unit}"), None),
        }
    }

    fn range(&self, relation: &str, limit: &Value, label: &str) -> Diagnostic {
        self.found("flowrun::out_of_range", &format!("must be {relation} {limit}"), label, None)
    }

    fn version(&self) -> Diagnostic {
        let given = shown(&self.value.to_string());
        let what = match self.checked.kind {
            FileKind::Executors => "executors files",
            FileKind::Pipeline | FileKind::Included => "the language",
        };
        self.checked
            .error(
                "flowrun::bad_version",
                format!("this flowrun reads version 1 of {what}, the file says {given}"),
            )
            .label(self.checked.value_span(self.pointer), "unknown version")
            .help("write `version: 1`")
    }

    fn no_steps(&self) -> Option<Diagnostic> {
        (!self.checked.dropped).then(|| {
            self.checked
                .error("flowrun::empty_steps", "the pipeline has no steps")
                .label(self.checked.key_span(self.pointer), "nothing below")
                .help("a pipeline has at least one step")
        })
    }
}
