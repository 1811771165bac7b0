//! Completion offers what may stand where the cursor is, also where the rest of the file cannot be read.

mod inputs;
mod lua;
mod offer;
mod steps;

pub(super) use self::lua::about;
pub(super) use self::steps::verbs;

use gen_lsp_types::{
    CompletionItem, CompletionItemKind, CompletionList, MarkupContent, MarkupKind, TextEdit,
};
use serde_json::Value;

use self::inputs::inputs;
use self::offer::Offer;
use self::steps::steps;
use super::cursor::{Cursor, CursorPlace};
use super::file::File;
use super::layout::Layout;
use crate::config::vocabulary;
use crate::event::Verb;
use crate::plan::{self, Named};
use crate::source::{OpenTexts, Span};
use crate::value::Choice as _;

/// What an editor is offered at once. When there is more, it asks again with what was typed in between.
const OFFERS_MAX: usize = 1000;

/// What may stand at a byte. `after_space`: the client asks because a space was typed, not because somebody wants to know.
pub(super) fn complete(file: &File, open: &OpenTexts, offset: usize, after_space: bool) -> CompletionList {
    let cursor = Cursor::at(file, offset);
    let path = cursor.path();
    let (mut offers, span) = match cursor.place {
        CursorPlace::Nothing => return CompletionList::default(),
        CursorPlace::Lua(before, is_expression) => {
            let Some((offers, start)) = lua::offers(file, before, &path, is_expression, after_space) else {
                return CompletionList::default();
            };
            (offers, Span::new(start, name_end(&file.text, offset)))
        }
        CursorPlace::Word(span) => {
            let mut offers = keys(file, &cursor, span);
            offers.extend(values(file, open, &cursor));
            (offers, span)
        }
        CursorPlace::Value(span) => (values(file, open, &cursor), span),
    };
    let typed = file.slice(Span::new(span.start.min(offset), offset));
    let is_incomplete = offers.len() > OFFERS_MAX;
    if is_incomplete {
        offers.retain(|offer| offer.label.contains(typed));
        offers.truncate(OFFERS_MAX);
    }
    let range = file.range(span);
    let items = offers.into_iter().enumerate().map(|(at, offer)| item(offer, at, range)).collect();
    CompletionList { is_incomplete, items, ..CompletionList::default() }
}

fn item(offer: Offer, at: usize, range: gen_lsp_types::Range) -> CompletionItem {
    let text = offer.text.unwrap_or_else(|| offer.label.clone());
    CompletionItem {
        kind: Some(offer.kind),
        detail: offer.detail,
        documentation: offer.doc.map(|value| MarkupContent::new(MarkupKind::Markdown, value).into()),
        // The order of the documentation, not of the alphabet.
        sort_text: Some(format!("{at:04}")),
        filter_text: Some(offer.label.clone()),
        text_edit: Some(TextEdit::new(range, text).into()),
        label: offer.label,
        ..CompletionItem::default()
    }
}

/// Where the Lua name ends that `offset` is in.
fn name_end(text: &str, offset: usize) -> usize {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    offset + text[offset..].find(|c| !is_name(c)).unwrap_or(text.len() - offset)
}

/// The keys that the map at the cursor can still take.
fn keys(file: &File, cursor: &Cursor, span: Span) -> Vec<Offer> {
    let Some(found) = vocabulary::at(&cursor.path()) else { return Vec::new() };
    let layout = file.layout();
    let siblings = layout.children(cursor.entry).filter(|entry| entry.key.start != span.start);
    let present: Vec<&str> = siblings.filter_map(|entry| entry.name.as_deref()).collect();
    let is_step = matches!(cursor.path().as_slice(), [Some("steps"), Some(_)]);
    let only_one = found.get("maxProperties") == Some(&Value::from(1));
    if only_one && !present.is_empty() {
        return Vec::new();
    }
    let has_colon = file.text[span.end..].trim_start_matches(' ').starts_with(':');
    let fits = |name: &str| {
        !present.contains(&name) && (!is_step || fits_step(name, &present)) && fits_function(name, &present)
    };
    let offer = |(name, schema): (&str, &Value)| {
        let only_map = vocabulary::types(schema).all(|kind| kind == "object") && schema.get("type").is_some();
        let text = match (has_colon, only_map) {
            (true, _) => name.to_owned(),
            (false, true) => format!("{name}:"),
            (false, false) => format!("{name}: "),
        };
        let is_verb = is_step && Verb::parse(name).is_some();
        let kind = if is_verb { CompletionItemKind::Function } else { CompletionItemKind::Property };
        let doc = vocabulary::doc(schema).map(str::to_owned);
        Offer { text: Some(text), doc, ..Offer::new(name, kind) }
    };
    vocabulary::keys(found).filter(|(name, _)| fits(name)).map(offer).collect()
}

