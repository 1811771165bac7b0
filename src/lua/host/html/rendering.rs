//! This module says how a browser lays an element out, by its name, its attributes and the style that stands on it: the style sheet of
//! the HTML standard (15.3), that of SVG 2, and nothing of the page's own style sheets.

use html5ever::ns;
use scraper::ElementRef;

use super::layout::Layout;
use super::style::{self, Style};

/// How an element is laid out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rendering {
    pub(super) layout: Layout,
    /// Whether its text is to be seen; nothing where it is as around it.
    pub(super) is_visible: Option<bool>,
    /// Whether white space stays; nothing where it is as around it.
    pub(super) is_preformatted: Option<bool>,
    /// Whether its children are blocks whatever they are.
    pub(super) makes_blocks: bool,
    /// Whether only its summary is to be seen.
    pub(super) is_closed: bool,
}

impl Rendering {
    pub(super) fn of(element: ElementRef<'_>) -> Self {
        let style = element.attr("style").map(style::read).unwrap_or_default();
        let name = element.value().name();
        let is_html = element.value().name.ns == ns!(html);
        Self {
            layout: layout(element, name, is_html, style),
            is_visible: style.is_visible,
            is_preformatted: style.is_preformatted.or((is_html && is_preformatted(name)).then_some(true)),
            makes_blocks: style.makes_blocks,
            is_closed: is_html && name == "details" && element.attr("open").is_none(),
        }
    }
}

/// Whether an element itself is to be seen, as far as it and what it stands in say.
pub(super) fn is_rendered(element: ElementRef<'_>) -> bool {
    let mut is_visible = None;
    for around in std::iter::successors(Some(element), |inner| inner.parent().and_then(ElementRef::wrap)) {
        let rendering = Rendering::of(around);
        if rendering.layout == Layout::None {
            return false;
        }
        is_visible = is_visible.or(rendering.is_visible);
    }
    is_visible != Some(false)
}

fn layout(element: ElementRef<'_>, name: &str, is_html: bool, style: Style) -> Layout {
    if !is_html {
        return style.layout.unwrap_or_else(|| foreign(element, name));
    }
    if style.hides_content || is_never_shown(name) || name == "object" && element.attr("data").is_some() {
        return Layout::None;
    }
    style.layout.unwrap_or_else(|| if is_hidden(element, name) { Layout::None } else { usual(name) })
}

/// Elements whose content is never shown, whatever their style.
fn is_never_shown(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "audio"
            | "base"
            | "basefont"
            | "canvas"
            | "datalist"
            | "head"
            | "iframe"
            | "link"
            | "meta"
            | "meter"
            | "noembed"
            | "noframes"
            | "noscript"
            | "param"
            | "progress"
            | "script"
            | "style"
            | "template"
            | "textarea"
            | "title"
            | "video"
    )
}

/// Whether an element is hidden as long as its style does not show it.
fn is_hidden(element: ElementRef<'_>, name: &str) -> bool {
    let has = |attribute: &str| element.attr(attribute).is_some();
    match name {
        "rp" => true,
        "dialog" => has("hidden") || !has("open"),
        _ => has("hidden") || has("popover"),
    }
}

/// What an element is where no style says otherwise.
fn usual(name: &str) -> Layout {
    match name {
        "address" | "article" | "aside" | "blockquote" | "body" | "br" | "caption" | "center" | "dd"
        | "details" | "dialog" | "dir" | "div" | "dl" | "dt" | "fieldset" | "figcaption" | "figure"
        | "footer" | "form" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "header" | "hgroup" | "hr"
        | "html" | "legend" | "li" | "listing" | "main" | "menu" | "nav" | "ol" | "optgroup" | "option"
        | "p" | "plaintext" | "pre" | "search" | "section" | "summary" | "table" | "tbody" | "tfoot"
        | "thead" | "tr" | "ul" | "xmp" => Layout::Block,
        "td" | "th" => Layout::Cell,
        _ => Layout::Inline,
    }
}

/// What an element of SVG or `MathML` is. What SVG only defines is drawn elsewhere, if at all.
fn foreign(element: ElementRef<'_>, name: &str) -> Layout {
    match name {
        "annotation" | "annotation-xml" | "clipPath" | "defs" | "desc" | "filter" | "linearGradient"
        | "marker" | "mask" | "metadata" | "pattern" | "radialGradient" | "script" | "style" | "symbol"
        | "title" => Layout::None,
        _ if element.attr("display") == Some("none") => Layout::None,
        "foreignObject" | "text" => Layout::Block,
        _ => Layout::Inline,
    }
}

fn is_preformatted(name: &str) -> bool {
    matches!(name, "listing" | "plaintext" | "pre" | "xmp")
}
