//! This module holds a text to YAML's rule for lines in brackets and quotes: each is indented further than the key or
//! `-` that it belongs to. Only a closing bracket may stand below its key, as editors let it. Where nothing else is wrong,
//! the text is read without the rule, so that the tree says where the brackets end.

use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::build::{Built, Margin, ReadStop, build};
use super::fault::{Mend, YamlFault, tab_fault};
use super::lines::{indent, is_blank, line_at, lines_from};
use super::{Node, NodeKind, Patch};
use crate::source::{SourceFile, Span};

/// Reads one document, and says which line stands too far left, when nothing else keeps it from being read.
pub(super) fn read(file: &Arc<SourceFile>, text: &str) -> (Built, Option<YamlFault>) {
    let strict = build(file, text, Margin::Kept);
    if !matches!(strict.stop, Some(ReadStop::Syntax { .. })) {
        return (strict, None);
    }
    let free = build(file, text, Margin::Free);
    let Built { root: Some(root), stop: None, .. } = &free else { return (free, None) };
    let mut moved = Patch::new(text.to_owned());
    moved.replace(&closing_brackets(root, text));
    match build(file, &moved.text, Margin::Kept).stop {
        Some(ReadStop::Syntax { at, .. }) => {
            let at = moved.original(Span::new(at, at), text).start;
            match explain(root, text, at) {
                Some(fault) => (free, Some(fault)),
                None => (strict, None),
            }
        }
        _ => (free, None),
    }
}

/// Moves closing brackets that stand below their keys to the right, as far as the rule wants them.
fn closing_brackets(root: &Rc<Node>, text: &str) -> Vec<(Range<usize>, String)> {
    let mut edits = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![(root, 0)];
    while let Some((node, margin)) = open.pop() {
        // An alias is its anchor's node, which stands where it was written first.
        if !seen.insert(Rc::as_ptr(node)) {
            continue;
        }
        if !is_block(node, text) {
            let enclosed = Enclosed { span: node.span, margin };
            let is_closing = |lead: &Range<usize>| {
                lead.len() + 1 == margin
                    && !text[lead.clone()].contains('\t')
                    && text[lead.end..].starts_with([']', '}'])
            };
            if enclosed.is_in_brackets(text) {
                edits.extend(enclosed.indented(text).into_iter().filter(|(lead, _)| is_closing(lead)));
            }
            continue;
        }
        let margin = margin_in(node, text);
        match &node.kind {
            NodeKind::List(items) => open.extend(items.iter().map(|item| (item, margin))),
            NodeKind::Map(entries) => open.extend(entries.iter().map(|(_, value)| (value, margin))),
            _ => {}
        }
    }
    edits.sort_by_key(|(lead, _)| lead.start);
    edits
}

/// Whether a node is a list or map without brackets.
fn is_block(node: &Node, text: &str) -> bool {
    matches!(node.kind, NodeKind::List(_) | NodeKind::Map(_))
        && !text[node.span.start..].starts_with(['[', '{'])
}

/// Spaces that lines in brackets and quotes begin with, at least, in this list or map without brackets.
fn margin_in(node: &Node, text: &str) -> usize {
    text[line_at(text, node.span.start).start..node.span.start].chars().count() + 1
}

/// What is written in brackets or quotes, over several lines.
struct Enclosed {
    span: Span,
    /// Spaces that each of its lines but the first begins with, at least.
    margin: usize,
}

impl Enclosed {
    /// The outermost one around a byte.
    fn find(root: &Rc<Node>, text: &str, at: usize) -> Option<Self> {
        let holds = |span: Span| span.start <= at && at <= span.end;
        let mut node = root;
        let mut margin = 0;
        loop {
            if !is_block(node, text) {
                return Some(Self { span: node.span, margin });
            }
            margin = margin_in(node, text);
            node = match &node.kind {
                NodeKind::List(items) => items.iter().find(|item| holds(item.span))?,
                NodeKind::Map(entries) => {
                    if let Some((key, _)) = entries.iter().find(|(key, _)| holds(key.span)) {
                        return Some(Self { span: key.span, margin });
                    }
                    entries.iter().map(|(_, value)| value).find(|value| holds(value.span))?
                }
                _ => return None,
            };
        }
    }

    /// Whether it is in brackets, not in quotes.
    fn is_in_brackets(&self, text: &str) -> bool {
        text[self.span.start..].starts_with(['[', '{'])
    }

    /// Moves its lines to the right where they have to.
    fn indented(&self, text: &str) -> Vec<(Range<usize>, String)> {
        let lines = lines_from(text, self.span.start).skip(1).take_while(|line| line.start < self.span.end);
        let mut edits = Vec::new();
        for line in lines {
            let lead = indent(text, &line);
            let spaces = lead.bytes().take_while(|byte| *byte == b' ').count();
            let is_blank = is_blank(text, &line);
            if spaces < self.margin && (!is_blank || lead.contains('\t')) {
                let margin = if is_blank { 0 } else { self.margin };
                edits.push((line.start..line.start + lead.len(), " ".repeat(margin)));
            }
        }
        edits
    }
}

/// Says what is wrong with the line of a byte.
fn explain(root: &Rc<Node>, text: &str, at: usize) -> Option<YamlFault> {
    let enclosed = Enclosed::find(root, text, at)?;
    let opening = text[enclosed.span.start..].chars().next().filter(|c| "[{\"'".contains(*c))?;
    let edits = enclosed.indented(text);
    let line = line_at(text, at);
    if !edits.iter().any(|(range, _)| range.start == line.start) {
        return None;
    }
    let mend = Mend::Replace(edits);
    let lead = indent(text, &line);
    if let Some(tab) = lead.find('\t') {
        let run = lead[tab..].bytes().take_while(|byte| *byte == b'\t').count();
        let start = line.start + tab;
        return Some(tab_fault(Span::new(start, start + run), "tab here".to_owned(), mend));
    }
    let place = if enclosed.is_in_brackets(text) { "in brackets" } else { "of a quoted text" };
    let first = text[..enclosed.span.start].matches('\n').count() + 1;
    let spaces = if enclosed.margin == 1 { "space belongs" } else { "spaces belong" };
    Some(YamlFault {
        code: "flowrun::yaml_syntax",
        message: format!("a line {place} starts too far left"),
        span: Span::new(line.start + lead.len(), line.start + text[line.clone()].trim_end().len()),
        label: format!("at least {} {spaces} before this", enclosed.margin),
        help: Some(format!(
            "such a line is indented further than the key or `-` it belongs to; the `{opening}` of line {first} is open here"
        )),
        mend,
    })
}
