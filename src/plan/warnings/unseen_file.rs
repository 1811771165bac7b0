//! This module warns of a `setup`, or the start of a Lua file, that reads a file whose path it computes: nobody can say which one, so a change of it goes
//! unnoticed when results are reused. `uses` names such files.

use super::governed::WarningContext;
use crate::lua::{computed_reads, computed_reads_at_start};
use crate::plan::codes;
use crate::plan::places::DocumentPart;
use crate::plan::step_index::IndexedStep;
use crate::source::{Diagnostic, LineStarts, Span};

const LABEL: &str = "which file this reads is only known when it runs";
const HELP: &str = "name the files in `uses`, which takes paths and patterns, so that a change of them is noticed; or write the \
                    path out";

/// Warns of the first such place of a step that has no `uses`.
pub(super) fn check(advice: &WarningContext<'_>, step: &IndexedStep, found: &mut Vec<Diagnostic>) {
    let Some(_) = step.verb.filter(|verb| verb.is_map_like()) else { return };
    let at = step.verb_pointer();
    if advice.places.value().pointer(&format!("{at}/uses")).is_some() {
        return;
    }
    let message = |what: &str| {
        format!(
            "a change of what {what} of step `{}` reads goes unnoticed by `resume` and the cache",
            step.name
        )
    };
    let pointer = format!("{at}/setup");
    if let Some(block) = advice.scripts.block(&pointer)
        && let Some(span) = computed_reads(&block.text).into_iter().next()
    {
        let (line, column) = LineStarts::of(&block.text).line_column(span.start);
        let spot = DocumentPart::Text(&pointer, line, column..column + span.len());
        let warning = advice.places.warning(codes::UNSEEN_FILE, message("`setup`"), &spot, LABEL);
        found.push(warning.help(HELP));
    }
    let Some(script) = advice.scripts.get(&format!("{at}/file")) else { return };
    let file = &script.block().file;
    if let Some(span) = computed_reads_at_start(file.text()).into_iter().next() {
        let warning = Diagnostic::warning(codes::UNSEEN_FILE, file, message("the file"));
        found.push(warning.label(Span::new(span.start, span.end), LABEL).help(HELP));
    }
}
