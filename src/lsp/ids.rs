//! This module finds the names of steps, policies and rate limits in one file: where each is defined and named, and what
//! becomes of those places under another name.

use gen_lsp_types::TextEdit;

use super::file::{File, ParsedText, read};
use crate::config::{FileKind, escape_key, is_id};
use crate::lua::KEYWORDS;
use crate::plan::{self, IncludedName, Named};
use crate::source::{OpenTexts, Span};

/// A name in a file, with what it is a name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id<'a> {
    pub(super) what: Named,
    pub(super) name: &'a str,
}

/// The name at a byte, and the bytes that it takes.
pub(super) fn at(file: &File, offset: usize) -> Option<(Id<'_>, Span)> {
    let read = file.read()?;
    let holds = |span: Span| span.start <= offset && offset <= span.end;
    let named = read.mentions.iter().find(|one| holds(one.span));
    let named = named.map(|one| (Id { what: one.what, name: &one.name }, one.span));
    named.or_else(|| {
        [Named::Step, Named::Policy, Named::Limit].into_iter().find_map(|what| {
            let defined = read.document.value.get(what.key())?.as_object()?;
            defined.keys().find_map(|name| {
                let id = Id { what, name };
                let span = definition(file, id)?;
                holds(span).then_some((id, span))
            })
        })
    })
}

/// Where it is defined in this file: its key, without quotes.
pub(super) fn definition(file: &File, id: Id<'_>) -> Option<Span> {
    let read = file.read()?;
    let name = id.name;
    let pointer = format!("/{}/{}", id.what.key(), escape_key(name));
    let span = read.document.spans.get(&pointer)?.key?;
    let at = file.slice(span).find(name);
    Some(at.map_or(span, |at| Span::new(span.start + at, span.start + at + name.len())))
}

/// What it is in a file that this one includes, when it does not stand here.
pub(super) fn included(file: &File, id: Id<'_>, open: &OpenTexts) -> Option<IncludedName> {
    if id.what == Named::Step || definition(file, id).is_some() {
        return None;
    }
    let names = plan::included_names(&file.read()?.document, open);
    names.into_iter().find(|one| (one.what, one.name.as_str()) == (id.what, id.name))
}

/// Where it is named, its definition aside.
pub(super) fn uses<'a>(file: &'a File, id: Id<'a>) -> impl Iterator<Item = Span> {
    let uses = file.read().map(|read| read.mentions.as_slice()).unwrap_or_default();
    uses.iter().filter(move |one| (one.what, one.name.as_str()) == (id.what, id.name)).map(|one| one.span)
}

/// Whether a name may be one.
pub(super) fn check_new(new: &str) -> Result<(), String> {
    if is_id(new) {
        return Ok(());
    }
    Err(format!("`{new}` is no id: letters, digits, `_` and `-`, and no digit or `-` first"))
}

/// What gives a thing another name in one file, or why that cannot be.
pub(super) fn edits(file: &File, old: Id<'_>, new: &str) -> Result<Vec<TextEdit>, String> {
    let read = sound(file)?;
    let mut edits: Vec<(Span, String)> =
        definition(file, old).map(|span| (span, new.to_owned())).into_iter().collect();
    for one in read.mentions.iter().filter(|one| (one.what, one.name.as_str()) == (old.what, old.name)) {
        edits.push(edit(file, one.span, one.quote, new));
    }
    if old.what == Named::Step {
        edits.extend(fields_kept(file, read, old.name));
    }
    edits.sort();
    edits.dedup();
    if !keeps_sense(file, read, &edits, Id { name: new, ..old }) {
        return Err(format!("`{new}` would not be read as an id everywhere"));
    }
    Ok(edits.into_iter().map(|(span, text)| TextEdit::new(file.range(span), text)).collect())
}

/// A partner of a `join` stands under the name of its step where nothing else is said; it keeps this name, as expressions and
/// files know it by it. `semi` and `anti` give no partner.
fn fields_kept(file: &File, read: &ParsedText, old: &str) -> Vec<(Span, String)> {
    let steps = read.document.value.get(Named::Step.key()).and_then(serde_json::Value::as_object);
    let kept = steps.into_iter().flatten().filter_map(|(name, step)| {
        let join = step.get("join")?;
        let with = join.get("with")?.as_str()?;
        let is_kept = !matches!(join.get("how").and_then(serde_json::Value::as_str), Some("semi" | "anti"));
        if with.strip_suffix(".failed").unwrap_or(with) != old || join.get("as").is_some() || !is_kept {
            return None;
        }
        let pointer = format!("/{}/{}/join", Named::Step.key(), escape_key(name));
        let with = read.document.spans.get(&format!("{pointer}/with"))?;
        let (start, end) = (with.key?.start, with.value.end);
        if file.slice(read.document.spans.value(&pointer)).starts_with('{') {
            return Some((Span::new(end, end), format!(", as: {old}")));
        }
        let line = file.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let (indent, rest) = (&file.text[line..start], &file.text[end..]);
        let end = end + rest.find(['\r', '\n']).unwrap_or(rest.len());
        let line_end = if file.text[..line].ends_with("\r\n") { "\r\n" } else { "\n" };
        Some((Span::new(end, end), format!("{line_end}{indent}as: {old}")))
    });
    kept.collect()
}

/// What the file says, if nothing had to be patched over to read it.
pub(super) fn sound(file: &File) -> Result<&ParsedText, String> {
    let read = file.read().filter(|read| !read.mended);
    read.ok_or_else(|| {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        format!("`{name}` is no sound YAML; what would have to change cannot be told")
    })
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

/// Whether the file has as many errors as before, and names the thing as often.
fn keeps_sense(file: &File, before: &ParsedText, edits: &[(Span, String)], new: Id<'_>) -> bool {
    let mut text = file.text.clone();
    for (span, with) in edits.iter().rev() {
        text.replace_range(span.start..span.end, with);
    }
    let is_new = |one: &&plan::Mention| (one.what, one.name.as_str()) == (new.what, new.name);
    let named = |read: &ParsedText| read.mentions.iter().filter(is_new).count();
    let others = before.mentions.iter().filter(|one| !is_new(one)).count();
    let changed = before.mentions.len() - others;
    read(file.kind().unwrap_or(FileKind::Pipeline), &text, &file.path)
        .is_some_and(|after| !after.mended && after.errors <= before.errors && named(&after) >= changed)
}
