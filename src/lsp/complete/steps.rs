//! The steps of a file and their verbs are read from its layout, also where the file cannot be read.

use std::collections::{HashMap, HashSet};

use gen_lsp_types::CompletionItemKind;

use super::offer::Offer;
use crate::event::Verb;
use crate::lsp::layout::Layout;
use crate::value::Choice as _;

/// The steps with a verb that is wanted; one without any counts too, it is being written.
pub(super) fn steps(layout: &Layout, wanted: impl Fn(Verb) -> bool) -> Vec<Offer> {
    let Some(top) = layout.top("steps") else { return Vec::new() };
    let verbs = verbs(layout);
    let mut seen = HashSet::new();
    let mut offers: Vec<Offer> = Vec::new();
    for (at, entry) in layout.entries.iter().enumerate().filter(|(_, entry)| entry.parent == Some(top)) {
        let Some(name) = entry.name.as_deref().filter(|name| *name != "<<") else { continue };
        let verb = verbs.get(&at).copied();
        if verb.is_none_or(&wanted) && seen.insert(name) {
            let detail = verb.map(|verb| verb.name().to_owned());
            offers.push(Offer { detail, ..Offer::new(name, CompletionItemKind::Reference) });
        }
    }
    offers
}

/// The verb of each entry that has one, found in one pass: a file may have many steps.
pub(in crate::lsp) fn verbs(layout: &Layout) -> HashMap<usize, Verb> {
    let mut found = HashMap::new();
    for entry in &layout.entries {
        let verb = entry.name.as_deref().and_then(Verb::parse);
        if let (Some(step), Some(verb)) = (entry.parent, verb) {
            found.entry(step).or_insert(verb);
        }
    }
    found
}
