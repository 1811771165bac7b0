//! This module gives the text of a parsed document as a browser shows it. It does not look at style sheets.

use mlua::Value;
use scraper::ElementRef;

use super::document::{self, Scripts, Visit};
use super::layout::Layout;
use super::rendering::{Rendering, is_rendered};
use crate::lua::host::call::Call;

/// `html.text`
pub(super) fn text(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let html = document::parse(call, &call.text(1, s)?, Scripts::Run)?;
    call.build(|out| visible_text(call, html.root_element(), out))
}

/// Appends the text of a selected element: what is visible of it; all of it where a browser shows nothing of it.
pub(super) fn text_of(call: &Call<'_>, element: ElementRef<'_>, out: &mut Vec<u8>) -> mlua::Result<()> {
    if is_rendered(element) {
        return visible_text(call, element, out);
    }
    let mut steps = 0;
    for text in element.text() {
        steps += 1;
        call.checkpoint_each(steps)?;
        out.extend_from_slice(text.as_bytes());
    }
    Ok(())
}

/// Appends the visible text of an element.
fn visible_text(call: &Call<'_>, root: ElementRef<'_>, out: &mut Vec<u8>) -> mlua::Result<()> {
    let mut page = Page { start: out.len(), out, gap: Gap::None, ends_line: false, inside: Vec::new() };
    let mut steps = 0;
    document::walk(root, |visit| {
        steps += 1;
        call.checkpoint_each(steps)?;
        Ok(match visit {
            Visit::Open(element) => page.open(element),
            Visit::Close => page.close(),
            Visit::Text(text) => page.text(text),
        })
    })?;
    page.end();
    Ok(())
}

/// What separates the next text from the one before, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Line,
}

/// What an open element says about what is in it.
#[derive(Clone, Copy)]
struct Inside {
    /// What stands around the element.
    gap: Gap,
    is_visible: bool,
    is_preformatted: bool,
    children: Children,
}

/// What becomes of the children of an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Children {
    AsTheyAre,
    Blocks,
    /// Only the first `summary` is shown, of a `details` that is closed.
    Summary,
    Hidden,
}

struct Page<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    gap: Gap,
    /// Whether the text so far ends with a line feed of its own.
    ends_line: bool,
    inside: Vec<Inside>,
}

impl Page<'_> {
    fn open(&mut self, element: ElementRef<'_>) -> bool {
        let rendering = Rendering::of(element);
        match self.inside.last_mut() {
            Some(around) if around.children == Children::Hidden => return false,
            Some(around) if around.children == Children::Summary => {
                if element.value().name() != "summary" {
                    return false;
                }
                around.children = Children::Hidden;
            }
            _ => {}
        }
        let around = self.inside.last().copied();
        let gap = match rendering.layout {
            Layout::None => return false,
            Layout::Inline if around.is_some_and(|around| around.children == Children::Blocks) => Gap::Line,
            Layout::Inline => Gap::None,
            Layout::Block => Gap::Line,
            Layout::Cell => Gap::Space,
        };
        self.widen(gap);
        self.inside.push(Inside {
            gap,
            is_visible: rendering.is_visible.or(around.map(|around| around.is_visible)).unwrap_or(true),
            is_preformatted: rendering
                .is_preformatted
                .or(around.map(|around| around.is_preformatted))
                .unwrap_or(false),
            children: match rendering {
                Rendering { is_closed: true, .. } => Children::Summary,
                Rendering { makes_blocks: true, .. } => Children::Blocks,
                _ => Children::AsTheyAre,
            },
        });
        true
    }

    fn close(&mut self) -> bool {
        if let Some(inside) = self.inside.pop() {
            self.widen(inside.gap);
        }
        true
    }

    fn text(&mut self, text: &str) -> bool {
        match self.inside.last() {
            Some(
                Inside { is_visible: false, .. }
                | Inside { children: Children::Summary | Children::Hidden, .. },
            ) => {}
            Some(inside) if inside.is_preformatted => self.put(text),
            _ => self.collapsed(text),
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

    fn put(&mut self, text: &str) {
        // A line that has ended needs no further line feed.
        if self.out.len() > self.start && !self.ends_line {
            match self.gap {
                Gap::None => {}
                Gap::Space => self.out.push(b' '),
                Gap::Line => self.out.push(b'\n'),
            }
        }
        self.gap = Gap::None;
        self.ends_line = text.ends_with('\n');
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Takes the line feeds away behind which nothing stands.
    fn end(self) {
        while self.out.len() > self.start && self.out.ends_with(b"\n") {
            self.out.pop();
        }
    }

    fn widen(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }
}

fn is_collapsible(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}
