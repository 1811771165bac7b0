//! This module lays out lines about steps: verb, name, counts, duration, rate, one under the other.

use std::borrow::Cow;

use super::line::{StyledLine, TextStyle};
use crate::event::{ReuseCounts, StepInfo, StepResult, StepStatus, Verb};
use crate::report::figures;
use crate::value::printable;

/// Columns for the counts of a step; longer counts push the duration to the right.
const COUNTS: usize = 52;
/// Blanks between the counts and the duration, at least.
const GAP: usize = 3;

/// Widths that suit the steps of one run.
#[derive(Debug, Default)]
pub(in crate::report) struct ColumnWidths {
    verb: usize,
    name: usize,
}

impl ColumnWidths {
    pub(in crate::report) fn of(steps: &[StepInfo]) -> Self {
        let longest =
            |least: usize, length: fn(&StepInfo) -> usize| steps.iter().map(length).fold(least, usize::max);
        Self {
            verb: 2 + longest(5, |step| step.verb_name().len()),
            name: 2 + longest(8, |step| step.name.chars().count()),
        }
    }

    /// Verb and name, up to where the counts begin.
    pub(in crate::report) fn head(&self, info: &StepInfo, color: bool) -> StyledLine {
        let mut line = StyledLine::new(color);
        line.pad(self.verb - info.verb_name().len(), 0);
        line.push(TextStyle::Dim, info.verb_name());
        line.push(TextStyle::Plain, " ");
        line.push(TextStyle::Strong, &info.name);
        line.pad(self.counts(), 0);
        line
    }

    /// A line of further words on a step, under its counts.
    pub(in crate::report) fn below(&self, style: TextStyle, text: &str, color: bool) -> String {
        let mut line = StyledLine::new(color);
        line.pad(self.counts(), 0);
        line.push(style, text);
        line.into_text()
    }

    /// The line of a step that has ended, and a second one with the reason when it has one.
    pub(in crate::report) fn finished(&self, info: &StepInfo, result: &StepResult, color: bool) -> String {
        let mut line = self.head(info, color);
        let status = result.status.name();
        let reason = result.reason.as_deref().map(printable);
        let words = reason.map_or(status.to_owned(), |reason| format!("{status}: {reason}"));
        if has_not_begun(result) {
            line.push(TextStyle::Dim, &words);
            return self.with_reuse(line.into_text(), result, color);
        }
        push_counts(&mut line, info, result);
        line.pad(self.counts() + COUNTS + GAP, GAP);
        line.push(TextStyle::Plain, &figures::duration(result.duration));
        if let Some(rate) = rate(info, result) {
            line.push(TextStyle::Plain, &format!("  {rate}"));
        }
        let mut text = line.into_text();
        if result.status != StepStatus::Succeeded {
            let style = if result.status == StepStatus::Failed { TextStyle::Bad } else { TextStyle::Warn };
            text.push('\n');
            text.push_str(&self.below(style, &words, color));
        } else if let Some(reason) = &result.reason {
            text.push('\n');
            text.push_str(&self.below(TextStyle::Dim, &printable(reason), color));
        }
        self.with_reuse(text, result, color)
    }

    /// What a resumed step took over goes under its counts.
    fn with_reuse(&self, mut text: String, result: &StepResult, color: bool) -> String {
        if let Some(counts) = &result.reuse {
            text.push('\n');
            text.push_str(&self.below(TextStyle::Dim, &reuse(counts), color));
        }
        text
    }

    fn counts(&self) -> usize {
        self.verb + 1 + self.name
    }
}

/// `reused 95, redone 5 (3 failed before, 2 new), 1 dropped (no longer in the source)`
pub fn reuse(counts: &ReuseCounts) -> String {
    let reasons: Vec<String> = match &counts.reasons[..] {
        [(only, _)] => vec![printable(only).into_owned()],
        several => several.iter().map(|(reason, count)| format!("{count} {}", printable(reason))).collect(),
    };
    let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    let dropped = match counts.dropped {
        0 => String::new(),
        dropped => format!(", {dropped} dropped (no longer in the source)"),
    };
    format!("reused {}, redone {}{reasons}{dropped}", counts.reused, counts.redone)
}

