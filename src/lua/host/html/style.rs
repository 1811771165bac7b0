//! This module reads the style that stands on an element, as far as it says what is shown and where lines end.

use super::layout::Layout;

/// What a style says; nothing of what it does not say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Style {
    pub(super) layout: Option<Layout>,
    pub(super) is_visible: Option<bool>,
    pub(super) is_preformatted: Option<bool>,
    /// Whether its children are blocks whatever they are.
    pub(super) makes_blocks: bool,
    /// Whether what it stands on is there without its content.
    pub(super) hides_content: bool,
}

/// Reads a `style` attribute. The last declaration of a property counts, one with `!important` before others.
pub(super) fn read(text: &str) -> Style {
    let text = without_comments(text);
    let mut style = Style::default();
    for is_important in [false, true] {
        for declaration in declarations(&text) {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let value = value.trim().to_ascii_lowercase();
            let (value, important) = match value.rsplit_once('!') {
                Some((value, word)) if word.trim() == "important" => (value.trim(), true),
                _ => (&*value, false),
            };
            if important == is_important {
                style.set(&name.trim().to_ascii_lowercase(), value);
            }
        }
    }
    style
}

impl Style {
    /// Takes a declaration over, unless it makes no sense.
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "display" => {
                if let Some(layout) = layout(value) {
                    self.layout = Some(layout);
                    self.makes_blocks = value.contains("flex") || value.contains("grid");
                }
            }
            "visibility" => {
                self.is_visible = match value {
                    "hidden" | "collapse" => Some(false),
                    "visible" | "initial" => Some(true),
                    _ => self.is_visible,
                };
            }
            "white-space" => {
                self.is_preformatted = match value {
                    "pre" | "pre-wrap" | "pre-line" | "break-spaces" => Some(true),
                    "normal" | "nowrap" | "initial" => Some(false),
                    _ => self.is_preformatted,
                };
            }
            "content-visibility" => match value {
                "hidden" => self.hides_content = true,
                "visible" | "auto" | "initial" => self.hides_content = false,
                _ => {}
            },
            _ => {}
        }
    }
}

fn layout(display: &str) -> Option<Layout> {
    match display {
        "none" => Some(Layout::None),
        "block" | "flow-root" | "flex" | "grid" | "list-item" | "table" | "table-row" | "table-row-group"
        | "table-header-group" | "table-footer-group" | "table-caption" | "-webkit-box" | "-webkit-flex"
        | "block flow" | "block flex" | "block grid" => Some(Layout::Block),
        "table-cell" => Some(Layout::Cell),
        "inline" | "inline-block" | "inline-flex" | "inline-grid" | "inline-table" | "contents"
        | "initial" | "ruby" => Some(Layout::Inline),
        _ => None,
    }
}

fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, behind)| behind);
    }
    kept + rest
}

/// The declarations between semicolons, but not those in quotes or brackets.
fn declarations(text: &str) -> impl Iterator<Item = &str> {
    let mut quote = None;
    let mut open = 0_usize;
    text.split(move |sign: char| {
        match (quote, sign) {
            (Some(end), _) if sign == end => quote = None,
            (None, '"' | '\'') => quote = Some(sign),
            (None, '(' | '[' | '{') => open += 1,
            (None, ')' | ']' | '}') => open = open.saturating_sub(1),
            _ => {}
        }
        sign == ';' && quote.is_none() && open == 0
    })
}
