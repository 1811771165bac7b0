//! This module checks who takes from whom: ids that do not exist, steps with nothing to give, circles, steps that
//! nobody wants.

use std::collections::{BTreeSet, HashMap};

use super::ended::ended;
use super::expand::{ExpressionField, When};
use super::global_mentions::global_mentions;
use super::places::{DocumentPart, PlacedDocument};
use super::step_index::{IndexedStep, Reference, StepIndex};
use super::{FINDINGS_MAX, codes, listed, order};
use crate::event::Verb;
use crate::source::{Diagnostic, LineStarts, nearest};

/// Checks all references between steps and returns the steps in an order in which they can run.
pub(super) fn check(
    places: &PlacedDocument,
    step_index: &StepIndex,
    fields: &[ExpressionField],
    found: &mut Vec<Diagnostic>,
) -> Vec<usize> {
    let mut meant = BTreeSet::new();
    for step in &step_index.steps {
        for (key, reference) in step.references() {
            match reference.step {
                Some(other) => {
                    let other = &step_index.steps[other];
                    found.extend(reference_problem(places, step, key, reference, other));
                }
                // Looking for the nearest name takes its time.
                None if found.len() < FINDINGS_MAX => {
                    meant.extend(
                        nearest(&reference.name, step_index.names()).and_then(|near| step_index.find(near)),
                    );
                    let verb = match key {
                        "from" => "reads from",
                        "with" => "joins",
                        "needs" => "needs",
                        _ => "takes the columns of",
                    };
                    let by = format!("step `{}` {verb}", step.name);
                    found.push(unknown(
                        places,
                        step_index,
                        &reference.name,
                        &DocumentPart::Value(&reference.pointer),
                        &by,
                    ));
                }
                None => {}
            }
        }
    }
    let dependencies = step_index.dependencies();
    let sorted = order::sort(&dependencies);
    found.extend(sorted.cycles.iter().map(|cycle| cycle_found(places, step_index, cycle)));
    let mut used: BTreeSet<usize> = dependencies.into_iter().flatten().collect();
    used.extend(step_index.steps.iter().filter_map(|step| step.columns_of.as_ref()?.step));
    // A misspelt reference is a reference all the same.
    used.extend(meant);
    let mentions = mentions_in_expressions(places, step_index, fields);
    let pairs = mentions.iter().filter_map(|mention| Some((mention.step, step_index.find(&mention.name)?)));
    let ended = ended(step_index, &sorted.order, pairs);
    for mention in mentions {
        match step_index.find(&mention.name) {
            None if found.len() < FINDINGS_MAX => {
                found.push(unknown(places, step_index, &mention.name, &mention.spot(), &mention.by()));
            }
            None => {}
            Some(step) => {
                used.insert(step);
                if sorted.cycles.is_empty() && !ended.contains(&(mention.step, step)) {
                    found.push(not_ended(places, step_index, &mention));
                }
            }
        }
    }
    found.extend(unused(places, step_index, &used));
    sorted.order
}

/// The steps whose results expressions of other steps look at.
pub(super) fn looked_at(
    places: &PlacedDocument,
    step_index: &StepIndex,
    fields: &[ExpressionField],
) -> BTreeSet<usize> {
    mentions_in_expressions(places, step_index, fields)
        .iter()
        .filter_map(|mention| step_index.find(&mention.name))
        .collect()
}

fn reference_problem(
    places: &PlacedDocument,
    step: &IndexedStep,
    key: &str,
    reference: &Reference,
    other: &IndexedStep,
) -> Option<Diagnostic> {
    let spot = DocumentPart::Value(&reference.pointer);
    let (name, other_name) = (&step.name, &other.name);
    match other.verb? {
        // A step that reads itself is a circle, and that is said.
        Verb::Write if matches!(key, "from" | "with") && !reference.failed && other_name != name => {
            let message = format!("step `{name}` reads from `{other_name}`, which yields no items");
            let found = places.error(codes::NO_OUTPUT, message, &spot, "this step only writes");
            let sources: Vec<&str> = other.from.iter().map(|from| from.name.as_str()).collect();
            if sources.is_empty() {
                return Some(found);
            }
            let sources = listed(sources.into_iter());
            Some(found.help(format!(
                "read from what it writes: {sources}; to wait for the file, add `needs: {other_name}`"
            )))
        }
        verb if reference.failed && !verb.has_failed_items() => {
            let message = format!("step `{name}` reads the failed items of `{other_name}`, which has none");
            let label = format!("the items of `{verb}` cannot fail");
            let found = places.error(codes::NO_FAILED_ITEMS, message, &spot, &label);
            Some(
                found
                    .help("`.failed` follows the id of a `read`, `glob`, `map`, `flat_map` or `filter` step"),
            )
        }
        _ => None,
    }
}

/// `by` is the beginning of the message: ``step `save` reads from``.
fn unknown(
    places: &PlacedDocument,
    step_index: &StepIndex,
    name: &str,
    spot: &DocumentPart<'_>,
    by: &str,
) -> Diagnostic {
    let label = match nearest(name, step_index.names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "no step has this name".to_owned(),
    };
    places
        .error(codes::UNKNOWN_STEP, format!("{by} unknown step `{name}`"), spot, &label)
        .help(format!("the steps of this file: {}", listed(step_index.names())))
}

