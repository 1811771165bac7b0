//! This module finds the ids of steps: where each is defined and named, and what becomes of those places under
//! another id.

use gen_lsp_types::TextEdit;

use super::file::{File, ParsedText, read};
use crate::config::is_id;
use crate::source::Span;

/// Names that Lua keeps to itself.
const KEYWORDS: [&str; 21] = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil",
    "not", "or", "repeat", "return", "then", "true", "until", "while",
];

/// The id at a byte, and the bytes that it takes.
pub(super) fn at(file: &File, offset: usize) -> Option<(&str, Span)> {
    let read = file.read()?;
    let holds = |span: Span| span.start <= offset && offset <= span.end;
    let named = read.mentions.iter().find(|one| holds(one.span)).map(|one| (one.step.as_str(), one.span));
    named.or_else(|| {
        let steps = read.document.value.get("steps")?.as_object()?;
        steps.keys().find_map(|id| {
            let span = definition(file, id)?;
            holds(span).then_some((id.as_str(), span))
        })
    })
}

/// Where a step is defined: its key, without quotes.
pub(super) fn definition(file: &File, id: &str) -> Option<Span> {
    let read = file.read()?;
    let pointer = format!("/steps/{}", id.replace('~', "~0").replace('/', "~1"));
    let span = read.document.spans.get(&pointer)?.key?;
    let at = file.slice(span).find(id);
    Some(at.map_or(span, |at| Span::new(span.start + at, span.start + at + id.len())))
}

/// Where a step is named, its definition aside.
pub(super) fn uses<'a>(file: &'a File, id: &'a str) -> impl Iterator<Item = Span> {
    let uses = file.read().map(|read| read.mentions.as_slice()).unwrap_or_default();
    uses.iter().filter(move |one| one.step == id).map(|one| one.span)
}

/// What gives the step at a byte another id, or why that cannot be.
pub(super) fn rename(file: &File, offset: usize, new: &str) -> Result<Vec<TextEdit>, String> {
    let read = sound(file)?;
    let (old, _) = at(file, offset).ok_or("no id of a step stands here")?;
    if !is_id(new) {
        return Err(format!("`{new}` is no id: letters, digits, `_` and `-`, and no digit or `-` first"));
    }
    if old == new {
        return Ok(Vec::new());
    }
    if definition(file, new).is_some() {
        return Err(format!("there is a step `{new}` already"));
    }
    let mut edits: Vec<(Span, String)> =
        definition(file, old).map(|span| (span, new.to_owned())).into_iter().collect();
    for one in read.mentions.iter().filter(|one| one.step == old) {
        edits.push(edit(file, one.span, one.quote, new));
    }
    edits.sort();
    edits.dedup();
    if !keeps_sense(file, read, &edits, new) {
        return Err(format!("`{new}` would not be read as an id everywhere"));
    }
    Ok(edits.into_iter().map(|(span, text)| TextEdit::new(file.range(span), text)).collect())
}

/// What the file says, if nothing had to be patched over to read it.
pub(super) fn sound(file: &File) -> Result<&ParsedText, String> {
    let read = file.read().filter(|read| !read.mended);
    read.ok_or_else(|| "the file is no sound YAML; what would have to change cannot be told".to_owned())
}

/// The edit of one place. `steps.a` becomes `steps["a-b"]` where Lua has no name for it.
fn edit(file: &File, span: Span, quote: Option<char>, new: &str) -> (Span, String) {
    let before = file.text[..span.start].trim_end();
    let is_name = !new.contains('-') && !KEYWORDS.contains(&new);
    match quote {
        Some(quote) if !is_name && before.ends_with('.') => {
            (Span::new(before.len() - 1, span.end), format!("[{quote}{new}{quote}]"))
        }
        _ => (span, new.to_owned()),
    }
}

/// Whether the file has as many errors as before, and names the step as often.
fn keeps_sense(file: &File, before: &ParsedText, edits: &[(Span, String)], new: &str) -> bool {
    let mut text = file.text.clone();
    for (span, with) in edits.iter().rev() {
        text.replace_range(span.start..span.end, with);
    }
    let named = |read: &ParsedText| read.mentions.iter().filter(|one| one.step == new).count();
    let changed = before.mentions.len() - before.mentions.iter().filter(|one| one.step != new).count();
    read(&text, &file.path)
        .is_some_and(|after| !after.mended && after.errors <= before.errors && named(&after) >= changed)
}
