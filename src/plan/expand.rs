//! This module evaluates the `${{ … }}` of a document, each on its one scalar, and puts the values in their place.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::codes;
use super::excerpt::Excerpt;
use super::lua_text::{Mentions, has_word, mentions};
use super::places::{DocumentPart, PlacedDocument};
use super::scripts::{self, Form, RefusedLua};
use super::template::{Hole, Template};
use crate::config::escape_key;
use crate::event::{FailureKind, Verb};
use crate::lua::{self, Block, LuaPath, Scope, ScriptError, Wants};
use crate::source::{Diagnostic, LineStarts};
use crate::value::Choice as _;

/// A string of the document with `${{` in it.
#[derive(Debug, Clone)]
pub(super) struct ExpressionField {
    pub(super) pointer: String,
    pub(super) text: String,
    pub(super) template: Template,
    pub(super) when: When,
    /// Of `text`.
    lines: LineStarts,
}

/// When a field's expressions can be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Never: `${{ … }}` may not stand here.
    Never,
    /// Before `params` are known: defaults of parameters.
    Params,
    /// Before the run.
    Load,
    /// When the step starts, if `steps` is mentioned.
    Start,
}

impl ExpressionField {
    /// How any of the field's expressions mentions the global `name`.
    pub(super) fn mentions(&self, name: &str) -> Mentions {
        let mut all = Mentions::default();
        for hole in &self.template.expressions {
            let found = mentions(&self.text[hole.inner.clone()], name);
            all.whole |= found.whole;
            all.fields.extend(
                found.fields.into_iter().map(|(field, range)| {
                    (field, range.start + hole.inner.start..range.end + hole.inner.start)
                }),
            );
        }
        all
    }

    /// What its expressions ask for. Where a Lua file is named so, nobody knows yet what stands in it.
    pub(super) fn wants(&self) -> Wants {
        if self.pointer.ends_with("/file") {
            return Wants::ALL;
        }
        let expressions = self.template.expressions.iter();
        expressions
            .map(|hole| Wants::of_text(&self.text[hole.inner.clone()]))
            .fold(Wants::default(), Wants::or)
    }

    /// Whether the field has to wait for results of other steps.
    pub(super) fn is_deferred(&self) -> bool {
        self.when == When::Start && self.mentions("steps").any()
    }

    /// Line of the text, from 1, on which a byte stands, and the bytes before it on that line.
    pub(super) fn line_column(&self, byte: usize) -> (usize, usize) {
        self.lines.line_column(byte)
    }

    /// Some bytes of the field; the range must lie on one line to be shown exactly.
    pub(super) fn spot(&self, range: std::ops::Range<usize>) -> DocumentPart<'_> {
        let (line, column) = self.line_column(range.start);
        DocumentPart::Text(&self.pointer, line, column..column + range.len())
    }
}

/// All fields with `${{` at or below `pointer`, in the order of the document. Lua code has none: there `params` and
/// the like are plain variables.
pub(super) fn fields(places: &PlacedDocument, pointer: &str) -> Vec<ExpressionField> {
    let code: HashSet<String> = places.document.lua_fields().into_iter().map(|field| field.pointer).collect();
    let mut fields = Vec::new();
    if let Some(value) = places.value().pointer(pointer) {
        collect(value, &mut pointer.to_owned(), &code, &mut fields);
    }
    fields
}

