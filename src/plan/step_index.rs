//! The step index holds the steps of a file as far as they can be understood without trusting it: ids, verbs, who takes
//! from whom.
//!
//! It works on the JSON value, so that references are looked at even when the schema has refused the file.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::config::escape_key;
use crate::event::Verb;
use crate::value::Choice as _;

/// All steps, in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct StepIndex {
    pub(super) steps: Vec<IndexedStep>,
    /// Position by name.
    positions: HashMap<String, usize>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct IndexedStep {
    pub(super) name: String,
    /// Pointer to the step.
    pub(super) pointer: String,
    /// What it does; `None` when that cannot be told, because it has no verb or several.
    pub(super) verb: Option<Verb>,
    pub(super) from: Vec<Reference>,
    /// `with` of a `join`, which is an input beside `from`.
    pub(super) with: Option<Reference>,
    pub(super) needs: Vec<Reference>,
    /// `columns_of` of a `write`. No data and no order comes of it.
    pub(super) columns_of: Option<Reference>,
}

/// A mention of a step by its id.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reference {
    /// The id, `.failed` taken off.
    pub(super) name: String,
    /// Whether `.failed` stood behind it.
    pub(super) failed: bool,
    /// Pointer to the text.
    pub(super) pointer: String,
    /// Which step it is.
    pub(super) step: Option<usize>,
}

impl StepIndex {
    /// Looks at `steps` of the document.
    pub(super) fn of(document: &Value) -> Self {
        let empty = Map::new();
        let steps = document.get("steps").and_then(Value::as_object).unwrap_or(&empty);
        let positions: HashMap<String, usize> = steps.keys().cloned().zip(0..).collect();
        let indexed = steps.iter().map(|(name, step)| {
            let pointer = format!("/steps/{}", escape_key(name));
            let references = |key: &str, inputs: bool| {
                let at = format!("/{key}");
                let mut references = references(step.pointer(&at), &format!("{pointer}{at}"), inputs);
                for reference in &mut references {
                    reference.step = positions.get(&reference.name).copied();
                }
                references
            };
            IndexedStep {
                name: name.clone(),
                verb: verb(step),
                from: references("from", true),
                with: references("join/with", true).pop(),
                needs: references("needs", false),
                columns_of: references("write/columns_of", false).pop(),
                pointer,
            }
        });
        Self { steps: indexed.collect(), positions }
    }

    /// The ids, in the order of the file.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.steps.iter().map(|step| step.name.as_str())
    }

    /// Position of the step of this name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.positions.get(name).copied()
    }

    /// For each step, the steps that it takes from or needs.
    pub(super) fn dependencies(&self) -> Vec<Vec<usize>> {
        self.steps
            .iter()
            .map(|step| step.inputs().chain(&step.needs).filter_map(|reference| reference.step).collect())
            .collect()
    }

    /// For each step whether `--limit` cuts its items: not when all that it is for is to be the other side of a `join`.
    pub(super) fn are_cut(&self) -> Vec<bool> {
        let mut is_read = vec![false; self.steps.len()];
        for at in self.steps.iter().flat_map(IndexedStep::inputs).filter_map(|input| input.step) {
            is_read[at] = true;
        }
        let mut cut = vec![false; self.steps.len()];
        let mut open: Vec<usize> = (0..self.steps.len()).filter(|at| !is_read[*at]).collect();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut cut[at], true) {
                open.extend(self.steps[at].from.iter().filter_map(|input| input.step));
            }
        }
        cut
    }
}

impl IndexedStep {
    /// All that it takes items from.
    pub(super) fn inputs(&self) -> impl Iterator<Item = &Reference> {
        self.from.iter().chain(&self.with)
    }

    /// All places that name other steps, each with its key.
    pub(super) fn references(&self) -> impl Iterator<Item = (&'static str, &Reference)> {
        let from = self.from.iter().map(|one| ("from", one));
        let with = self.with.iter().map(|one| ("with", one));
        let needs = self.needs.iter().map(|one| ("needs", one));
        from.chain(with).chain(needs).chain(self.columns_of.iter().map(|one| ("columns_of", one)))
    }

    /// Whether it brings items in.
    pub(super) fn is_source(&self) -> bool {
        self.verb.is_some_and(Verb::is_source)
    }

    /// Pointer to the verb key, or to the step when it has none.
    pub(super) fn verb_pointer(&self) -> String {
        self.verb.map_or_else(|| self.pointer.clone(), |verb| format!("{}/{verb}", self.pointer))
    }
}

fn verb(step: &Value) -> Option<Verb> {
    let mut verbs = Verb::all().filter(|verb| step.get(verb.name()).is_some());
    verbs.next().filter(|_| verbs.next().is_none())
}

/// One id or a list of them; anything else is the schema's to refuse.
fn references(value: Option<&Value>, pointer: &str, inputs: bool) -> Vec<Reference> {
    let reference = |text: &str, pointer: String| {
        let (name, failed) = match text.strip_suffix(".failed") {
            Some(name) if inputs => (name, true),
            _ => (text, false),
        };
        Reference { name: name.to_owned(), failed, pointer, step: None }
    };
    match value {
        Some(Value::String(text)) => vec![reference(text, pointer.to_owned())],
        Some(Value::Array(list)) => list
            .iter()
            .enumerate()
            .filter_map(|(at, text)| Some(reference(text.as_str()?, format!("{pointer}/{at}"))))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_found_in_every_form_and_faults_are_passed_over() {
        let step_index = StepIndex::of(&json!({ "steps": {
            "a": { "read": "x.csv" },
            "b": { "from": ["a", "a.failed", 3], "needs": "a.failed", "map": "return 1" },
            "c": 7,
            "d": { "from": "b", "write": { "path": "x.csv", "columns_of": "a" } },
        }}));
        let [a, b, c, d] = &step_index.steps[..] else { panic!("four steps") };
        assert!(a.is_source() && !b.is_source() && c.verb.is_none());
        assert_eq!(b.from[1].pointer, "/steps/b/from/1");
        assert_eq!((b.from[1].step, b.from[1].failed, b.from.len()), (Some(0), true, 2));
        assert_eq!((b.needs[0].step, b.needs[0].name.as_str()), (None, "a.failed"));
        let named: Vec<_> = d.references().map(|(key, one)| (key, one.pointer.as_str(), one.step)).collect();
        assert_eq!(
            named,
            [("from", "/steps/d/from", Some(1)), ("columns_of", "/steps/d/write/columns_of", Some(0))]
        );
        assert_eq!(step_index.dependencies(), [vec![], vec![0, 0], vec![], vec![1]]);
    }
}
