//! This module renames what has a name in Lua: a variable within its text, and a function of a Lua file in all files that
//! name it. What cannot be followed to its end is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gen_lsp_types::TextEdit;

use super::documents::Workspace;
use super::edits::Changes;
use super::file::File;
use super::ids;
use super::kin::{Kin, KinFile, known};
use crate::config::FileKind;
use crate::lua::{LuaName, NamedLua, check_lua_name, file_text};
use crate::plan::{LuaSpot, LuaText, LuaTexts};
use crate::source::Span;

/// What is renamed.
enum Renamed {
    /// A variable: all its places in the file.
    Variable { text: LuaText, texts: Option<Box<LuaTexts>>, span: std::ops::Range<usize> },
    /// What the file at this path gives under this name.
    Function(PathBuf, String),
}

/// The places of files that are to have the new name.
type Spots = BTreeMap<PathBuf, BTreeSet<Span>>;

/// Whether a file is Lua by itself.
pub(super) fn is_lua(file: &File) -> bool {
    matches!(file.language.as_str(), "lua" | "luau")
}

/// The name at a byte that can be renamed, if there is one.
pub(super) fn at(workspace: Workspace<'_>, file: &File, offset: usize) -> Option<Span> {
    Some(found(workspace, file, offset)?.0)
}

/// What gives the Lua name at a byte another one in all files, or why that cannot be. `None`: no such name is there.
pub(super) fn rename(
    workspace: Workspace<'_>,
    file: &File,
    offset: usize,
    new: &str,
) -> Option<Result<Changes, String>> {
    let (span, renamed) = found(workspace, file, offset)?;
    if file.slice(span) == new {
        return Some(Ok(vec![(file.uri.clone(), Vec::new())]));
    }
    let spots = check_lua_name(new).and_then(|()| match renamed {
        Renamed::Variable { text, texts, span } => variable(file, &text, texts.as_deref(), &span, new),
        Renamed::Function(path, name) => function(workspace, file, &path, (&name, new)),
    });
    Some(spots.and_then(|spots| changes(workspace, file, spots, new)))
}

/// The bytes of the name at a byte, and what it is.
fn found(workspace: Workspace<'_>, file: &File, offset: usize) -> Option<(Span, Renamed)> {
    if is_lua(file) {
        return in_lua(workspace, file, offset);
    }
    if file.kind() != Some(FileKind::Pipeline) {
        return None;
    }
    let holds = |span: Span| span.start <= offset && offset <= span.end;
    let mut texts = LuaTexts::of(&file.read()?.document, &workspace.inputs.open);
    if let Some(named) = texts.functions.iter().find(|named| holds(named.span)) {
        return Some((named.span, Renamed::Function(named.path.clone(), named.name.clone())));
    }
    let at = |text: &LuaText| -> Option<(LuaName, Span)> {
        let lua = NamedLua::read(&text.text, text.is_expression)?;
        lua.names().find_map(|name| {
            let spot = texts.spot(text, &name).ok().filter(|spot| spot.path.is_none() && holds(spot.span))?;
            Some((lua.name_at(name.start)?, spot.span))
        })
    };
    let own = texts.texts.iter().enumerate().filter(|(_, text)| text.is_in_pipeline());
    let mut named = own.map(|(place, text)| (place, at(text)));
    let (place, (name, span)) = named.find_map(|(place, found)| Some((place, found?)))?;
    let renamed = match name {
        LuaName::OfModule(module, _) => {
            Renamed::Function(texts.module(&module)?, file.slice(span).to_owned())
        }
        LuaName::Variable(span) => {
            let text = texts.texts.swap_remove(place);
            Renamed::Variable { text, texts: Some(Box::new(texts)), span }
        }
        // What a function returns has no name for others.
        LuaName::Given(_) => return None,
    };
    Some((span, renamed))
}

fn in_lua(workspace: Workspace<'_>, file: &File, offset: usize) -> Option<(Span, Renamed)> {
    let text = LuaText::of_file(file_text(file.text.clone()), file.path.clone());
    let name = NamedLua::read(&text.text, false)?.name_at(offset)?;
    let span = Span::new(name.span().start, name.span().end);
    let renamed = match name {
        LuaName::Variable(span) => Renamed::Variable { text, texts: None, span },
        LuaName::Given(_) => Renamed::Function(file.path.clone(), file.slice(span).to_owned()),
        LuaName::OfModule(module, _) => {
            let kin = Kin::all(workspace, file).ok()?;
            let texts = pipelines(&kin).filter_map(|pipeline| {
                Some(LuaTexts::of(&pipeline.read()?.document, &workspace.inputs.open))
            });
            let path =
                texts.filter(|texts| texts.uses(&file.path)).find_map(|texts| texts.module(&module))?;
            Renamed::Function(path, file.slice(span).to_owned())
        }
    };
    Some((span, renamed))
}