/// Whether there is nothing to count, and nothing went wrong with the step itself.
fn has_not_begun(result: &StepResult) -> bool {
    match result.status {
        StepStatus::Skipped => true,
        StepStatus::Cancelled => result.total == 0,
        StepStatus::Succeeded | StepStatus::Failed => false,
    }
}

/// Whether the step calls a function on every item.
fn is_map_like(info: &StepInfo) -> bool {
    info.verb.is_some_and(Verb::is_map_like)
}

fn rate(info: &StepInfo, result: &StepResult) -> Option<String> {
    let done = result.tally.ended() - result.tally.cancelled;
    if is_map_like(info) { figures::rate(done, result.duration) } else { None }
}

/// `10000 items · 9962 ok · 31 skipped · 7 failed (99.93 %, needed 95 %) · 12 retried`
fn push_counts(line: &mut StyledLine, info: &StepInfo, result: &StepResult) {
    let tally = &result.tally;
    line.push(TextStyle::Plain, &figures::items(result.total));
    let whole = tally.failed + tally.skipped + tally.cancelled == 0;
    if is_map_like(info) || !whole {
        line.push(TextStyle::Plain, &format!(" · {} ok", tally.succeeded));
    }
    if tally.skipped > 0 {
        line.push(TextStyle::Plain, &format!(" · {} skipped", tally.skipped));
    }
    if tally.failed > 0 {
        line.push(TextStyle::Plain, " · ");
        line.push(TextStyle::Bad, &format!("{} failed", tally.failed));
    }
    if tally.cancelled > 0 {
        line.push(TextStyle::Plain, " · ");
        line.push(TextStyle::Warn, &format!("{} cancelled", tally.cancelled));
    }
    if tally.failed + tally.cancelled > 0 {
        line.push(TextStyle::Plain, &format!(" ({})", share(result)));
    }
    if tally.retried > 0 {
        line.push(TextStyle::Plain, &format!(" · {} retried", tally.retried));
    }
    match (info.verb, &result.target) {
        // A file that was not written must not look as if it were.
        (_, Some(_)) if result.status != StepStatus::Succeeded && result.outputs.is_empty() => {}
        (_, Some(target)) => {
            line.push(TextStyle::Plain, &format!(" → {}", file_name(target)));
            push_partial(line, result);
        }
        (Some(Verb::Filter | Verb::Take | Verb::Sample | Verb::Unique), None) => {
            line.push(TextStyle::Plain, &format!(" → {} kept", result.emitted));
        }
        (Some(Verb::Batch | Verb::GroupBy | Verb::Aggregate | Verb::Reduce), None)
            if result.status == StepStatus::Succeeded =>
        {
            let (one, many) = match info.verb {
                Some(Verb::Batch) => ("list", "lists"),
                Some(Verb::GroupBy | Verb::Aggregate) => ("group", "groups"),
                _ => ("value", "values"),
            };
            let noun = if result.emitted == 1 { one } else { many };
            line.push(TextStyle::Plain, &format!(" → {} {noun}", result.emitted));
        }
        (Some(Verb::FlatMap | Verb::Join), None) => {
            line.push(TextStyle::Plain, &format!(" → {}", figures::items(result.emitted)));
        }
        _ => {}
    }
}

/// That a file holds a part only must not be overlooked.
fn push_partial(line: &mut StyledLine, result: &StepResult) {
    if let Some(why) = result.outputs.iter().find_map(|output| output.partial.as_deref()) {
        line.push(TextStyle::Plain, " · ");
        line.push(TextStyle::Warn, &format!("partial ({})", printable(why)));
    }
}

/// A file as people call it.
fn file_name(target: &str) -> Cow<'_, str> {
    if target == "-" { "standard output".into() } else { printable(target) }
}

/// `99.93 %, needed 95 %`
fn share(result: &StepResult) -> String {
    let tally = &result.tally;
    let eligible = tally.ended() - tally.skipped;
    let share = match result.needed {
        Some((ratio, need)) if tally.succeeded < need => {
            figures::percent_short_of(ratio, tally.succeeded, eligible)
        }
        _ => figures::percent(tally.succeeded, eligible),
    };
    match result.needed {
        Some((ratio, _)) => format!("{share}, needed {}", figures::percent_of(ratio)),
        None => share,
    }
}
