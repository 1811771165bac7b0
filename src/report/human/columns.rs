//! This module lays out lines about steps: verb, name, counts, duration, rate, one under the other.

use std::borrow::Cow;

use super::line::{StyledLine, TextStyle, folded};
use crate::event::{ReuseCounts, StepInfo, StepResult, StepStatus, Verb};
use crate::report::figures;
use crate::value::printable;

/// Columns for the counts of a step; longer counts push the duration to the right.
const COUNTS: usize = 52;
/// Blanks between the counts and the duration, at least.
const GAP: usize = 3;
/// Columns of counts for which names of steps are cut short.
const COUNTS_LEAST: usize = 36;
/// Columns that a name keeps.
const NAME_LEAST: usize = 8;

/// Widths that suit the steps of one run.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::report) struct ColumnWidths {
    verb: usize,
    name: usize,
    /// Of the terminal, where there is one.
    screen: Option<usize>,
}

impl ColumnWidths {
    pub(in crate::report) fn of(steps: &[StepInfo]) -> Self {
        let longest =
            |least: usize, length: fn(&StepInfo) -> usize| steps.iter().map(length).fold(least, usize::max);
        Self {
            verb: 2 + longest(5, |step| step.verb_name().len()),
            name: 2 + longest(8, |step| step.name.chars().count()),
            screen: None,
        }
    }

    /// The same on a terminal of so many columns, with names cut short where it is narrow.
    pub(in crate::report) fn on_screen(self, screen: Option<usize>) -> Self {
        let room = screen.map_or(usize::MAX, |screen| screen.saturating_sub(self.verb + 1 + COUNTS_LEAST));
        Self { screen, ..self.narrowed(self.name.saturating_sub(room)) }
    }

    /// The same with so many columns less for names, as far as they can spare them.
    pub(in crate::report) fn narrowed(self, columns: usize) -> Self {
        Self { name: self.name.saturating_sub(columns).max(self.name.min(NAME_LEAST)), ..self }
    }

    /// Verb and name, up to where the counts begin.
    pub(in crate::report) fn head(&self, info: &StepInfo, color: bool) -> StyledLine {
        let mut line = StyledLine::new(color);
        line.pad(self.verb - info.verb_name().len(), 0);
        line.push(TextStyle::Dim, info.verb_name());
        line.push(TextStyle::Plain, " ");
        line.push(TextStyle::Strong, &shortened(&info.name, self.name - 2));
        line.pad(self.counts(), 0);
        line
    }