fn pipelines<'k>(kin: &'k Kin<'_>) -> impl Iterator<Item = &'k File> {
    kin.files.iter().map(|file| &**file).filter(|file| file.kind() == Some(FileKind::Pipeline))
}

fn variable(
    file: &File,
    text: &LuaText,
    texts: Option<&LuaTexts>,
    span: &std::ops::Range<usize>,
    new: &str,
) -> Result<Spots, String> {
    let lua = NamedLua::read(&text.text, text.is_expression).ok_or("this Lua cannot be followed")?;
    let mut spots = Spots::new();
    for range in lua.variable(span, new)? {
        let spot = match texts {
            Some(texts) => texts.spot(text, &range)?,
            None => LuaSpot { path: None, span: Span::new(range.start, range.end) },
        };
        spots.entry(spot.path.unwrap_or_else(|| file.path.clone())).or_default().insert(spot.span);
    }
    Ok(spots)
}

/// All places of a function of the file at `path`, under its old name.
fn function(
    workspace: Workspace<'_>,
    file: &File,
    path: &Path,
    (old, new): (&str, &str),
) -> Result<Spots, String> {
    let kin = Kin::all(workspace, file)?;
    let lua = known(workspace, path, "lua").ok_or_else(|| format!("`{}` cannot be read", path.display()))?;
    let own = file_text(lua.text.clone());
    let own = NamedLua::read(&own, false).ok_or_else(|| unread(path))?;
    let given = own.given_as(old, new).map_err(|why| format!("`{}`: {why}", path.display()))?;
    let span = |range: std::ops::Range<usize>| Span::new(range.start, range.end);
    let mut spots = Spots::from([(path.to_owned(), given.into_iter().map(span).collect())]);
    let mut is_used = false;
    for pipeline in pipelines(&kin).filter(|pipeline| may_use_lua(pipeline)) {
        let texts = LuaTexts::of(&ids::sound(pipeline)?.document, &workspace.inputs.open);
        if let Some(step) = texts.unknown.first() {
            let pipeline = pipeline.path.display();
            return Err(format!("which Lua file step `{step}` of `{pipeline}` uses cannot be told"));
        }
        is_used |= texts.uses(path);
        let named = texts.functions.iter().filter(|named| named.path == *path && named.name == old);
        spots.entry(pipeline.path.clone()).or_default().extend(named.map(|named| named.span));
        for text in texts.texts.iter().filter(|text| text.text.contains("require")) {
            asked(&texts, text, pipeline, (path, old), &mut spots)?;
        }
    }
    if is_used { Ok(spots) } else { Err(format!("no pipeline is found that uses `{}`", path.display())) }
}

/// Files of which nothing can be told need not be, unless they may use Lua files.
fn may_use_lua(pipeline: &File) -> bool {
    ["file:", "\"file\"", "require", "include"].iter().any(|word| pipeline.text.contains(word))
}

/// Adds the places at which a text asks for the function.
fn asked(
    texts: &LuaTexts,
    text: &LuaText,
    pipeline: &File,
    (path, name): (&Path, &str),
    spots: &mut Spots,
) -> Result<(), String> {
    let holder = text.path().unwrap_or(&pipeline.path);
    let lua = NamedLua::read(&text.text, text.is_expression).ok_or_else(|| unread(holder))?;
    let is_meant = |module: &str| texts.module(module).as_deref() == Some(path);
    let asked = lua.asked_of(is_meant, name).map_err(|why| format!("`{}`: {why}", holder.display()))?;
    for range in asked {
        let spot = texts.spot(text, &range)?;
        spots.entry(spot.path.unwrap_or_else(|| pipeline.path.clone())).or_default().insert(spot.span);
    }
    Ok(())
}

fn unread(path: &Path) -> String {
    format!("`{}` has Lua that cannot be followed", path.display())
}

/// The edits of all files.
fn changes(workspace: Workspace<'_>, file: &File, spots: Spots, new: &str) -> Result<Changes, String> {
    let mut changes = Changes::new();
    for (path, spans) in spots {
        let other =
            if path == file.path { Some(KinFile::Open(file)) } else { known(workspace, &path, "lua") };
        let holder = other.ok_or_else(|| format!("`{}` cannot be read", path.display()))?;
        let edits: Vec<TextEdit> =
            spans.into_iter().map(|span| TextEdit::new(holder.range(span), new.to_owned())).collect();
        if !edits.is_empty() {
            changes.push((holder.uri.clone(), edits));
        }
    }
    Ok(changes)
}
