//! The files that a run touches are gathered from the pipeline file and from what its functions require.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::file_checks::path_of;
use super::paths;
use super::places::PlacedDocument;
use super::step::{Body, Collect, Items, MapLike, Plan, Verb};
use super::step_index::StepIndex;
use super::touched::{FileRole, Touched};
use crate::event;
use crate::lua::{LuaPath, Script};

/// All files whose names are known before the run, in the order of the pipeline file.
pub(super) fn of(places: &PlacedDocument, step_index: &StepIndex, lua_path: &LuaPath) -> Vec<Touched> {
    let root = lua_path.root();
    let value = places.value();
    let included = places.included.iter().map(|one| lua_path.relative(one.document.file.path()));
    let mut all: Vec<Touched> =
        included.map(|path| Touched::new(FileRole::Included, root, &path.to_string_lossy())).collect();
    for (name, from) in value.get("secrets").and_then(Value::as_object).into_iter().flatten() {
        let path = from.get("file").and_then(Value::as_str);
        all.extend(path.map(|path| Touched::new(FileRole::Secret(name.clone()), root, path)));
    }
    for step in &step_index.steps {
        let file = value.pointer(&format!("{}/file", step.verb_pointer())).and_then(Value::as_str);
        let file = file.and_then(|name| name.split('#').next()).filter(|path| is_known(path));
        let file = file.and_then(|path| lua_path.find(|folder| Some(paths::absolute(folder, path))));
        all.extend(
            file.map(|path| Touched::new(FileRole::Lua, root, &lua_path.relative(&path).to_string_lossy())),
        );
        let Some(verb) = step.verb else { continue };
        let Some((_, path)) = path_of(value, &step.pointer, verb) else { continue };
        let name = step.name.clone();
        all.push(match verb {
            event::Verb::Read => Touched::new(FileRole::Read(name), root, &path),
            event::Verb::Glob => {
                Touched::new(FileRole::Listed(name), &start(value, &step.pointer, root), &path)
            }
            _ => Touched::new(FileRole::Written(name), root, &path),
        });
    }
    all
}

/// Where the pattern of a `glob` step starts from.
fn start(value: &Value, step: &str, root: &Path) -> PathBuf {
    let own = value.pointer(&format!("{step}/glob/root")).and_then(Value::as_str);
    own.filter(|own| is_known(own)).map_or_else(|| root.to_owned(), |own| paths::absolute(root, own))
}

/// What an expression gives is known when its step starts.
fn is_known(path: &str) -> bool {
    !path.is_empty() && !path.contains("${{")
}

impl Plan {
    /// All files that the run is known to touch: those that the pipeline file names, and the modules that its functions
    /// require. Reads Lua files, as they are now.
    pub fn touches(&self) -> Vec<Touched> {
        let mut all = self.touched.clone();
        let mut scripts: Vec<&Script> = Vec::new();
        scripts.extend(self.at_end.iter().map(|at_end| &*at_end.script));
        for step in &self.steps {
            scripts.extend(step.when.iter().map(|when| &*when.script));
            if let Body::Ready(verb) = &step.body {
                scripts.extend(scripts_of(verb));
            }
        }
        for (path, _) in scripts.into_iter().flat_map(|script| script.footprint().files) {
            let file = Touched::new(FileRole::Lua, &self.root, &path.to_string_lossy());
            if !all.contains(&file) {
                all.push(file);
            }
        }
        all
    }
}

/// The scripts that a verb is made of.
fn scripts_of(verb: &Verb) -> Vec<&Script> {
    match verb {
        Verb::MapLike(each) => {
            let MapLike { function, key, retry_when, .. } = &**each;
            [function.script(), key.as_ref(), retry_when.as_ref()]
                .into_iter()
                .flatten()
                .map(|script| &**script)
                .collect()
        }
        Verb::Items(Items::Lua { script, .. })
        | Verb::Collect(
            Collect::Sort { by: script, .. } | Collect::Unique(script) | Collect::GroupBy(script),
        ) => vec![script],
        Verb::Collect(Collect::Reduce(reduce)) => [Some(&reduce.script), reduce.combine.as_ref()]
            .into_iter()
            .flatten()
            .map(|script| &**script)
            .collect(),
        Verb::Collect(Collect::Aggregate(aggregate)) => {
            aggregate.scripts.iter().map(|script| &**script).collect()
        }
        Verb::Collect(Collect::Join(join)) => vec![&join.by, &join.with_by],
        Verb::Split(split) => split.by.iter().map(|script| &**script).collect(),
        Verb::Read(_) | Verb::Glob(_) | Verb::Items(_) | Verb::Collect(_) | Verb::Write(_) => Vec::new(),
    }
}