fn collect(value: &Value, pointer: &mut String, code: &HashSet<String>, fields: &mut Vec<ExpressionField>) {
    let length = pointer.len();
    match value {
        Value::String(text) => {
            if let Some(template) = Template::parse(text)
                && !code.contains(pointer.as_str())
                && let Some(when) = when(pointer)
            {
                let lines = LineStarts::of(text);
                fields.push(ExpressionField {
                    pointer: pointer.clone(),
                    text: text.clone(),
                    template,
                    when,
                    lines,
                });
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                pointer.push('/');
                pointer.push_str(&at.to_string());
                collect(value, pointer, code, fields);
                pointer.truncate(length);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                // Free keys are the reader's own, and hold anchors.
                if pointer.is_empty() && key.starts_with("x-") {
                    continue;
                }
                pointer.push('/');
                pointer.push_str(&escape_key(key));
                collect(value, pointer, code, fields);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

/// `None`: the schema has refused the text already.
fn when(pointer: &str) -> Option<When> {
    let keys: Vec<&str> = pointer.split('/').skip(1).take(3).collect();
    Some(match keys.as_slice() {
        ["description"]
        | ["rate_limits", _]
        | ["defaults" | "policies" | "permissions", ..]
        | ["steps", _, "deadline" | "description" | "local"] => When::Load,
        ["steps", _, verb] if Verb::parse(verb).is_some() => When::Start,
        ["params", _] | ["params", _, "default"] => When::Params,
        ["params", _, index] if index.bytes().all(|byte| byte.is_ascii_digit()) => When::Params,
        ["params", _, "description" | "enum"] | ["env" | "include" | "lua_path", _] => When::Never,
        _ => return None,
    })
}

/// Evaluates fields within one scope.
pub(super) struct Expander<'a> {
    pub(super) places: &'a PlacedDocument,
    pub(super) lua_path: &'a LuaPath,
    pub(super) scope: &'a Scope,
    /// Parameters and variables that have no value, which is said elsewhere or is no fault.
    pub(super) missing_params: &'a BTreeSet<String>,
    pub(super) missing_env: &'a BTreeSet<String>,
}

impl Expander<'_> {
    /// Whether all that `field` needs has a value.
    pub(super) fn can_evaluate(&self, field: &ExpressionField) -> bool {
        let lacks = |name: &str, missing: &BTreeSet<String>| field.mentions(name).may_use(missing);
        // That they are asked for has been said.
        !field.mentions("secrets").any()
            && !lacks("params", self.missing_params)
            && !lacks("env", self.missing_env)
    }

    /// Reports what can be seen to be wrong with a field without evaluating it; `true`: nothing.
    pub(super) fn check(&self, field: &ExpressionField, found: &mut Vec<Diagnostic>) -> bool {
        let before = found.len();
        if let Some(start) = field.template.unclosed {
            let spot = field.spot(start..start + 3);
            let message = "an expression is not closed".to_owned();
            found.push(self.places.error(codes::EXPRESSION, message, &spot, "`}}` is missing"));
        }
        if field.when == When::Never {
            let spot = DocumentPart::Value(&field.pointer);
            let message = "`${{ … }}` cannot stand here".to_owned();
            let label = "this value is needed before expressions are evaluated";
            found.push(self.places.error(codes::EXPRESSION, message, &spot, label));
            return false;
        }
        if field.when != When::Start && field.mentions("steps").any() {
            let spot = DocumentPart::Value(&field.pointer);
            let message = "`steps` cannot be used here".to_owned();
            let label = "this value is needed before any step has ended";
            found.push(self.places.error(codes::EXPRESSION, message, &spot, label));
        }
        if let Some(finding) = self.unseen_item(field) {
            found.push(finding);
            return false;
        }
        for hole in &field.template.expressions {
            let block = self.block(field, hole);
            if let Err(RefusedLua { errors, help }) = scripts::compile(&block, Form::Either, self.lua_path) {
                let (line, column) = field.line_column(hole.inner.start);
                let excerpt = Excerpt { pointer: &field.pointer, line, column, block: &block };
                let message = "the Lua of this expression cannot be compiled";
                found.extend(
                    errors.iter().map(|error| excerpt.finding(self.places, message, error, help.as_deref())),
                );
            }
        }
        found.len() == before
    }

    /// The finding on an expression that looks at an item, of which there is none yet.
    fn unseen_item(&self, field: &ExpressionField) -> Option<Diagnostic> {
        let inner = |hole: &Hole| &field.text[hole.inner.clone()];
        // A name that the expression itself gives a value is its own.
        let declares = |text: &str| ["local", "for", "function"].iter().any(|word| has_word(text, word));
        let sees = |name: &str| {
            let holes = &mut field.template.expressions.iter();
            holes.find(|hole| mentions(inner(hole), name).any() && !declares(inner(hole)))
        };
        let (name, hole) = ["item", "index"].into_iter().find_map(|name| Some((name, sees(name)?)))?;
        let message = format!("`{name}` cannot be used here");
        let label = "`${{ … }}` is filled in before any item is there, and sees no item";
        let spot = field.spot(hole.outer.clone());
        let found = self.places.error(codes::EXPRESSION, message, &spot, label);
        let keys: Vec<&str> = field.pointer.split('/').skip(3).collect();
        Some(match keys.as_slice() {
            ["write"] | ["write", "path"] => found.help(
                "for a file of its own for each key, write `{key}` in the path and say what the key is, as in \
                 `{path: \"out/{key}.jsonl\", by: item.id}`",
            ),
            _ => found,
        })
    }

    /// The value of a field whose expressions compile.
    pub(super) fn evaluate(&self, field: &ExpressionField) -> Result<Value, Box<Diagnostic>> {
        let mut values = Vec::new();
        for hole in &field.template.expressions {
            let value = self.value(field, hole)?;
            if field.template.is_whole {
                return Ok(value);
            }
            values.push(match value {
                Value::String(text) => text,
                Value::Null => {
                    return Err(Box::new(self.refusal(
                        field,
                        hole,
                        "this gives null, which no text can hold",
                    )));
                }
                other => other.to_string(),
            });
        }
        Ok(field.template.fill(&field.text, &values).into())
    }

    fn value(&self, field: &ExpressionField, hole: &Hole) -> Result<Value, Box<Diagnostic>> {
        let refuse = |label: &str| Box::new(self.refusal(field, hole, label));
        let block = self.block(field, hole);
        let script = scripts::compile(&block, Form::Either, self.lua_path)
            .map_err(|RefusedLua { errors, .. }| refuse(errors.first().map_or("", |error| &error.message)))?;
        let text = lua::evaluate(&script, self.scope, lua::EXPRESSION_LIMIT)
            .map_err(|error| refuse(&reason(&error)))?;
        serde_json::from_str(&text).map_err(|error| refuse(&error.to_string()))
    }

    fn refusal(&self, field: &ExpressionField, hole: &Hole, label: &str) -> Diagnostic {
        let message = "this expression has no value".to_owned();
        self.places.error(codes::EXPRESSION, message, &field.spot(hole.outer.clone()), label)
    }

    /// The Lua of an expression, with the line of the file on which it begins.
    fn block(&self, field: &ExpressionField, hole: &Hole) -> Block {
        let text: Arc<str> = field.text[hole.inner.clone()].into();
        let (line, _) = field.line_column(hole.inner.start);
        let (file, first) = self.places.start(&field.pointer);
        Block { file: Arc::clone(file), line: first + line - 1, text }
    }
}

fn reason(error: &ScriptError) -> String {
    match error.kind {
        FailureKind::Timeout => format!("it runs longer than {} s", lua::EXPRESSION_LIMIT.as_secs()),
        _ => error.message.clone(),
    }
}