    /// Further words on a step, under its counts.
    pub(in crate::report) fn below(&self, style: TextStyle, text: &str, color: bool) -> String {
        let lines = folded(text, self.screen.map(|screen| screen.saturating_sub(self.counts())));
        let line = |text: &String| {
            let mut line = StyledLine::new(color);
            line.pad(self.counts(), 0);
            line.push(style, text);
            line.into_text()
        };
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The line of a step that has ended, and a second one with the reason when it has one.
    pub(in crate::report) fn finished(&self, info: &StepInfo, result: &StepResult, color: bool) -> String {
        let mut line = self.head(info, color);
        let status = result.status.name();
        let reason = result.reason.as_deref().map(printable);
        let words = reason.map_or(status.to_owned(), |reason| format!("{status}: {reason}"));
        if has_not_begun(result) {
            let below = self.below(TextStyle::Dim, &words, color);
            line.push(TextStyle::Plain, below.trim_start());
            return self.with_reuse(line.into_text(), result, color);
        }
        let mut text = self.counted(line, info, result, color);
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

    /// The counts, duration and rate behind the head of a line. Where the terminal is narrow, counts go on below.
    fn counted(&self, mut line: StyledLine, info: &StepInfo, result: &StepResult, color: bool) -> String {
        let mut time = figures::duration(result.duration);
        if let Some(rate) = rate(info, result) {
            time.extend(["  ", &rate]);
        }
        let room = self.screen.map(|screen| screen.saturating_sub(self.counts()));
        let first = room.map(|room| room.saturating_sub(GAP + time.len()));
        let mut rows = vec![StyledLine::new(color)];
        for (separator, part) in parts(info, result, room, color) {
            let room = if rows.len() == 1 { first } else { room };
            let row = rows.last_mut().expect("there is one");
            match room {
                Some(room)
                    if row.width() > 0 && row.width() + separator.chars().count() + part.width() > room =>
                {
                    rows.push(part);
                }
                _ => {
                    row.push(TextStyle::Plain, if row.width() > 0 { separator } else { "" });
                    row.append(&part);
                }
            }
        }
        line.append(&rows[0]);
        line.pad(self.counts() + first.map_or(COUNTS, |first| first.min(COUNTS)) + GAP, GAP);
        line.push(TextStyle::Plain, &time);
        let mut text = line.into_text();
        for row in &rows[1..] {
            let mut line = StyledLine::new(color);
            line.pad(self.counts(), 0);
            line.append(row);
            text.push('\n');
            text.push_str(&line.into_text());
        }
        text
    }

    /// Where the counts begin.
    pub(in crate::report) fn counts(&self) -> usize {
        self.verb + 1 + self.name
    }
}

/// `reused 95, redone 5 (3 failed before, 2 new), 1 dropped (no longer in the source)`, `reused 100 from 3 shards, redone 0`
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
    let from = figures::from_shards(counts.shards);
    format!("reused {}{from}, redone {}{reasons}{dropped}", counts.reused, counts.redone)
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

/// `10000 items · 9962 ok · 31 skipped · 7 failed (99.93 %, needed 95 %) · 12 retried`, in parts with what
/// stands before each. None is wider than `room`.
fn parts(
    info: &StepInfo,
    result: &StepResult,
    room: Option<usize>,
    color: bool,
) -> Vec<(&'static str, StyledLine)> {
    let tally = &result.tally;
    let part = |style: TextStyle, text: &str| {
        let mut line = StyledLine::new(color);
        line.push(style, text);
        (" · ", line)
    };
    let mut parts = vec![part(TextStyle::Plain, &figures::items(result.total))];
    let whole = tally.failed + tally.skipped + tally.cancelled == 0;
    let counts = [
        (tally.succeeded, "ok", TextStyle::Plain),
        (tally.skipped, "skipped", TextStyle::Plain),
        (tally.failed, "failed", TextStyle::Bad),
        (tally.cancelled, "cancelled", TextStyle::Warn),
    ];
    let is_said = |count: u64, name: &str| if name == "ok" { is_map_like(info) || !whole } else { count > 0 };
    let counts = counts.into_iter().filter(|(count, name, _)| is_said(*count, name));
    parts.extend(counts.map(|(count, name, style)| part(style, &format!("{count} {name}"))));
    if tally.failed + tally.cancelled > 0 {
        let (_, last) = parts.last_mut().expect("the items are there");
        last.push(TextStyle::Plain, &format!(" ({})", share(result)));
    }
    if tally.retried > 0 {
        parts.push(part(TextStyle::Plain, &format!("{} retried", tally.retried)));
    }
    if let Some(given) = given(info, result) {
        let pieces = folded(&format!("→ {given}"), room);
        parts.extend(pieces.iter().map(|piece| (" ", part(TextStyle::Plain, piece).1)));
    }
    if result.spilled > 0 {
        parts.push(part(TextStyle::Plain, &format!("{} in temporary files", figures::bytes(result.spilled))));
    }
    if result.target.is_some()
        && (result.status == StepStatus::Succeeded || !result.outputs.is_empty())
        && let Some(why) = result.outputs.iter().find_map(|output| output.partial.as_deref())
    {
        // That a file holds a part only must not be overlooked.
        let pieces = folded(&format!("partial ({})", printable(why)), room);
        parts.extend(pieces.iter().map(|piece| part(TextStyle::Warn, piece)));
    }
    parts
}

/// What came of the items.
fn given(info: &StepInfo, result: &StepResult) -> Option<String> {
    match (info.verb, &result.target) {
        // A file that was not written must not look as if it were.
        (_, Some(_)) if result.status != StepStatus::Succeeded && result.outputs.is_empty() => None,
        (_, Some(target)) => Some(file_name(target).into_owned()),
        (Some(Verb::Filter | Verb::Take | Verb::Sample | Verb::Unique), None) => {
            Some(format!("{} kept", result.emitted))
        }
        (Some(Verb::Batch | Verb::GroupBy | Verb::Aggregate | Verb::Reduce), None)
            if result.status == StepStatus::Succeeded =>
        {
            let (one, many) = match info.verb {
                Some(Verb::Batch) => ("list", "lists"),
                Some(Verb::GroupBy | Verb::Aggregate) => ("group", "groups"),
                _ => ("value", "values"),
            };
            Some(format!("{} {}", result.emitted, if result.emitted == 1 { one } else { many }))
        }
        (Some(Verb::FlatMap | Verb::Join), None) => Some(figures::items(result.emitted)),
        _ => None,
    }
}

/// A name of so many columns at most.
fn shortened(name: &str, columns: usize) -> Cow<'_, str> {
    if name.chars().count() <= columns {
        return name.into();
    }
    let kept: String = name.chars().take(columns.saturating_sub(1)).collect();
    format!("{kept}…").into()
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
