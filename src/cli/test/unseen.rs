//! A test runs one step, so it needs the parameters and variables alone that this step can look at.

use std::path::Path;

use serde_json::{Map, Value};

use crate::plan::Unseen;

/// Where policies, defaults and limits stand that a step may take what it does from.
const BEHIND_STEPS: [&str; 3] = ["defaults", "policies", "rate_limits"];

/// What the step `step` of the file cannot look at: a name that stands nowhere in it, in the files of code that it names and in
/// what it takes its policy from, while neither all of a group is used there nor more code is loaded. `include` reads a file
/// that is included, as it is written.
pub(super) fn by(step: &str, file: &Value, folder: &Path, include: impl Fn(&Path) -> Value) -> Unseen {
    let included = file.get("include").and_then(Value::as_array).into_iter().flatten();
    let mut documents = vec![file.clone()];
    documents.extend(included.filter_map(Value::as_str).map(|path| include(&folder.join(path))));
    let Some(texts) = seen(step, &documents, folder) else { return Unseen::default() };
    let unseen = |group: &str| {
        let groups = documents.iter().filter_map(|document| document.get(group)?.as_object());
        let is_all_used = texts.iter().any(|text| uses_whole(text, group));
        let is_named = |name: &str| texts.iter().any(|text| words(text).any(|word| word == name));
        groups.flat_map(Map::keys).filter(|name| !is_all_used && !is_named(name)).cloned().collect()
    };
    Unseen { params: unseen("params"), env: unseen("env") }
}

/// All texts that may say what a step does. `None`: there are more, which cannot be told from here.
fn seen(step: &str, documents: &[Value], folder: &Path) -> Option<Vec<String>> {
    let step = documents[0].get("steps")?.get(step)?.as_object()?;
    let mut texts: Vec<String> = step.values().map(Value::to_string).collect();
    let behind =
        documents.iter().flat_map(|document| BEHIND_STEPS.iter().filter_map(|key| document.get(key)));
    texts.extend(behind.map(Value::to_string));
    for path in step.values().filter_map(|verb| verb.get("file")?.as_str()) {
        let path = path.rsplit_once('#').map_or(path, |(path, _)| path);
        texts.push(std::fs::read_to_string(folder.join(path)).ok()?);
    }
    let loads_more = texts.iter().any(|text| words(text).any(|word| word == "require"));
    (!loads_more).then_some(texts)
}

/// Whether a text may look at any name of a group: at `params` otherwise than by `params.` or `params[`. A key of a map is none.
fn uses_whole(text: &str, group: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(group).any(|(at, found)| {
        let (before, rest) = (&text[..at], &text[at + found.len()..]);
        let stands_alone = !before.ends_with(is_letter) && !rest.starts_with(is_letter);
        let is_key = rest.starts_with("\":");
        stands_alone && !is_key && !rest.trim_start().starts_with(['.', '['])
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '-')
        .flat_map(|word| [word, word.trim_matches('-')])
}

#[cfg(test)]
mod tests;
