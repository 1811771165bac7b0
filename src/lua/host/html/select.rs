//! `html.select` finds elements by CSS selector.

use mlua::{Table, Value};
use scraper::error::SelectorErrorKind;
use scraper::{ElementRef, Selector};

use super::document::{self, Scripts, Visit};
use super::visible::text_of;
use crate::lua::host::call::Call;
use crate::lua::host::compiled::Compiled;
use crate::value::deepest;

/// Elements between two checkpoints: one may be compared with all above and beside it.
const CHECKPOINT_ELEMENTS: usize = 64;

/// Bytes of a selector. Each of its parts may be looked for above and beside each element.
const SELECTOR_BYTES_MAX: usize = 4096;

/// Nodes of a document in which `:has(` looks for neighbours: for one element it may compare all of them with each other.
const HAS_NODES_MAX: usize = 20_000;

/// Characters of a selector that an error shows.
const SHOWN_CHARACTERS: usize = 80;

/// Brackets within brackets of a selector; real ones have two or three.
const LEVELS_MAX: usize = 16;

/// `html.select`
pub(super) fn select(call: &Call<'_>, (s, css): &(Value, Value)) -> mlua::Result<Table> {
    let text = call.text(1, s)?;
    let css = call.text(2, css)?;
    let selector = call.state.kept::<Compiled<Selector>>().get(&css, || parse(call, &css))?;
    let html = document::parse(call, &text, Scripts::DoNotRun)?;
    if css.contains(":has(") && css.contains('~') && html.tree.nodes().count() > HAS_NODES_MAX {
        let why = format!("`:has(` with `~` takes a document of at most {HAS_NODES_MAX} nodes");
        return Err(call.bad_because(2, &why));
    }
    let mut list = call.list()?;
    let mut elements = 0_usize;
    document::walk(html.root_element(), |visit| {
        if let Visit::Open(element) = visit {
            elements += 1;
            if elements.is_multiple_of(CHECKPOINT_ELEMENTS) {
                call.checkpoint()?;
            }
            if selector.matches(&element) {
                list.push(describe(call, element)?)?;
            }
        }
        Ok(true)
    })?;
    list.finish()
}

fn parse(call: &Call<'_>, css: &str) -> mlua::Result<Selector> {
    if css.len() > SELECTOR_BYTES_MAX {
        let why = format!("a selector of at most {SELECTOR_BYTES_MAX} bytes expected");
        return Err(call.bad_because(2, &why));
    }
    // The parser recurses into brackets, and the thread's stack is finite.
    if deepest(css, b"([{", b")]}") > LEVELS_MAX {
        let why = format!("more than {LEVELS_MAX} brackets within each other");
        return Err(call.bad_because(2, &refusal(css, &why)));
    }
    Selector::parse(css).map_err(|error| call.bad_because(2, &refusal(css, &reason(css, &error))))
}

/// The selector and why it is none.
fn refusal(css: &str, why: &str) -> String {
    let shown: String = css.chars().take(SHOWN_CHARACTERS).collect();
    let rest = if shown.len() < css.len() { "…" } else { "" };
    format!("`{shown}{rest}` is no CSS selector: {why}")
}

/// What is wrong, in other words than those of the parser, which are about its own tokens.
fn reason(css: &str, error: &SelectorErrorKind) -> String {
    let kind = format!("{error:?}");
    let has = |part: &str| kind.contains(part);
    if has("UnsupportedPseudo") {
        return match unknown_pseudo(css) {
            Some(name) => format!("`{name}` is not known"),
            None => "it has a pseudo-class that is not known".to_owned(),
        };
    }
    match error {
        SelectorErrorKind::EndOfLine => "it ends too early",
        SelectorErrorKind::ExpectedColonOnPseudoElement
        | SelectorErrorKind::ExpectedIdentityOnPseudoElement => "a pseudo-element is incomplete",
        _ if has("EmptySelector") => "a part of it is empty",
        _ if has("Dangling") => "nothing stands behind its last combinator",
        _ if has("Attr") => "the brackets of an attribute hold something else than a name and a value",
        _ if has("ClassNeedsIdent") => "a `.` has no class behind it",
        _ if has("NoIdentForPseudo") => "a `:` has no name behind it",
        _ => "something stands in it that is no part of a selector",
    }
    .to_owned()
}

/// The first pseudo-class or pseudo-element that no selector can have, by itself or with its brackets.
fn unknown_pseudo(css: &str) -> Option<&str> {
    css.match_indices(':').filter(|(at, _)| !css[..*at].ends_with(':')).find_map(|(at, _)| {
        let rest = &css[at..];
        let colons = rest.len() - rest.trim_start_matches(':').len();
        let is_name = |sign: char| sign.is_alphanumeric() || matches!(sign, '-' | '_');
        let len = colons + rest[colons..].find(|sign| !is_name(sign)).unwrap_or(rest.len() - colons);
        let name = &rest[..len];
        let is_known = if rest[len..].starts_with('(') {
            ["a", "1", "*"].iter().any(|inside| Selector::parse(&format!("*{name}({inside})")).is_ok())
        } else {
            Selector::parse(&format!("*{name}")).is_ok()
        };
        (!is_known).then_some(name)
    })
}

/// `{tag, text, html, attrs}`
fn describe(call: &Call<'_>, element: ElementRef<'_>) -> mlua::Result<Table> {
    // Nested elements that all match make a result of quadratic size, up to the memory limit.
    call.checkpoint()?;
    let attrs = call.lua.create_table()?;
    for (name, value) in element.value().attrs() {
        attrs.raw_set(name, value)?;
    }
    let table = call.lua.create_table()?;
    table.raw_set("tag", element.value().name())?;
    table.raw_set("text", call.build(|out| text_of(call, element, out))?)?;
    table.raw_set("html", element.html())?;
    table.raw_set("attrs", attrs)?;
    Ok(table)
}
