//! Entries are the parts of one map as ranges of the text, each with the comments above and at its end; this module
//! also moves them.

use std::ops::Range;
use std::rc::Rc;

use crate::config::tree::{Node, NodeKey};
use crate::source::SourceFile;

/// A map in block notation, every key on a line of its own.
#[derive(Debug)]
pub(super) struct Entries {
    /// What stands before the first key on its line: spaces, or the dash of a list.
    before: Range<usize>,
    /// For each entry in the order of the file: blank lines, then all that belongs to it.
    parts: Vec<(Range<usize>, Range<usize>)>,
    /// Where the key of each entry stands.
    keys: Vec<usize>,
    /// Positions of the entries in their new order.
    order: Vec<usize>,
}

impl Entries {
    /// `None` for maps in brackets, for what has no plain notation, and for what is in order already.
    pub(super) fn find(
        file: &SourceFile,
        entries: &[(NodeKey, Rc<Node>)],
        names: &[&str],
        is_top: bool,
    ) -> Option<Self> {
        let text = file.text();
        let order = order(entries, names)?;
        let first = entries.first()?.0.span.start;
        let line = |at: usize| file.line_span(file.line_of(at)).start;
        let column = first - line(first);
        let before = line(first)..first;
        let is_lead = |text: &str| text.chars().all(|character| character == ' ' || character == '-');
        let is_plain = |(at, entry): (usize, &(NodeKey, Rc<Node>))| {
            let start = entry.0.span.start;
            let lead = &text[line(start)..start];
            start - line(start) == column
                && if at == 0 { is_lead(lead) } else { lead.trim_matches(' ').is_empty() }
        };
        if !entries.iter().enumerate().all(is_plain) {
            return None;
        }
        let keys: Vec<usize> = entries.iter().map(|(key, _)| key.span.start).collect();
        let mut starts = vec![above_first(file, first, column, is_top)];
        starts.extend(keys[1..].iter().map(|key| above(file, *key, column)));
        let end = end(file, *keys.last()?, column);
        let ends = starts.iter().skip(1).copied().chain([end]);
        let ranges = starts.iter().zip(ends).map(|(start, end)| {
            let body = text[*start..end].split_inclusive('\n').take_while(|line| line.trim().is_empty());
            let body = start + body.map(str::len).sum::<usize>();
            (*start..body, body..end)
        });
        Some(Self { before, parts: ranges.collect(), keys, order })
    }

    /// The text with the entries in order; its length stays, and nothing outside of them moves.
    pub(super) fn ordered(&self, text: &str) -> String {
        let lead = &text[self.before.clone()];
        let blank = " ".repeat(lead.len());
        let mut out = String::with_capacity(text.len());
        let start = self.parts[0].0.start;
        out.push_str(&text[..start]);
        for (place, &at) in self.order.iter().enumerate() {
            // Blank lines stay where they are, so that none comes to stand at the beginning.
            out.push_str(&text[self.parts[place].0.clone()]);
            let body = &self.parts[at].1;
            let key = self.keys[at];
            let line = key - lead.len();
            out.push_str(&text[body.start..line]);
            out.push_str(if place == 0 { lead } else { &blank });
            out.push_str(&text[key..body.end]);
        }
        let end = self.parts.last().map_or(start, |(_, body)| body.end);
        out.push_str(&text[end..]);
        out
    }
}

/// Positions of the entries in their new order; `None`: they are in it.
fn order(entries: &[(NodeKey, Rc<Node>)], names: &[&str]) -> Option<Vec<usize>> {
    let mut before = -2;
    let ranks: Vec<isize> = entries
        .iter()
        .map(|(key, _)| {
            if key.merge {
                return -1;
            }
            let known = names.iter().position(|name| *name == key.text);
            let known = known.and_then(|known| isize::try_from(known).ok());
            match known {
                // Keys of the writer's own stay behind the one that they followed: they may hold anchors.
                None => before,
                Some(rank) if key.text.starts_with("x-") => rank,
                Some(rank) => {
                    before = rank;
                    rank
                }
            }
        })
        .collect();
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|at| ranks[*at]);
    (!order.is_sorted()).then_some(order)
}

/// Where an entry begins: at its key's line, or at the first of the comments and blank lines above it that are not
/// indented deeper, and so are neither a comment at the end of the entry before nor text of a block.
fn above(file: &SourceFile, key: usize, column: usize) -> usize {
    let mut line = file.line_of(key);
    while line > 1 {
        let text = file.line(line - 1);
        let indent = text.len() - text.trim_start().len();
        let is_own = text.trim().is_empty() || (text.trim_start().starts_with('#') && indent <= column);
        if !is_own {
            break;
        }
        line -= 1;
    }
    file.line_span(line).start
}

/// The same for the first entry: only comments right above it, and at the top of the file none, because that is what
/// speaks of the whole file.
fn above_first(file: &SourceFile, key: usize, column: usize, is_top: bool) -> usize {
    let mut line = file.line_of(key);
    let is_dash = file.line(line).trim_start().starts_with('-');
    while line > 1 && !is_top && !is_dash {
        let text = file.line(line - 1);
        if !text.trim_start().starts_with('#') || text.len() - text.trim_start().len() != column {
            break;
        }
        line -= 1;
    }
    file.line_span(line).start
}

/// Where the last entry ends: before the first line that is indented less, but for blank lines.
fn end(file: &SourceFile, key: usize, column: usize) -> usize {
    let text = file.text();
    let mut line = file.line_of(key);
    let mut end = line;
    loop {
        line += 1;
        let span = file.line_span(line);
        if span.start >= text.len() || line > file.line_of(text.len()) {
            break;
        }
        let content = file.line(line);
        if content.trim().is_empty() {
            continue;
        }
        let indent = content.len() - content.trim_start().len();
        let rest = content.trim_start();
        // A list may stand as far left as the key that it belongs to; comments there close the map's last entry.
        let is_list = rest == "-" || rest.starts_with("- ");
        let is_inside =
            indent > column || (indent == column && (is_list || (column > 0 && rest.starts_with('#'))));
        if !is_inside {
            break;
        }
        end = line;
    }
    let next = file.line_span(end + 1);
    if next.start > file.line_span(end).start { next.start } else { text.len() }
}
