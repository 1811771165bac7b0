//! This module gives the text of a parsed document as a browser shows it. It does not look at style sheets.

use mlua::Value;
use scraper::ElementRef;

use super::document::{self, Visit};
use crate::lua::host::call::Call;

/// `html.text`
pub(super) fn text(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let html = document::parse(call, &call.text(1, s)?)?;
    call.build(|out| visible_text(call, html.root_element(), out))
}

/// Appends the visible text of an element.
pub(super) fn visible_text(call: &Call<'_>, root: ElementRef<'_>, out: &mut Vec<u8>) -> mlua::Result<()> {
    let mut page = Page { start: out.len(), out, gap: Gap::None, preformatted: 0 };
    let mut steps = 0;
    document::walk(root, |visit| {
        steps += 1;
        call.checkpoint_each(steps)?;
        Ok(match visit {
            Visit::Open(element) => page.open(element),
            Visit::Close(element) => page.close(element),
            Visit::Text(text) => page.text(text),
        })
    })
}

/// What separates the next text from the one before, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Line,
}

struct Page<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    gap: Gap,
    preformatted: usize,
}

impl Page<'_> {
    fn open(&mut self, element: ElementRef<'_>) -> bool {
        let name = element.value().name();
        if is_hidden(name) || element.attr("hidden").is_some() {
            return false;
        }
        self.widen(gap_around(name));
        self.preformatted += usize::from(is_preformatted(name));
        true
    }

    fn close(&mut self, element: ElementRef<'_>) -> bool {
        let name = element.value().name();
        self.widen(gap_around(name));
        self.preformatted -= usize::from(is_preformatted(name));
        true
    }

    fn text(&mut self, text: &str) -> bool {
        if self.preformatted > 0 {
            self.verbatim(text);
        } else {
            self.collapsed(text);
        }
        true
    }

    /// Only ASCII white space collapses: a no-break space is a character like others.
    fn collapsed(&mut self, text: &str) {
        if text.starts_with(is_collapsible) {
            self.widen(Gap::Space);
        }
        for word in text.split(is_collapsible).filter(|word| !word.is_empty()) {
            self.put(word);
            self.widen(Gap::Space);
        }
        if !text.ends_with(is_collapsible) && self.gap == Gap::Space {
            self.gap = Gap::None;
        }
    }

    fn verbatim(&mut self, text: &str) {
        let lines = text.trim_end_matches('\n');
        if !lines.is_empty() {
            self.put(lines);
        }
        if lines.len() < text.len() {
            self.widen(Gap::Line);
        }
    }

    fn put(&mut self, text: &str) {
        if self.out.len() > self.start {
            match self.gap {
                Gap::None => {}
                Gap::Space => self.out.push(b' '),
                Gap::Line => self.out.push(b'\n'),
            }
        }
        self.gap = Gap::None;
        self.out.extend_from_slice(text.as_bytes());
    }

    fn widen(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }
}

fn is_collapsible(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

fn is_preformatted(name: &str) -> bool {
    matches!(name, "pre" | "textarea" | "listing" | "xmp")
}

/// Elements whose content is never shown.
fn is_hidden(name: &str) -> bool {
    matches!(
        name,
        "head"
            | "script"
            | "style"
            | "template"
            | "noscript"
            | "noembed"
            | "noframes"
            | "iframe"
            | "object"
            | "audio"
            | "video"
            | "canvas"
            | "datalist"
            | "title"
    )
}

/// What an element puts before and behind its content.
fn gap_around(name: &str) -> Gap {
    match name {
        "address" | "article" | "aside" | "blockquote" | "body" | "br" | "caption" | "center" | "dd"
        | "details" | "dialog" | "dir" | "div" | "dl" | "dt" | "fieldset" | "figcaption" | "figure"
        | "footer" | "form" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "header" | "hgroup" | "hr"
        | "html" | "legend" | "li" | "listing" | "main" | "menu" | "nav" | "ol" | "optgroup" | "option"
        | "p" | "pre" | "search" | "section" | "summary" | "table" | "tbody" | "tfoot" | "thead" | "tr"
        | "ul" | "xmp" => Gap::Line,
        "td" | "th" => Gap::Space,
        _ => Gap::None,
    }
}
