//! This module finds fields that two things want to be: the partner of a `join` and a field that the items have for certain.

use serde_json::Value;

use super::codes;
use super::places::{DocumentPart, PlacedDocument};
use super::step_index::{IndexedStep, Reference, StepIndex};
use crate::config::escape_key;
use crate::event::Verb;
use crate::source::Diagnostic;

/// The fields of a failed item.
const FAILED_ITEM: [&str; 7] = ["index", "key", "item", "error", "attempts", "history", "duration"];
/// The fields of an item of `glob`.
const GLOB: [&str; 7] = ["path", "relative", "name", "stem", "ext", "size", "modified"];

/// Checks every `join` that gives its items a partner.
pub(super) fn check(places: &PlacedDocument, step_index: &StepIndex, found: &mut Vec<Diagnostic>) {
    for step in step_index.steps.iter().filter(|step| step.verb == Some(Verb::Join)) {
        let Some((name, spot)) = partner(places, step) else { continue };
        let known = step.from.iter().find_map(|input| Fields { places, step_index, name }.of(input, 0));
        let Some(known) = known else { continue };
        let message = format!("step `{}` gives its items a second field `{name}`", step.name);
        let clash = places.error(codes::NAME_CLASH, message, &DocumentPart::Value(&spot), "the partner");
        let clash = places.also(clash, &DocumentPart::Key(&known), "they have it from here");
        found.push(clash.help("`as` gives the partner another name"));
    }
}

/// The field that a partner becomes, and where that is said; none where no partner is given or the name is not known.
fn partner<'d>(places: &'d PlacedDocument, step: &IndexedStep) -> Option<(&'d str, String)> {
    let join = places.value().pointer(&format!("{}/join", step.pointer))?;
    if join.get("how").is_some_and(|how| !matches!(how.as_str(), Some("left" | "inner"))) {
        return None;
    }
    let (key, name) = match join.get("as") {
        Some(name) => ("as", name.as_str()?),
        None => ("with", join.get("with")?.as_str()?),
    };
    let name = if key == "with" { name.strip_suffix(".failed").unwrap_or(name) } else { name };
    (!name.contains("${{")).then(|| (name, format!("{}/join/{key}", step.pointer)))
}

/// Looks for a field of this name.
struct Fields<'a> {
    places: &'a PlacedDocument,
    step_index: &'a StepIndex,
    name: &'a str,
}

impl Fields<'_> {
    /// Pointer to what says that items of this input have the field.
    fn of(&self, input: &Reference, depth: usize) -> Option<String> {
        let steps = &self.step_index.steps;
        let step = &steps[input.step?];
        if input.failed {
            return FAILED_ITEM.contains(&self.name).then(|| step.pointer.clone());
        }
        // Steps may form a circle, which is found elsewhere.
        if depth > steps.len() {
            return None;
        }
        let above = || step.from.iter().find_map(|input| self.of(input, depth + 1));
        let value = self.places.value().pointer(&step.verb_pointer())?;
        match step.verb? {
            Verb::Read => self.of_read(step, value),
            Verb::Glob => GLOB.contains(&self.name).then(|| step.verb_pointer()),
            Verb::Items => self.of_items(step, value),
            Verb::GroupBy => ["key", "items"].contains(&self.name).then(|| step.verb_pointer()),
            Verb::Aggregate => self.of_aggregate(step, value),
            Verb::Join => match partner(self.places, step) {
                Some((name, spot)) if name == self.name => Some(spot),
                _ => above(),
            },
            Verb::Filter | Verb::Take | Verb::Sample | Verb::Sort | Verb::Unique => above(),
            Verb::Map | Verb::FlatMap | Verb::Reduce | Verb::Batch | Verb::Write => None,
        }
    }

    /// The columns that a source is told to take, and the fields that say where an item was read.
    fn of_read(&self, step: &IndexedStep, read: &Value) -> Option<String> {
        let at = |key: &str| format!("{}/read/{key}", step.pointer);
        match read.get("columns") {
            Some(Value::Array(names)) => {
                let place = names.iter().position(|name| name.as_str() == Some(self.name))?;
                Some(at(&format!("columns/{place}")))
            }
            Some(Value::Object(types)) if types.contains_key(self.name) => {
                Some(at(&format!("columns/{}", escape_key(self.name))))
            }
            _ => {
                let origin = read.get("origin")?.as_object()?;
                let (key, _) = origin.iter().find(|(_, name)| name.as_str() == Some(self.name))?;
                Some(at(&format!("origin/{}", escape_key(key))))
            }
        }
    }

    /// The fields of a group.
    fn of_aggregate(&self, step: &IndexedStep, aggregate: &Value) -> Option<String> {
        let at = |key: &str| Some(format!("{}/aggregate/{key}", step.pointer));
        if self.name == "key" && aggregate.get("by").is_some() {
            return at("by");
        }
        let (key, value) = aggregate.as_object()?.iter().find(|(key, value)| match value {
            Value::String(name) => *key == "count" && name == self.name,
            Value::Object(names) => names.contains_key(self.name),
            _ => false,
        })?;
        if value.is_string() { at(key) } else { at(&format!("{key}/{}", escape_key(self.name))) }
    }

    /// The first item written out that has the field.
    fn of_items(&self, step: &IndexedStep, items: &Value) -> Option<String> {
        let place = items.as_array()?.iter().position(|item| item.get(self.name).is_some())?;
        Some(format!("{}/items/{place}/{}", step.pointer, escape_key(self.name)))
    }
}
