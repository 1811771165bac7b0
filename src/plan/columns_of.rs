//! This module checks `columns_of` of `write`: whether the columns of the step that it names are known before anything runs.

use serde_json::Value;

use super::codes;
use super::expand::ExpressionField;
use super::places::{DocumentPart, PlacedDocument};
use super::step_index::{IndexedStep, Reference, StepIndex};
use crate::data::Format;
use crate::event::Verb;
use crate::source::Diagnostic;
use crate::value::Choice as _;

/// Checks every `columns_of`. `deferred` are the fields that only a run can know.
pub(super) fn check(
    places: &PlacedDocument,
    step_index: &StepIndex,
    deferred: &[ExpressionField],
    found: &mut Vec<Diagnostic>,
) {
    for step in &step_index.steps {
        let Some(reference) = &step.columns_of else { continue };
        if places.value().pointer(&format!("{}/write/columns", step.pointer)).is_some() {
            let message =
                format!("`columns_of` and `columns` both say which columns step `{}` writes", step.name);
            let (part, label) = (DocumentPart::Key(&reference.pointer), "one of the two goes away");
            found.push(places.error(codes::BAD_OPTION, message, &part, label));
        }
        // A step that is not there is told with all others.
        let Some(source) = reference.step.map(|at| &step_index.steps[at]) else { continue };
        let is_deferred = || {
            let inside = format!("{}/", source.pointer);
            deferred.iter().any(|field| field.pointer.starts_with(&inside))
        };
        let label = match source.verb {
            None => continue,
            Some(Verb::Read) if is_deferred() => {
                Some("the results of other steps decide what it reads".to_owned())
            }
            Some(Verb::Read) => unknown(places.value(), source),
            Some(verb) => Some(format!("this is a `{verb}`")),
        };
        found.extend(label.map(|label| without_columns(places, step, reference, &label)));
    }
}

/// Why nobody knows the columns of a `read`.
fn unknown(document: &Value, source: &IndexedStep) -> Option<String> {
    let read = document.pointer(&format!("{}/read", source.pointer))?;
    if read.get("columns").is_some() {
        return None;
    }
    let path = read.as_str().or_else(|| read.get("path")?.as_str());
    let format = match read.get("format") {
        Some(format) => Format::parse(format.as_str()?),
        None => path.and_then(|path| Format::of_path(path).ok()),
    };
    match format {
        Some(format) if format.has_types() => None,
        Some(format) if format.has_columns() => Some("it has no `columns`".to_owned()),
        Some(format) => Some(format!("`{}` has no columns", format.name())),
        // What is not known yet is looked at again when it is.
        None if path.is_some_and(|path| path.contains("${{")) => None,
        None => Some("it has no `columns`, and its path does not say a format".to_owned()),
    }
}

fn without_columns(
    places: &PlacedDocument,
    step: &IndexedStep,
    reference: &Reference,
    label: &str,
) -> Diagnostic {
    let message = format!(
        "step `{}` takes the columns of `{}`, whose columns nobody knows before it runs",
        step.name, reference.name
    );
    let finding = places.error(codes::BAD_OPTION, message, &DocumentPart::Value(&reference.pointer), label);
    finding.help("name a `read` of Parquet files, or one whose `columns` says them, or write `columns:` here")
}