/// Whether a step with these keys can take another: it has one verb, and sources have no `from`.
fn fits_step(name: &str, present: &[&str]) -> bool {
    let other = Verb::parse(name);
    match present.iter().find_map(|key| Verb::parse(key)) {
        Some(verb) => other.is_none() && (name != "from" || !verb.is_source()),
        None => !other.is_some_and(Verb::is_source) || !present.contains(&"from"),
    }
}

/// Whether a function with these keys can take another: its Lua stands here or in a file.
fn fits_function(name: &str, present: &[&str]) -> bool {
    let functions = ["lua", "file", "program"];
    let is_other = |key: &&str| functions.contains(key) && *key != name;
    let has = |key: &str| present.contains(&key);
    match name {
        "lua" | "file" | "program" => !present.iter().any(is_other),
        "setup" | "memory" => !has("program"),
        "lanes" => !has("lua") && !has("file"),
        _ => true,
    }
}

/// The values that may stand at the cursor.
fn values(file: &File, open: &OpenTexts, cursor: &Cursor) -> Vec<Offer> {
    let layout = file.layout();
    let path = cursor.path();
    match path.as_slice() {
        [Some("steps"), Some(own), Some(key @ ("from" | "needs")), ..] if path.len() <= 4 => {
            inputs(file, cursor, own, *key == "from")
        }
        [Some("steps"), Some(own), Some("join"), Some("with")] => inputs(file, cursor, own, true),
        [Some("steps"), _, Some("write"), Some("columns_of")] => steps(layout, |verb| verb == Verb::Read),
        [Some("tests"), None, Some("step")] => {
            steps(layout, |verb| verb.is_map_like() || verb.is_tested_whole())
        }
        [.., Some("rate_limit")]
        | [.., Some("rate_limit"), None]
        | [.., Some("rate_limit"), None, Some("limit")] => shared(file, open, Named::Limit),
        [Some("steps"), _, _, Some("policy")] => shared(file, open, Named::Policy),
        [Some("x-allow"), None] => codes(),
        _ => {
            let values = vocabulary::at(&path).map(vocabulary::values).unwrap_or_default();
            values.into_iter().map(|value| Offer::new(value, CompletionItemKind::EnumMember)).collect()
        }
    }
}

/// The names that stand under a key at the top.
fn named(layout: &Layout, top: &str) -> Vec<Offer> {
    let names = layout.names(top).into_iter();
    names.map(|name| Offer::new(name, CompletionItemKind::Reference)).collect()
}

/// The policies or limits of the file and of those that it includes.
fn shared(file: &File, open: &OpenTexts, what: Named) -> Vec<Offer> {
    let mut offers = named(file.layout(), what.key());
    let included = file.read().map(|read| plan::included_names(&read.document, open));
    let included = included.unwrap_or_default().into_iter().filter(|one| one.what == what);
    offers.extend(included.map(|one| Offer {
        detail: Some(one.file.name().to_owned()),
        ..Offer::new(one.name, CompletionItemKind::Reference)
    }));
    offers
}

/// The codes that a file can accept.
fn codes() -> Vec<Offer> {
    let codes = plan::codes().into_iter();
    codes
        .map(|(code, meaning)| Offer {
            detail: Some(meaning.to_owned()),
            ..Offer::new(code, CompletionItemKind::Constant)
        })
        .collect()
}
