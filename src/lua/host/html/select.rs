//! `html.select` finds elements by CSS selector.

use mlua::{Table, Value};
use scraper::{ElementRef, Selector};

use super::document::{self, Visit};
use super::visible::visible_text;
use crate::lua::host::call::Call;
use crate::lua::host::compiled::Compiled;
use crate::value::deepest;

/// Elements between two checkpoints: one may be compared with all above and beside it.
const CHECKPOINT_ELEMENTS: usize = 64;

/// Bytes of a selector. Each of its parts may be looked for above and beside each element.
const SELECTOR_BYTES_MAX: usize = 4096;

/// Nodes of a document in which `:has(` looks for neighbours: for one element it may compare all of them with each other.
const HAS_NODES_MAX: usize = 20_000;

/// Brackets within brackets of a selector; real ones have two or three.
const LEVELS_MAX: usize = 16;

/// `html.select`
pub(super) fn select(call: &Call<'_>, (s, css): &(Value, Value)) -> mlua::Result<Table> {
    let text = call.text(1, s)?;
    let css = call.text(2, css)?;
    let selector = call.state.kept::<Compiled<Selector>>().get(&css, || parse(call, &css))?;
    let html = document::parse(call, &text)?;
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
        let why = format!("not a CSS selector: more than {LEVELS_MAX} brackets within each other");
        return Err(call.bad_because(2, &why));
    }
    Selector::parse(css).map_err(|error| call.bad_because(2, &format!("not a CSS selector: {error}")))
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
    table.raw_set("text", call.build(|out| visible_text(call, element, out))?)?;
    table.raw_set("html", element.html())?;
    table.raw_set("attrs", attrs)?;
    Ok(table)
}
