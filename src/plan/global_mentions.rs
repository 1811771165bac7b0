//! This module finds the fields that Lua takes of a global table, where no variable of its own is called so.

use std::ops::Range;

use super::lua_text::mentions;
use super::places::PlacedDocument;
use crate::lua::global_places;

/// The fields of `name` that the Lua `text` at `pointer` takes, each with its bytes.
pub(super) fn global_mentions(
    places: &PlacedDocument,
    pointer: &str,
    text: &str,
    name: &str,
) -> Vec<(String, Range<usize>)> {
    let mut fields = mentions(text, name).fields;
    if fields.is_empty() {
        return fields;
    }
    let setup = pointer.strip_suffix("/lua").and_then(|at| places.block(&format!("{at}/setup")));
    let setup = setup.as_ref().map_or("", |setup| &*setup.text);
    // What the parser does not know may be anything: then each is one.
    if let Some(global) = global_places(setup, text, name) {
        fields.retain(|(_, field)| text[..field.start].rfind(name).is_some_and(|at| global.contains(&at)));
    }
    fields
}
