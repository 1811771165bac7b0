//! This module lays out the failures of one step, in groups.

use super::line::{StyledLine, TextStyle, folded};
use crate::report::account::Group;
use crate::report::groups::FailureGroups;
use crate::value::printable;

/// Groups shown unless all are asked for.
pub(in crate::report) const SHOWN: usize = 10;
/// Characters of a message shown on its line.
const MESSAGE_SHOWN: usize = 300;
/// Columns for place and message; longer ones push the items to the right.
const WIDTH: usize = 52;
/// Blanks before the items, at least.
const GAP: usize = 3;

/// The lines about these failures, the most frequent first; `None` when there are none.
pub(in crate::report) fn block(
    failures: &FailureGroups,
    step: &str,
    shown: usize,
    screen: Option<usize>,
    color: bool,
) -> Option<String> {
    if failures.is_empty() {
        return None;
    }
    let groups = failures.list();
    let shown = &groups[..shown.min(groups.len())];
    let rest = groups.len() - shown.len();
    let hidden = failures.total() - shown.iter().map(|group| group.count).sum::<u64>();
    let is_bounded = failures.total() > groups.iter().map(|group| group.count).sum();
    let most = groups.first().map_or(0, |group| group.count).max(hidden);
    let digits = most.to_string().len();
    let mut head = StyledLine::new(color);
    head.push(TextStyle::Bad, &format!("  {} failed", failures.total()));
    head.push(TextStyle::Plain, &format!(" in {step}:"));
    let mut lines = vec![head.into_text()];
    lines.extend(shown.iter().flat_map(|group| group_lines(group, digits, screen, color)));
    if hidden > 0 {
        let messages = if is_bounded { format!("more than {rest}") } else { rest.to_string() };
        let noun = if rest == 1 { "message" } else { "messages" };
        lines.push(format!("    {hidden:>digits$} × {messages} other {noun}"));
    }
    Some(lines.join("\n"))
}

/// `    5 × clean.yaml:14:22 attempt to index nil with 'text'      items 17, 402, 977 …` and the source line. Where the terminal
/// is narrow, the items stand on a line of their own.
fn group_lines(group: &Group, digits: usize, screen: Option<usize>, color: bool) -> Vec<String> {
    let text = digits + 7;
    let room = screen.map(|screen| screen.saturating_sub(text));
    let place = group.place.as_deref().map_or(String::new(), |place| format!("{} ", printable(place)));
    let items = items(group);
    let mut message = folded(&format!("{place}{}", cut(&group.message)), room).into_iter();
    let mut line = StyledLine::new(color);
    line.push(TextStyle::Plain, &format!("    {:>digits$} × ", group.count));
    let first = message.next().unwrap_or_default();
    // A place that was folded itself is no heading any more.
    let rest = first.strip_prefix(&place).unwrap_or(&first);
    line.push(TextStyle::Strong, &first[..first.len() - rest.len()]);
    line.push(TextStyle::Plain, rest);
    let below = |style: TextStyle, words: &str| {
        let mut line = StyledLine::new(color);
        line.pad(text, 0);
        line.push(style, words);
        line.into_text()
    };
    let mut more: Vec<String> = message.map(|words| below(TextStyle::Plain, &words)).collect();
    let end = line.width().max(text + WIDTH) + GAP + items.chars().count();
    let beside = screen.map_or(end, |screen| end.min(screen.max(line.width() + GAP + items.chars().count())));
    if more.is_empty() && screen.is_none_or(|screen| beside <= screen) {
        line.pad(beside - items.chars().count(), GAP);
        line.push(TextStyle::Dim, &items);
    } else {
        more.push(below(TextStyle::Dim, &items));
    }
    if let Some((number, source)) = &group.source {
        let source = format!("{number} | {}", cut(source));
        more.extend(folded(&source, room).iter().map(|words| below(TextStyle::Dim, words)));
    }
    more.insert(0, line.into_text());
    more
}

/// `items 17, 402, 977 …`, and of rows of a file ` · lines 18, 403, 978 …`.
fn items(group: &Group) -> String {
    let listed = |noun: &str, first: &[String]| {
        let plural = if group.count == 1 || noun.is_empty() { "" } else { "s" };
        let more = if group.count > first.len() as u64 { " …" } else { "" };
        format!("{noun}{plural} {}{more}", first.join(", "))
    };
    let items: Vec<String> = group.items.iter().map(u64::to_string).collect();
    let mut text = listed("item", &items);
    if !group.rows.is_empty() {
        let noun = if group.place.is_some() { "line" } else { "" };
        text.push_str(" ·");
        text.push_str(if noun.is_empty() { "" } else { " " });
        text.push_str(&printable(&listed(noun, &group.rows)));
    }
    text
}

/// Foreign text on one line of bearable length.
fn cut(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(MESSAGE_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}
