//! This module checks a document against the schema and says what is wrong in words of its own. The plan checks names
//! and data flow.

use std::sync::{Arc, OnceLock};

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use self::checked::CheckedValue;
use super::document::{Document, SpanIndex};
use super::executors::decode_executors;
use super::file_kind::FileKind;
use super::included::decode_included;
use super::pipeline::decode;
use super::schema::{executors_schema_text, included_schema_text, schema_text};
use crate::source::{Diagnostic, SourceFile};

mod checked;
mod elsewhere;
mod executors;
mod keys;
mod lua;
mod share;
mod steps;
mod subject;
mod values;

/// How the keys begin that `serde_json` keeps for itself.
const PRIVATE: &str = "$serde_json::private::";

/// The schema and what was made from it.
struct Checker {
    schema: Value,
    validator: Validator,
}

fn checker(kind: FileKind) -> &'static Checker {
    static PIPELINE: OnceLock<Checker> = OnceLock::new();
    static INCLUDED: OnceLock<Checker> = OnceLock::new();
    static EXECUTORS: OnceLock<Checker> = OnceLock::new();
    let (checker, text) = match kind {
        FileKind::Pipeline => (&PIPELINE, schema_text()),
        FileKind::Included => (&INCLUDED, included_schema_text()),
        FileKind::Executors => (&EXECUTORS, executors_schema_text()),
    };
    checker.get_or_init(|| {
        let schema: Value = serde_json::from_str(text).expect("a test compares it with the types");
        let validator = jsonschema::draft7::options()
            // The other engine backtracks, and could be made to do so for hours.
            .with_pattern_options(PatternOptions::regex())
            .build(&schema)
            .expect("the schema's own tests build it");
        Checker { schema, validator }
    })
}

/// All findings of this floor about a document that could be read.
pub(super) fn document(document: &Document, kind: FileKind, dropped: bool) -> Vec<Diagnostic> {
    let Document { value, spans, file, .. } = document;
    let checked = CheckedValue { kind, value, spans, file, dropped };
    let (cut, mut findings) = lua::check(document);
    // What YAML has cut off is missing for that reason, not for the schema's.
    findings.extend(schema(&checked, &cut));
    findings
}

/// Checks a value against the schema once more, after its expressions were replaced by what they gave. Where the file
/// holds an expression, the finding says what that gave.
pub fn validate_value(value: &Value, spans: &SpanIndex, file: &Arc<SourceFile>) -> Vec<Diagnostic> {
    schema(&CheckedValue { kind: FileKind::Pipeline, value, spans, file, dropped: false }, &[])
}

/// The same for the value of a file that a pipeline includes.
pub fn validate_included(value: &Value, spans: &SpanIndex, file: &Arc<SourceFile>) -> Vec<Diagnostic> {
    schema(&CheckedValue { kind: FileKind::Included, value, spans, file, dropped: false }, &[])
}

/// The same for the value of an executors file.
pub fn validate_executors(value: &Value, spans: &SpanIndex, file: &Arc<SourceFile>) -> Vec<Diagnostic> {
    schema(&CheckedValue { kind: FileKind::Executors, value, spans, file, dropped: false }, &[])
}

fn schema(checked: &CheckedValue<'_>, skip: &[String]) -> Vec<Diagnostic> {
    // To make the validator takes longer than all else of a short run. The types accept what the schema accepts, so it
    // is asked only for the words about a file that they refuse.
    let is_decoded = match checked.kind {
        FileKind::Pipeline => decode(checked.value).is_ok(),
        FileKind::Included => decode_included(checked.value).is_ok(),
        FileKind::Executors => decode_executors(checked.value).is_ok(),
    };
    if is_decoded && !has_private_key(checked.value) {
        return Vec::new();
    }
    let Checker { schema, validator } = checker(checked.kind);
    let mut findings: Vec<Diagnostic> = validator
        .iter_errors(checked.value)
        .filter(|error| !skip.iter().any(|pointer| pointer == error.instance_path().as_str()))
        .flat_map(|error| values::explain(checked, schema, &error))
        .collect();
    match checked.kind {
        FileKind::Pipeline => findings.extend(steps::check(checked, schema)),
        FileKind::Executors => findings.extend(executors::check(checked)),
        FileKind::Included => {}
    }
    findings.sort_by_key(Diagnostic::start);
    findings
}

/// Whether a map has a key that `serde_json` keeps for itself: it takes such a map for the value that is written out in
/// it, and the types accept `{…: "8"}` where they want a number.
fn has_private_key(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            map.iter().any(|(key, value)| key.starts_with(PRIVATE) || has_private_key(value))
        }
        Value::Array(list) => list.iter().any(has_private_key),
        _ => false,
    }
}
