//! This module describes the thing under the pointer: a key, a step, a function of Lua.

use super::complete::about;
use super::cursor::{Cursor, CursorPlace, chain};
use super::file::File;
use super::ids::Id;
use super::{columns, complete, ids};
use crate::config::vocabulary;
use crate::lua::{self, MODULES, VARIABLES};
use crate::plan::{Inputs, Named};
use crate::source::Span;

/// Markdown about what stands at a byte, and the bytes that it is about.
pub(super) fn hover(file: &File, inputs: &Inputs, offset: usize) -> Option<(String, Span)> {
    if let Some((id, span)) = ids::at(file, offset) {
        let text = match id.what {
            Named::Step => step(file, id.name),
            Named::Policy | Named::Limit => shared(file, inputs, id),
        };
        return text.map(|text| (text, span));
    }
    key(file, inputs, offset).or_else(|| lua(file, offset))
}

/// What a step does, and what it is for.
fn step(file: &File, id: &str) -> Option<String> {
    let layout = file.layout();
    let top = layout.top("steps")?;
    let is_it = |&at: &usize| {
        let entry = &layout.entries[at];
        entry.parent == Some(top) && entry.name.as_deref() == Some(id)
    };
    let at = (0..layout.entries.len()).find(is_it)?;
    let mut text = format!("step `{id}`");
    if let Some(verb) = complete::verbs(layout).get(&at) {
        text = format!("{text}: `{verb}`");
    }
    let read = file.read()?;
    let step = read.document.value.get("steps")?.get(id);
    let from = step.and_then(|step| step.get("from")).map(|from| match from {
        serde_json::Value::Array(list) => {
            list.iter().filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join("`, `")
        }
        other => other.as_str().unwrap_or_default().to_owned(),
    });
    if let Some(from) = from.filter(|from| !from.is_empty()) {
        text = format!("{text} from `{from}`");
    }
    if let Some(description) = step.and_then(|step| step.get("description")?.as_str()) {
        text = format!("{text}\n\n{description}");
    }
    Some(text)
}

/// What a policy or a limit says, as it is written.
fn shared(file: &File, inputs: &Inputs, id: Id<'_>) -> Option<String> {
    let (noun, name) = (id.what.noun(), id.name);
    if let Some(one) = ids::included(file, id, &inputs.open) {
        let written = written(one.file.text(), one.value);
        return Some(format!("{noun} `{name}` of `{}`\n\n```yaml\n{written}\n```", one.file.name()));
    }
    let spans = &file.read()?.document.spans;
    let place = spans.get(&format!("/{}/{name}", id.what.key()))?;
    Some(format!("{noun} `{name}`\n\n```yaml\n{}\n```", written(&file.text, place.value)))
}

/// The text of a value, without the indentation of its first line.
fn written(text: &str, span: Span) -> String {
    let line = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let indent = text[line..span.start].chars().count();
    let lines = text[span.start..span.end].trim_end().lines();
    let plain = lines.map(|line| {
        let blank = line.len() - line.trim_start_matches(' ').len();
        &line[blank.min(indent)..]
    });
    plain.collect::<Vec<_>>().join("\n")
}

fn key(file: &File, inputs: &Inputs, offset: usize) -> Option<(String, Span)> {
    let layout = file.layout();
    let holds = |entry: &super::layout::LayoutEntry| {
        entry.name.is_some() && entry.key.start <= offset && offset <= entry.key.end
    };
    let at = layout.entries.iter().position(holds)?;
    let path = layout.path(at);
    let doc = vocabulary::doc(vocabulary::at(&path)?)?;
    let name = path.last().copied().flatten()?;
    let mut text = format!("`{name}`\n\n{doc}");
    if let [Some("steps"), Some(id), Some("write")]
    | [Some("steps"), Some(id), Some("write"), Some("columns" | "columns_of")] = path.as_slice()
        && let Some(columns) = columns::of_step(file, inputs, id)
    {
        text = format!("{text}\n\n{columns}");
    }
    Some((text, layout.entries[at].key))
}

fn lua(file: &File, offset: usize) -> Option<(String, Span)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let rest = &file.text[offset..];
    let end = offset + rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    let CursorPlace::Lua(before, _) = Cursor::at(file, end).place else { return None };
    let names = chain(file.slice(before))?;
    let (name, base) = names.split_last().filter(|(name, _)| !name.is_empty())?;
    let span = Span::new(end - name.len(), end);
    let text = match base {
        [] => VARIABLES
            .iter()
            .find(|field| field.name == *name)
            .map(|field| format!("```luau\n{}: {}\n```\n\n{}", field.name, field.kind, field.doc))
            .or_else(|| {
                let (_, doc) = MODULES.iter().find(|(module, _)| module == name)?;
                Some(format!("`{name}`: {doc}"))
            })
            .or_else(|| function("", name)),
        _ => function(&base.join("."), name).or_else(|| method(file, span, name)),
    };
    text.map(|text| (text, span))
}

fn function(module: &str, name: &str) -> Option<String> {
    let is_it = |function: &&lua::Function| function.module == module && function.name == name;
    lua::functions().iter().find(is_it).map(page)
}

/// The methods of this name: which type a variable has is not known.
fn method(file: &File, span: Span, name: &str) -> Option<String> {
    let is_called = file.text[..span.start].ends_with(':');
    let is_type = |module: &str| module.starts_with(|first: char| first.is_ascii_uppercase());
    let methods = lua::functions().iter().filter(|one| one.name == name && is_type(one.module));
    let pages: Vec<String> = methods.map(page).collect();
    (is_called && !pages.is_empty()).then(|| pages.join("\n\n---\n\n"))
}

fn page(function: &lua::Function) -> String {
    format!("```luau\n{}{}\n```\n\n{}", function.shown(), function.signature, about(function))
}
