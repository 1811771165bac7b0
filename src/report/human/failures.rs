//! This module groups the failures of one step by message and place. Memory is bounded by the number of groups.

use std::collections::HashMap;
use std::sync::Arc;

use super::line::{StyledLine, TextStyle};
use crate::event::Place;
use crate::value::printable;

/// Groups shown unless all are asked for.
pub(in crate::report) const SHOWN: usize = 10;
/// Groups kept. Messages that hold a piece of the item would else be kept once for each item.
const KEPT: usize = 1000;
/// Bytes of a message kept: a message may hold the whole item.
const MESSAGE_BYTES: usize = 2000;
/// Characters of a message shown on its line.
const MESSAGE_SHOWN: usize = 300;
/// Items named in each group.
const ITEMS: usize = 3;
/// Columns for place and message; longer ones push the items to the right.
const WIDTH: usize = 52;
/// Blanks before the items, at least.
const GAP: usize = 3;

/// Failures of one step.
#[derive(Debug, Default)]
pub(in crate::report) struct Failures {
    total: u64,
    groups: HashMap<GroupKey, AlikeFailures>,
    /// Failures whose message came after the last group that is kept.
    others: u64,
}

type GroupKey = (Arc<str>, Option<Place>);

/// Items that failed in the same way.
#[derive(Debug, Default)]
struct AlikeFailures {
    count: u64,
    /// The first items by index, in order: failures come in any order.
    first: Vec<u64>,
}

impl AlikeFailures {
    fn add(&mut self, index: u64) {
        self.count += 1;
        let at = self.first.partition_point(|other| *other < index);
        if at < ITEMS {
            self.first.insert(at, index);
            self.first.truncate(ITEMS);
        }
    }

    /// `items 17, 402, 977 …`
    fn items(&self) -> String {
        let first: Vec<String> = self.first.iter().map(u64::to_string).collect();
        let noun = if self.count == 1 { "item" } else { "items" };
        let more = if self.count > first.len() as u64 { " …" } else { "" };
        format!("{noun} {}{more}", first.join(", "))
    }
}

impl Failures {
    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }

    pub(in crate::report) fn add(&mut self, index: u64, message: &Arc<str>, place: Option<&Place>) {
        self.total += 1;
        let key = (shortened(message), place.cloned());
        if let Some(group) = self.groups.get_mut(&key) {
            group.add(index);
        } else if self.groups.len() < KEPT {
            self.groups.entry(key).or_default().add(index);
        } else {
            self.others += 1;
        }
    }

    /// The lines about these failures, the most frequent first; `None` when there are none.
    pub(in crate::report) fn block(&self, step: &str, shown: usize, color: bool) -> Option<String> {
        if self.total == 0 {
            return None;
        }
        let mut groups: Vec<(&GroupKey, &AlikeFailures)> = self.groups.iter().collect();
        groups.sort_by_key(|(_, group)| (std::cmp::Reverse(group.count), group.first.first().copied()));
        let shown = shown.min(groups.len());
        let rest = groups.len() - shown;
        let hidden: u64 = groups[shown..].iter().map(|(_, group)| group.count).sum::<u64>() + self.others;
        let most = groups.first().map_or(0, |(_, group)| group.count).max(hidden);
        let digits = most.to_string().len();
        let mut head = StyledLine::new(color);
        head.push(TextStyle::Bad, &format!("  {} failed", self.total));
        head.push(TextStyle::Plain, &format!(" in {step}:"));
        let mut lines = vec![head.into_text()];
        for (key, group) in groups.iter().take(shown) {
            lines.extend(group_lines(key, group, digits, color));
        }
        if hidden > 0 {
            let messages = if self.others > 0 { format!("more than {rest}") } else { rest.to_string() };
            lines.push(format!(
                "    {hidden:>digits$} × {messages} other message{}",
                if rest == 1 { "" } else { "s" }
            ));
        }
        Some(lines.join("\n"))
    }
}

/// `    5 × clean.yaml:14:22 attempt to index nil with 'text'      items 17, 402, 977 …` and the source line.
fn group_lines(
    (message, place): &GroupKey,
    group: &AlikeFailures,
    digits: usize,
    color: bool,
) -> Vec<String> {
    let mut line = StyledLine::new(color);
    line.push(TextStyle::Plain, &format!("    {:>digits$} × ", group.count));
    let text = digits + 7;
    if let Some(place) = place {
        line.push(TextStyle::Strong, &format!("{place} "));
    }
    line.push(TextStyle::Plain, &cut(message));
    line.pad(text + WIDTH + GAP, GAP);
    line.push(TextStyle::Dim, &group.items());
    let mut lines = vec![line.into_text()];
    if let Some((number, source)) =
        place.as_ref().and_then(|place| Some((place.line, place.source.as_ref()?)))
    {
        let mut line = StyledLine::new(color);
        line.pad(text, 0);
        line.push(TextStyle::Dim, &format!("{number} | {}", cut(source)));
        lines.push(line.into_text());
    }
    lines
}

/// The message, or its beginning.
fn shortened(message: &Arc<str>) -> Arc<str> {
    if message.len() <= MESSAGE_BYTES {
        return Arc::clone(message);
    }
    let end = (0..=MESSAGE_BYTES).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
    Arc::from(&message[..end])
}

/// Foreign text on one line of bearable length.
fn cut(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(MESSAGE_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}
