//! This module finds where a file names its steps (`from`, `with`, `needs`, `columns_of`, tests and expressions), its
//! policies and its rate limits. It is for editors and judges nothing.

use super::expand;
use super::places::{DocumentPart, PlacedDocument};
use super::rate_limits;
use super::references::mentions_in_expressions;
use super::step_index::{IndexedStep, StepIndex};
use crate::config::{Document, Style, is_id};
use crate::lua::limit_mentions;
use crate::source::{LineStarts, Span};

/// What a name is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// One of `steps`.
    Step,
    /// One of `policies`.
    Policy,
    /// One of `rate_limits`.
    Limit,
}

impl Named {
    /// The key at the top under which such names stand.
    pub fn key(self) -> &'static str {
        match self {
            Self::Step => "steps",
            Self::Policy => "policies",
            Self::Limit => "rate_limits",
        }
    }

    /// What people call one.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Policy => "policy",
            Self::Limit => "rate limit",
        }
    }
}

/// A place that names a step, a policy or a rate limit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// The bytes of the name, without quotes and `.failed`.
    pub span: Span,
    /// What it is a name of.
    pub what: Named,
    /// The name, whether or not there is such a thing.
    pub name: String,
    /// In an expression, the quote that a Lua string may have there.
    pub quote: Option<char>,
}

/// All places that name steps, policies or rate limits, in the order of the file, each once however many aliases lead to it.
pub fn mentions(document: &Document) -> Vec<Mention> {
    let places = PlacedDocument::of(document.clone());
    let step_index = StepIndex::of(places.value());
    let fields = expand::fields(&places, "");
    let mut found: Vec<Mention> = Vec::new();
    for (_, reference) in step_index.steps.iter().flat_map(IndexedStep::references) {
        found.extend(named(document, &reference.pointer, Named::Step, &reference.name));
    }
    let tests = places.value().get("tests").and_then(serde_json::Value::as_array);
    for (at, test) in tests.into_iter().flatten().enumerate() {
        if let Some(step) = test.get("step").and_then(serde_json::Value::as_str) {
            found.extend(named(document, &format!("/tests/{at}/step"), Named::Step, step));
        }
    }
    for step in &step_index.steps {
        let pointer = format!("{}/policy", step.verb_pointer());
        if let Some(name) = places.value().pointer(&pointer).and_then(serde_json::Value::as_str) {
            found.extend(named(document, &pointer, Named::Policy, name).filter(|_| is_id(name)));
        }
    }
    for mention in mentions_in_expressions(&places, &step_index, &fields) {
        let (_, span) = places.find(&mention.spot());
        let style = document.scalar(&mention.pointer).map(|scalar| scalar.style);
        let quote = if style == Some(Style::DoubleQuoted) { '\'' } else { '"' };
        found.push(Mention { span, what: Named::Step, name: mention.name, quote: Some(quote) });
    }
    limits(&places, &step_index, &mut found);
    found.sort();
    found.dedup_by(|a, b| a.span == b.span);
    found
}

/// Where rate limits are named: under `rate_limit`, and in Lua that stands in the file.
fn limits(places: &PlacedDocument, step_index: &StepIndex, found: &mut Vec<Mention>) {
    let document = &places.document;
    for (pointer, name) in rate_limits::named(places.value(), step_index) {
        found.extend(named(document, &pointer, Named::Limit, &name));
    }
    for lua in document.lua_fields() {
        let Some(block) = places.block(&lua.pointer) else { continue };
        let lines = LineStarts::of(&block.text);
        for name in limit_mentions(&block.text) {
            let (line, column) = lines.line_column(name.start);
            let part = DocumentPart::Text(&lua.pointer, line, column..column + name.len());
            let name = block.text[name].to_owned();
            found.push(Mention { span: places.find(&part).1, what: Named::Limit, name, quote: None });
        }
    }
}

/// The id within the text at `pointer`.
fn named(document: &Document, pointer: &str, what: Named, id: &str) -> Option<Mention> {
    let span = document.spans.get(pointer)?.value;
    let written = document.file.text().get(span.start..span.end)?;
    // An id that is written with escapes is replaced with all of its text.
    let span = written.find(id).map_or(span, |at| Span::new(span.start + at, span.start + at + id.len()));
    Some(Mention { span, what, name: id.to_owned(), quote: None })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let document = crate::config::load(text.as_bytes(), "p.yaml", Path::new("p.yaml")).document;
        let found: Vec<String> = mentions(&document.expect("it is YAML"))
            .iter()
            .map(|one| {
                let line = text[..one.span.start].matches('\n').count() + 1;
                format!("{line} {} {}", one.name, &text[one.span.start..one.span.end])
            })
            .collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn every_way_to_name_a_step_is_found_once() {
        check(
            "x-in: &in a\nsteps:\n  a: { items: [1] }\n  b: { from: *in, map: return 1 }\n  c: { from: *in, map: return 1 }\n",
            &["1 a a"],
        );
        check(
            "policies: { c: {} }\nsteps:\n  a: { items: [1] }\n  b: { from: a, filter: { policy: 'c', lua: 'true' } }\n",
            &["4 a a", "4 c c"],
        );
        check(
            "rate_limits: { api: 1/s, t: 9/s }\ndefaults: { map: { rate_limit: api } }\npolicies: { p: { rate_limit: [t, { limit: 'api', cost: 1 }] } }\nsteps:\n  \
             a: { items: [1] }\n  b:\n    from: a\n    map:\n      rate_limit: 3/s\n      lua: |\n        flow.spent('t', 1)\n        return http.get(item, { limit = \"api\" })\n",
            &["2 api api", "3 t t", "3 api api", "7 a a", "11 t t", "12 api api"],
        );
        check(
            "steps:\n  a: { items: [1] }\n  b:\n    from: ['a', \"b.failed\"]\n    needs:\n    - é\n    when: steps.a.total > 0 and steps['a']\n    \
             write: x-${{ steps.a.total }}.jsonl\ntests:\n- step: b\n",
            &["4 a a", "4 b b", "6 é é", "7 a a", "7 a a", "8 a a", "10 b b"],
        );
    }
}