/// One label for each tie of the circle.
fn cycle_found(places: &PlacedDocument, step_index: &StepIndex, cycle: &[usize]) -> Diagnostic {
    let name = |at: usize| step_index.steps[cycle[at % cycle.len()]].name.as_str();
    // Longer circles are told apart by their first members; every tie is labelled all the same.
    let path = match cycle.len() {
        1 => format!("step `{}` waits for itself", name(0)),
        count => {
            let names: Vec<&str> = (0..=count).map(name).collect();
            format!("the steps wait for each other: {}", names.join(" ← "))
        }
    };
    let mut found: Option<Diagnostic> = None;
    for (at, &member) in cycle.iter().enumerate() {
        let step = &step_index.steps[member];
        let next = cycle[(at + 1) % cycle.len()];
        let tie = step.inputs().chain(&step.needs).find(|reference| reference.step == Some(next));
        let Some(tie) = tie else { continue };
        let label = format!("`{}` waits for `{}`", step.name, step_index.steps[next].name);
        let spot = DocumentPart::Value(&tie.pointer);
        found = Some(match found {
            None => places.error(codes::CYCLE, path.clone(), &spot, &label),
            Some(found) => places.also(found, &spot, &label),
        });
    }
    let found = found.unwrap_or_else(|| Diagnostic::error(codes::CYCLE, &places.document.file, path));
    found.help("take one of these ties away: data flows one way")
}

/// A step's result in an expression of another step.
pub(super) struct Mention {
    step: usize,
    /// The step that holds the expression.
    holder: String,
    /// The step whose result is meant.
    pub(super) name: String,
    pub(super) pointer: String,
    line: usize,
    columns: std::ops::Range<usize>,
    /// Not Lua that runs with items.
    is_expression: bool,
}

impl Mention {
    pub(super) fn spot(&self) -> DocumentPart<'_> {
        DocumentPart::Text(&self.pointer, self.line, self.columns.clone())
    }

    fn by(&self) -> String {
        let what = if self.is_expression { "an expression" } else { "the Lua" };
        format!("{what} of step `{}` looks at", self.holder)
    }
}

/// The mentions of `steps.ID` in Lua of steps, `when` among it, and in `${{ … }}`.
pub(super) fn mentions_in_expressions(
    places: &PlacedDocument,
    step_index: &StepIndex,
    fields: &[ExpressionField],
) -> Vec<Mention> {
    let mut by_step: HashMap<&str, Vec<&ExpressionField>> = HashMap::new();
    for field in fields.iter().filter(|field| field.when == When::Start) {
        // `/steps/ID` without what follows.
        let end = field.pointer.match_indices('/').nth(2).map_or(field.pointer.len(), |(at, _)| at);
        by_step.entry(&field.pointer[..end]).or_default().push(field);
    }
    let mut all = mentions_in_lua(places, step_index);
    for (at, step) in step_index.steps.iter().enumerate() {
        for field in by_step.get(step.pointer.as_str()).into_iter().flatten() {
            for (name, range) in field.mentions("steps").fields {
                let (line, start) = field.line_column(range.start);
                all.push(Mention {
                    step: at,
                    holder: step.name.clone(),
                    name,
                    pointer: field.pointer.clone(),
                    line,
                    columns: start..start + range.len(),
                    is_expression: true,
                });
            }
        }
    }
    all
}

/// The mentions in `when` and in all other Lua of steps.
fn mentions_in_lua(places: &PlacedDocument, step_index: &StepIndex) -> Vec<Mention> {
    let steps = step_index.steps.iter().enumerate();
    let by_pointer: HashMap<&str, usize> = steps.map(|(at, step)| (step.pointer.as_str(), at)).collect();
    let mut all = Vec::new();
    for lua in places.document.lua_fields() {
        let end = lua.pointer.match_indices('/').nth(2).map_or(lua.pointer.len(), |(at, _)| at);
        let Some(&step) = by_pointer.get(&lua.pointer[..end]) else { continue };
        let Some(block) = places.block(&lua.pointer) else { continue };
        let lines = LineStarts::of(&block.text);
        for (name, range) in global_mentions(places, &lua.pointer, &block.text, "steps") {
            let (line, start) = lines.line_column(range.start);
            all.push(Mention {
                step,
                holder: step_index.steps[step].name.clone(),
                name,
                pointer: lua.pointer.clone(),
                line,
                columns: start..start + range.len(),
                is_expression: &lua.pointer[end..] == "/when",
            });
        }
    }
    all
}

fn not_ended(places: &PlacedDocument, step_index: &StepIndex, mention: &Mention) -> Diagnostic {
    let (holder, name) = (&mention.holder, &mention.name);
    let message = format!("{} `{name}`, which need not have ended", mention.by());
    let is_own = step_index.steps[mention.step].name == *name;
    let found = places.error(codes::STEP_NOT_ENDED, message, &mention.spot(), "has no result yet");
    if is_own {
        return found.help("a step has no result before it has ended");
    }
    found.help(format!("add `needs: {name}` to step `{holder}`"))
}

fn unused<'a>(
    places: &'a PlacedDocument,
    step_index: &'a StepIndex,
    used: &'a BTreeSet<usize>,
) -> impl Iterator<Item = Diagnostic> + 'a {
    let steps = step_index.steps.iter().enumerate();
    steps.filter(|(at, step)| !used.contains(at) && step.verb.is_some_and(|verb| verb != Verb::Write)).map(
        |(_, step)| {
            let message = format!("nothing reads step `{}`, and it writes nothing", step.name);
            places
                .warning(
                    codes::UNUSED_STEP,
                    message,
                    &DocumentPart::Key(&step.pointer),
                    "its results are dropped",
                )
                .help("add a step that reads it, or accept this with `x-allow: [unused_step]`")
        },
    )
}
