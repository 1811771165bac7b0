//! This module checks what a step is made of: exactly one verb, `from` where it belongs, one function.

use serde_json::{Map, Value};

use super::checked::CheckedValue;
use super::keys::{is_misspelt, properties};
use super::subject::listed;
use crate::config::document::escape_key;
use crate::config::shown;
use crate::event::Verb;
use crate::source::Diagnostic;
use crate::value::Choice as _;

/// Checks all steps for what the schema says with `anyOf` and `dependencies`.
pub(super) fn check(checked: &CheckedValue<'_>, schema: &Value) -> Vec<Diagnostic> {
    let shape = schema.pointer("/properties/steps/additionalProperties").unwrap_or(&Value::Null);
    let steps = checked.value.get("steps").and_then(Value::as_object);
    let mut findings = Vec::new();
    for (id, step) in steps.into_iter().flatten() {
        if let Value::Object(keys) = step {
            StepCheck { checked, shape, id, at: format!("/steps/{}", escape_key(id)), keys }
                .check(&mut findings);
        }
    }
    findings
}

struct StepCheck<'a> {
    checked: &'a CheckedValue<'a>,
    /// The schema of a step.
    shape: &'a Value,
    id: &'a str,
    at: String,
    keys: &'a Map<String, Value>,
}

impl StepCheck<'_> {
    fn check(&self, findings: &mut Vec<Diagnostic>) {
        let verbs: Vec<Verb> = Verb::all().filter(|verb| self.keys.contains_key(verb.name())).collect();
        match verbs.as_slice() {
            [] => findings.extend(self.no_verb()),
            [verb] => findings.extend(self.from(*verb)),
            _ => findings.push(self.two_verbs()),
        }
        for verb in Verb::all().filter(|verb| verb.is_map_like()) {
            findings.extend(self.function(verb.name()));
        }
    }

    fn no_verb(&self) -> Option<Diagnostic> {
        let known = properties(self.shape)?;
        let unknown = self.keys.keys().any(|key| !known.contains_key(key));
        // An unknown key is most likely the verb, and has its own finding.
        if unknown || self.checked.dropped {
            return None;
        }
        Some(
            self.checked
                .error("flowrun::no_verb", format!("step `{}` does nothing", shown(self.id)))
                .label(self.checked.key_span(&self.at), "no verb here")
                .help(format!("a step has exactly one of {}", listed(Verb::all().map(Verb::name)))),
        )
    }

    fn two_verbs(&self) -> Diagnostic {
        // In file order: the first is what the step does.
        let mut verbs = self.keys.keys().filter(|key| Verb::parse(key).is_some());
        let place = |verb: &str| self.checked.key_span(&format!("{}/{verb}", self.at));
        let first = verbs.next().map_or("", String::as_str);
        let others: Vec<&str> = verbs.clone().map(String::as_str).collect();
        let message = match others.as_slice() {
            [second] => format!("step `{}` does two things, `{first}` and `{second}`", shown(self.id)),
            _ => format!("step `{}` does several things: `{first}`, {}", shown(self.id), listed(others)),
        };
        let found = self.checked.error("flowrun::two_verbs", message);
        let found = verbs.fold(found, |found, verb| found.label(place(verb), "and this is another"));
        found
            .label(place(first), format!("`{first}` is what the step does"))
            .help("give each its own step, and name the first in the `from` of the second")
    }

    /// `from` and the verb must fit to each other.
    fn from(&self, verb: Verb) -> Option<Diagnostic> {
        let has_from = self.keys.contains_key("from");
        if verb.is_source() {
            let message = format!("step `{}` brings items in and takes no `from`", shown(self.id));
            return has_from.then(|| {
                self.checked
                    .error("flowrun::from_in_source", message)
                    .label(self.checked.key_span(&format!("{}/from", self.at)), "not allowed here")
                    .label(
                        self.checked.key_span(&format!("{}/{verb}", self.at)),
                        format!("`{verb}` is a source"),
                    )
                    .help("use `needs` when this step is to start after another one")
            });
        }
        if has_from
            || self.checked.dropped
            || is_misspelt(&Value::Object(self.keys.clone()), self.shape, "from")
        {
            return None;
        }
        let elsewhere = ["input", "inputs", "depends_on"].iter().any(|key| self.keys.contains_key(*key));
        let message = format!("step `{}` needs the key `from`", shown(self.id));
        (!elsewhere).then(|| {
            self.checked
                .error("flowrun::missing_key", message)
                .label(
                    self.checked.key_span(&format!("{}/{verb}", self.at)),
                    format!("`{verb}` takes items from where?"),
                )
                .help("`from`: the step whose results this one takes")
        })
    }

    /// A map-like verb has one function.
    fn function(&self, verb: &str) -> Option<Diagnostic> {
        let each = self.keys.get(verb)?;
        let map = each.as_object()?;
        let at = format!("{}/{verb}", self.at);
        let shape = self.shape.pointer(&format!("/properties/{verb}"))?;
        let functions: Vec<&str> = FUNCTIONS.into_iter().filter(|key| map.contains_key(*key)).collect();
        match functions[..] {
            [one, other, ..] => Some(
                self.checked
                    .error(
                        "flowrun::two_functions",
                        format!("`{verb}` of step `{}` has two functions", shown(self.id)),
                    )
                    .label(self.checked.key_span(&format!("{at}/{other}")), "and this is another")
                    .label(self.checked.key_span(&format!("{at}/{one}")), format!("`{one}` is one"))
                    .help(format!("keep `{one}` or `{other}`")),
            ),
            ["program"] => self.for_lua_only(verb, map),
            [] => {
                let misspelt = FUNCTIONS.iter().any(|key| is_misspelt(each, shape, key));
                let elsewhere = ["script", "code", "run"].iter().any(|key| map.contains_key(*key));
                let quiet = misspelt || elsewhere || self.checked.dropped;
                let message =
                    format!("`{verb}` of step `{}` needs the key `lua`, `file` or `program`", shown(self.id));
                (!quiet).then(|| {
                    self.checked
                        .error("flowrun::missing_key", message)
                        .label(self.checked.key_span(&at), "no function here")
                        .help(
                            "`lua`: the function that runs on every item, as Lua statements with a `return`",
                        )
                })
            }
            [_] => self.for_programs_only(verb, map),
        }
    }

    /// A key beside a program that says something of Lua.
    fn for_lua_only(&self, verb: &str, map: &Map<String, Value>) -> Option<Diagnostic> {
        let key = ["setup", "memory"].into_iter().find(|key| map.contains_key(*key))?;
        let message =
            format!("`{key}` of step `{}` is for Lua, and its function is a program", shown(self.id));
        let help = match key {
            "setup" => "a program sets itself up before its first answer, in the time that `ready` gives it",
            _ => "what a program may hold is for the system to limit",
        };
        let label = self.checked.key_span(&format!("{}/{verb}/{key}", self.at));
        Some(self.checked.error("flowrun::unknown_key", message).label(label, "no Lua runs here").help(help))
    }

    /// A key beside Lua that says something of programs.
    fn for_programs_only(&self, verb: &str, map: &Map<String, Value>) -> Option<Diagnostic> {
        map.get("lanes")?;
        let message =
            format!("`lanes` of step `{}` is for programs, and its function is Lua", shown(self.id));
        let label = self.checked.key_span(&format!("{}/{verb}/lanes", self.at));
        let found = self.checked.error("flowrun::unknown_key", message).label(label, "no program runs here");
        Some(found.help("`concurrency` says how many items are worked on at once"))
    }
}

/// The keys that give an item function.
const FUNCTIONS: [&str; 3] = ["lua", "file", "program"];
