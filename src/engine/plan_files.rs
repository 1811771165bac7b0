//! These are the files that a plan is made of beside the pipeline file itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::plan::{Body, Items, Plan, Verb};

/// The files that the pipeline includes and the Lua files of all steps, each once.
pub(super) fn of(plan: &Plan) -> Vec<(PathBuf, Arc<str>)> {
    let mask = plan.secrets.mask();
    plain(plan).into_iter().map(|(path, text)| (path, mask.shared(&text))).collect()
}

/// The same with what secrets may stand in them.
pub(super) fn plain(plan: &Plan) -> BTreeMap<PathBuf, Arc<str>> {
    let included = plan.included.iter().map(|(path, file)| (path.clone(), file.text().into()));
    let mut files: BTreeMap<PathBuf, Arc<str>> = included.collect();
    files.extend(plan.at_end.iter().flat_map(|at_end| at_end.script.footprint().files));
    for step in &plan.steps {
        if let Body::Ready(verb) = &step.body {
            files.extend(of_verb(verb));
        }
    }
    files
}

/// The texts of all files that a plan is made of beside the pipeline file, as they were read, with their paths.
pub fn plan_texts(plan: &Plan) -> impl Iterator<Item = (PathBuf, Arc<str>)> {
    plain(plan).into_iter().map(|(path, text)| (plan.root.join(path), text))
}

/// The Lua files that a verb is made of.
pub(super) fn of_verb(verb: &Verb) -> Vec<(PathBuf, Arc<str>)> {
    let scripts = match verb {
        Verb::MapLike(each) => vec![each.function.script(), each.key.as_ref(), each.retry_when.as_ref()],
        Verb::Items(Items::Lua { script, .. }) => vec![Some(script)],
        _ => Vec::new(),
    };
    scripts.into_iter().flatten().flat_map(|script| script.footprint().files).collect()
}
