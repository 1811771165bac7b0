//! This module adds the line end behind a file's last line, when it lacks one.

use std::rc::Rc;

use crate::config::document::Style;
use crate::config::tree::{Node, NodeKind};

/// The text with a line end behind its last line, unless a block of text ends there: whether the line end would be a part
/// of that text is a thing on which readers of YAML disagree.
pub(super) fn ended(text: &str, root: &Rc<Node>) -> String {
    let is_block_last = last_block(root).is_some_and(|end| text[end..].trim().is_empty());
    if text.ends_with('\n') || is_block_last {
        return text.to_owned();
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    format!("{text}{end}")
}

/// Where the block of text ends that stands last.
fn last_block(root: &Rc<Node>) -> Option<usize> {
    let mut last = None;
    let mut open = vec![Rc::clone(root)];
    while let Some(node) = open.pop() {
        match &node.kind {
            NodeKind::List(items) => open.extend(items.last().cloned()),
            NodeKind::Map(entries) => open.extend(entries.last().map(|(_, value)| Rc::clone(value))),
            _ => {}
        }
        let style = node.written.map(|written| written.style);
        let is_block = matches!(style, Some(Style::Literal | Style::Folded));
        last = last.max(is_block.then_some(node.span.end));
    }
    last
}
