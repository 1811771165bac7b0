//! A fingerprint names what the results of a step depend on beside its items. Old results with another fingerprint are not
//! used again.

use serde_json::{Map, Value};

use super::plan_files;

use crate::data::{DataError, FileContent, content_if_any, content_of};
use crate::lua::{Footprint, ResultShape, Seen};
use crate::plan::{ItemFunction, MapLike, Plan};
use crate::program::{ItemProgram, ProgramValue};
use crate::store::{Digest, Fingerprint, LinesPerItem, SecretKey};

/// Version of the pipeline language. Another one may understand the same file differently.
pub(super) const LANGUAGE: u32 = 1;

/// Files that a fingerprint names one by one; more of them are one part of it.
const FILES_MAX: usize = 20;

/// What is in the files that the function of a step depends on, each once, by name: those of `uses`, and those that it
/// visibly reads.
///
/// # Errors
/// Fails when a file of `uses` is missing or cannot be read.
pub(super) fn file_contents(plan: &Plan, each: &MapLike) -> Result<Vec<FileContent>, DataError> {
    let read = match &each.function {
        ItemFunction::Lua(script) => script.files_read(),
        ItemFunction::Program(program) => program.files().into_iter().collect(),
    };
    let mut contents: Vec<FileContent> = read.iter().map(|path| content_if_any(&plan.root, path)).collect();
    for pattern in each.uses.iter() {
        let used = content_of(&plan.root, pattern);
        contents.extend(used.map_err(|error| DataError::Usage(format!("`uses`: {error}")))?);
    }
    contents.sort();
    contents.dedup();
    Ok(contents)
}

/// All that the results of a step depend on, beside its items.
#[derive(Debug, Clone)]
pub struct StepFingerprint {
    /// By parts, whose names are the reasons that people read: `function`, `params`, …
    pub parts: Fingerprint,
    /// All parts but the key in one, for the cache across runs.
    pub function: Digest,
}

impl StepFingerprint {
    /// Of a step of `plan`. Reads the Lua files that its function requires. Secrets count by digests under `key`;
    /// without one they do not count. `files` are those of [`file_contents`].
    pub(super) fn of(plan: &Plan, each: &MapLike, key: Option<&SecretKey>, files: &[FileContent]) -> Self {
        let footprint = match &each.function {
            ItemFunction::Lua(script) => script.footprint(),
            ItemFunction::Program(program) => of_program(program),
        };
        Self::from_footprint(plan, each, &footprint, (key, files))
    }

    fn from_footprint(
        plan: &Plan,
        each: &MapLike,
        footprint: &Footprint,
        (key, files): (Option<&SecretKey>, &[FileContent]),
    ) -> Self {
        let mut fingerprint = vec![
            ("function".to_owned(), format!("{:032x}", footprint.function)),
            ("params".to_owned(), digest(&visible(&plan.params, &footprint.params))),
            ("env".to_owned(), digest(&visible(&plan.env, &footprint.env))),
            ("language".to_owned(), LANGUAGE.to_string()),
        ];
        let secrets: Vec<_> = plan.secrets.iter().filter(|(name, _)| footprint.secrets.sees(name)).collect();
        if let (Some(key), false) = (key, secrets.is_empty()) {
            let text = serde_json::to_string(&secrets).expect("texts are JSON");
            fingerprint.push(("secrets".to_owned(), key.digest(text.as_bytes())));
        }
        fingerprint.extend(file_parts(files));
        let function = Digest::of(format!("{:?} {fingerprint:?}", each.kind).as_bytes());
        if let Some(key) = &each.key {
            fingerprint.push(("key".to_owned(), format!("{:032x}", key.footprint().function)));
        }
        Self { parts: fingerprint, function }
    }
}

/// A digest of all that the results of a plan can depend on beside its items and the values of secrets: the texts of the
/// pipeline and of all files that it is made of, wherever they lie, parameters, environment, `--limit` and what `--set` has
/// set. It is the same on all machines.
pub fn plan_digest(plan: &Plan, set: &[(String, String)]) -> String {
    let mask = plan.secrets.mask();
    let mut files: Vec<Digest> =
        plan_files::plain(plan).values().map(|text| Digest::of_bytes(text.as_bytes())).collect();
    files.sort_unstable();
    let files: Vec<String> = files.iter().map(Digest::to_string).collect();
    let set: Vec<(&String, String)> =
        set.iter().map(|(path, value)| (path, mask.text(value).into_owned())).collect();
    let known = serde_json::json!([
        LANGUAGE,
        plan.file.text(),
        files,
        mask.json(&plan.params),
        mask.json(&plan.env),
        plan.limit,
        set,
    ]);
    Digest::of_bytes(known.to_string().as_bytes()).to_string()
}

/// What is known of a program: its command line, where it runs and its variables, secrets by their names. The files that it
/// names count by their content.
fn of_program(program: &ItemProgram) -> Footprint {
    let folder = program.folder.strip_prefix(&program.root).unwrap_or(&program.folder);
    let env: Vec<String> = program
        .env
        .iter()
        .map(|(name, value)| match value {
            ProgramValue::Text(text) => format!("{name}={text}"),
            ProgramValue::Secret(secret) => format!("{name}={{secret: {secret}}}"),
        })
        .collect();
    let text = serde_json::to_string(&(&program.words, folder, env)).expect("texts are JSON");
    let secrets = program.env.values().filter_map(|value| match value {
        ProgramValue::Secret(name) => Some(name.clone()),
        ProgramValue::Text(_) => None,
    });
    Footprint::of_text(&text, secrets.collect())
}

/// The parts for files, which are named as people read them: `` `words.json` changed``.
fn file_parts(files: &[FileContent]) -> Fingerprint {
    if files.len() <= FILES_MAX {
        return files.iter().map(|(name, content)| (format!("`{name}`"), content.clone())).collect();
    }
    vec![("used files".to_owned(), Digest::of(format!("{files:?}").as_bytes()).to_string())]
}

/// How many result lines an item of such a step has.
pub(super) fn shape(kind: ResultShape) -> LinesPerItem {
    match kind {
        ResultShape::Map => LinesPerItem::One,
        ResultShape::FlatMap => LinesPerItem::Many,
        ResultShape::Filter => LinesPerItem::Optional,
    }
}

/// The fields of a JSON object that a function may look at, in one order.
fn visible(object: &str, seen: &Seen) -> Vec<(String, Value)> {
    let all: Map<String, Value> = serde_json::from_str(object).unwrap_or_default();
    let mut fields: Vec<(String, Value)> = all.into_iter().filter(|(name, _)| seen.sees(name)).collect();
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    fields
}

fn digest(fields: &[(String, Value)]) -> String {
    let text = serde_json::to_string(fields).expect("JSON values are JSON");
    Digest::of(text.as_bytes()).to_string()
}
