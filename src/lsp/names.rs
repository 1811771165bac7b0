//! This module follows the names of policies and limits through all files that they may stand in: where one is defined,
//! where it is named, and what becomes of those places under another name.

use gen_lsp_types::Location;

use super::documents::Workspace;
use super::edits::Changes;
use super::file::File;
use super::findings;
use super::functions;
use super::ids::{self, Id};
use super::kin::Kin;
use crate::plan::{self, Named};
use crate::source::Span;

/// What is said where nothing can be renamed.
const NOTHING: &str =
    "no name of a step, a policy or a rate limit stands here, and none in Lua that can be followed";

/// Where a name is defined.
pub(super) fn definition(workspace: Workspace<'_>, file: &File, id: Id<'_>) -> Option<Location> {
    if let Some(span) = ids::definition(file, id) {
        return Some(location(file, span));
    }
    let kin = if file.kind() == Some(crate::config::FileKind::Pipeline) || id.what == Named::Step {
        Kin::own(workspace, file)
    } else {
        Kin::all(workspace, file).ok()?
    };
    let at = kin.pipelines_of(0).find_map(|pipeline| kin.definer(pipeline, id))?;
    Some(location(&kin.files[at], ids::definition(&kin.files[at], id)?))
}

/// Where a function of a Lua file is defined that a step names at a byte.
pub(super) fn function(workspace: Workspace<'_>, file: &File, offset: usize) -> Option<Location> {
    let (lua, span) = plan::function_at(&file.read()?.document, offset, &workspace.inputs.open)?;
    Some(Location::new(findings::uri(lua.path())?, findings::range(&lua, span)))
}

/// All places that name it, and its definition where that is wanted.
pub(super) fn references(
    workspace: Workspace<'_>,
    file: &File,
    id: Id<'_>,
    with_definition: bool,
) -> Vec<Location> {
    // Where not all files can be known, those of this one are.
    let kin = kin(workspace, file, id).unwrap_or_else(|_| Kin::own(workspace, file));
    let (holder, files) = family(&kin, id);
    let mut places = Vec::new();
    for at in files {
        let file = &kin.files[at];
        let own = ids::definition(file, id).filter(|_| with_definition && holder.is_none_or(|one| one == at));
        let mut spans: Vec<Span> = own.into_iter().chain(ids::uses(file, id)).collect();
        spans.sort();
        places.extend(spans.into_iter().map(|span| location(file, span)));
    }
    places
}

/// What gives the thing at a byte another name in all files, or why that cannot be.
pub(super) fn rename(
    workspace: Workspace<'_>,
    file: &File,
    offset: usize,
    new: &str,
) -> Result<Changes, String> {
    ids::sound(file)?;
    let Some((old, _)) = ids::at(file, offset) else {
        let in_lua = functions::rename(workspace, file, offset, new);
        return in_lua.unwrap_or_else(|| Err(NOTHING.to_owned()));
    };
    ids::check_new(new)?;
    if old.name == new {
        return Ok(vec![(file.uri.clone(), Vec::new())]);
    }
    let kin = kin(workspace, file, old)?;
    let (holder, files) = family(&kin, old);
    if let Some(holder) = holder {
        no_other_meaning(&kin, holder, &files, old)?;
    }
    let taken = Id { name: new, ..old };
    let affected = kin.pipelines.iter().filter(|pipeline| pipeline.iter().any(|at| files.contains(at)));
    for other in affected.flatten().chain(&files) {
        if ids::definition(&kin.files[*other], taken).is_some() {
            let place =
                if *other == 0 { String::new() } else { format!(" in `{}`", shown(&kin.files[*other])) };
            return Err(format!("there is a {} `{new}` already{place}", old.what.noun()));
        }
    }
    let mut changes = Vec::new();
    for at in files {
        let edits = ids::edits(&kin.files[at], old, new)?;
        if at == 0 || !edits.is_empty() {
            changes.push((kin.files[at].uri.clone(), edits));
        }
    }
    Ok(changes)
}

/// The files that may have to do with a name: a step is known to its own pipeline only.
fn kin<'a>(workspace: Workspace<'a>, file: &'a File, id: Id<'_>) -> Result<Kin<'a>, String> {
    match id.what {
        Named::Step => Ok(Kin { files: vec![super::kin::KinFile::Open(file)], pipelines: vec![vec![0]] }),
        Named::Policy | Named::Limit => Kin::all(workspace, file),
    }
}

/// The file that defines the name as the first file means it, and all files in which it has that meaning.
fn family(kin: &Kin<'_>, id: Id<'_>) -> (Option<usize>, Vec<usize>) {
    let own = ids::definition(&kin.files[0], id).map(|_| 0);
    let holder = own.or_else(|| kin.pipelines_of(0).find_map(|pipeline| kin.definer(pipeline, id)));
    let means_it = |pipeline: &&[usize]| kin.definer(pipeline, id) == holder;
    let near = holder.unwrap_or(0);
    let mut files: Vec<usize> =
        kin.pipelines_of(near).filter(means_it).flatten().copied().chain([0, near]).collect();
    files.sort_unstable();
    files.dedup();
    (holder, files)
}

/// No file that is to be changed means something else by the name in another pipeline, and no second one defines it.
fn no_other_meaning(kin: &Kin<'_>, holder: usize, files: &[usize], id: Id<'_>) -> Result<(), String> {
    let name = id.name;
    for &at in files.iter().filter(|&&at| at != holder) {
        if ids::definition(&kin.files[at], id).is_some() {
            let (one, other) = (shown(&kin.files[holder]), shown(&kin.files[at]));
            return Err(format!("`{one}` and `{other}` both say what `{name}` is"));
        }
    }
    for &at in files {
        if ids::uses(&kin.files[at], id).next().is_none() {
            continue;
        }
        let other = kin.pipelines_of(at).find(|pipeline| kin.definer(pipeline, id) != Some(holder));
        if let Some(pipeline) = other {
            let (file, pipeline) = (shown(&kin.files[at]), shown(&kin.files[pipeline[0]]));
            return Err(format!("`{file}` names `{name}`, which is another one in `{pipeline}`"));
        }
    }
    Ok(())
}

fn location(file: &File, span: Span) -> Location {
    Location::new(file.uri.clone(), file.range(span))
}

fn shown(file: &File) -> String {
    file.path.display().to_string()
}
