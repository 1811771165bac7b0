//! This module warns of items that may fail without failing their step, and that nobody looks at.

use std::collections::BTreeSet;

use super::governed::{PolicyStep, WarningContext, setting};
use crate::config::Share;
use crate::event::Verb;
use crate::plan::codes;
use crate::plan::places::DocumentPart;
use crate::plan::step_index::IndexedStep;
use crate::source::Diagnostic;
use crate::value::Ratio;

/// Warns of every step whose `min_success_ratio` bears failures while nothing takes its `.failed` and no expression
/// looks at its result.
pub(super) fn check(
    advice: &WarningContext<'_>,
    governed: &[Option<PolicyStep<'_>>],
    looked_at: &BTreeSet<usize>,
    found: &mut Vec<Diagnostic>,
) {
    let references = advice.step_index.steps.iter().flat_map(IndexedStep::inputs);
    let read: BTreeSet<usize> =
        references.filter(|reference| reference.failed).filter_map(|reference| reference.step).collect();
    for (at, step) in advice.step_index.steps.iter().enumerate() {
        if read.contains(&at) || looked_at.contains(&at) {
            continue;
        }
        let borne = match &governed[at] {
            Some(governed) if governed.policy.min_success_ratio != Ratio::ONE => {
                governed.pointer(advice.places, "min_success_ratio")
            }
            None if matches!(step.verb, Some(Verb::Read | Verb::Glob)) => {
                let pointer = format!("{}/min_success_ratio", step.verb_pointer());
                match setting::<Share>(advice.places, &pointer) {
                    Some(share) if share.0 != Ratio::ONE => pointer,
                    _ => continue,
                }
            }
            _ => continue,
        };
        let name = &step.name;
        let message = format!("items of step `{name}` may fail, and nothing reads `{name}.failed`");
        let warning = advice.places.warning(
            codes::UNREAD_FAILURES,
            message,
            &DocumentPart::Value(&borne),
            "what fails is missing, and nothing says so",
        );
        found.push(warning.help(format!(
            "add a step that keeps them, `{name}_failed: {{ from: {name}.failed, write: out/{name}_failed.jsonl }}`; \
             of a kept run, `flowrun show latest {name} --failed` has them"
        )));
    }
}
