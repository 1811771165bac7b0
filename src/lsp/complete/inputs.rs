//! The steps that a step can take from or need are all but those that wait for it.

use std::collections::{BTreeMap, BTreeSet};

use gen_lsp_types::CompletionItemKind;

use super::offer::Offer;
use super::steps::steps;
use crate::event::Verb;
use crate::lsp::cursor::Cursor;
use crate::lsp::file::{File, ParsedText};
use crate::plan::Named;
use crate::value::Choice as _;

/// What the step `own` can name at the cursor, but for what it names there already.
pub(super) fn inputs(file: &File, cursor: &Cursor, own: &str, with_failed: bool) -> Vec<Offer> {
    let layout = file.layout();
    // The list, when the cursor is at an item of it.
    let list = cursor.entry.and_then(|at| layout.entries.get(at)).filter(|entry| entry.name.is_none());
    let list = list.and_then(|entry| entry.parent);
    let items = list.map(|list| layout.children(Some(list))).into_iter().flatten();
    let own_item = cursor.entry.and_then(|at| layout.entries.get(at)).map(|entry| entry.key.start);
    let named: Vec<&str> =
        items.filter(|item| Some(item.key.start) != own_item).map(|item| file.slice(item.value)).collect();
    let later = file.read().map(|read| later_than(read, own)).unwrap_or_default();
    let mut offers = Vec::new();
    for step in steps(layout, |_| true) {
        if step.label == own || later.contains(step.label.as_str()) {
            continue;
        }
        let verb = step.detail.as_deref().and_then(Verb::parse);
        let failed = format!("{}.failed", step.label);
        // What only writes gives no items.
        let gives = !(with_failed && verb == Some(Verb::Write));
        if gives && !named.contains(&step.label.as_str()) {
            offers.push(step);
        }
        if with_failed && verb.is_some_and(Verb::has_failed_items) && !named.contains(&failed.as_str()) {
            offers.push(Offer {
                detail: Some("the items that failed there".to_owned()),
                ..Offer::new(failed, CompletionItemKind::Reference)
            });
        }
    }
    offers
}

/// The steps that wait for `own`, by way of others too: to take from them would be a circle.
fn later_than<'a>(read: &'a ParsedText, own: &'a str) -> BTreeSet<&'a str> {
    let steps = read.document.value.get(Named::Step.key()).and_then(serde_json::Value::as_object);
    let names = steps.into_iter().flat_map(serde_json::Map::keys);
    let spans = &read.document.spans;
    let places: BTreeMap<usize, (usize, &str)> = names
        .filter_map(|name| {
            let pointer = format!("/{}/{}", Named::Step.key(), crate::config::escape_key(name));
            let value = spans.get(&pointer)?.value;
            Some((value.start, (value.end, name.as_str())))
        })
        .collect();
    let mut waits = BTreeMap::<&str, Vec<&str>>::new();
    for one in read.mentions.iter().filter(|one| one.what == Named::Step) {
        let place = places.range(..=one.span.start).next_back().map(|(_, place)| place);
        if let Some((_, name)) = place.filter(|(end, _)| one.span.end <= *end) {
            waits.entry(&one.name).or_default().push(name);
        }
    }
    let (mut later, mut open) = (BTreeSet::new(), vec![own]);
    while let Some(step) = open.pop() {
        let waiting = waits.get(step).into_iter().flatten().copied();
        open.extend(waiting.filter(|waiting| later.insert(*waiting)));
    }
    later
}
