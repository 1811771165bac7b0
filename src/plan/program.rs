//! This module turns a program as written into one that can be started, and finds out whether it is there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::places::{DocumentPart, PlacedDocument};
use super::resolve::{Built, StepBuilder};
use super::step_index::StepIndex;
use super::{codes, paths};
use crate::config;
use crate::program::{ItemProgram, ProgramValue};
use crate::source::Diagnostic;

/// How long a process may take to its first word, unless `ready` says otherwise.
const READY: Duration = Duration::from_secs(30);
/// Deaths in a row that stop a step, unless `restart` says otherwise.
const RESTART: u32 = 3;

/// Programs whose first argument that is no option is a file to run.
const INTERPRETERS: &[&str] =
    &["python", "node", "ruby", "perl", "bash", "sh", "Rscript", "php", "julia", "lua"];

impl StepBuilder<'_> {
    /// The program that is written at `at`.
    pub(super) fn program(&self, at: &str, program: &config::Program) -> Built<ItemProgram> {
        let ready = self.known(&format!("{at}/ready"), program.ready.as_ref())?;
        let restart = self.known(&format!("{at}/restart"), program.restart.as_ref())?;
        Ok(ItemProgram {
            ready: ready.map_or(READY, |limit| limit.0),
            restart: restart.map_or(RESTART, |count| count.0),
            ..of(program, self.root)
        })
    }
}

/// The program, but for what is counted and timed of it.
fn of(program: &config::Program, root: &Path) -> ItemProgram {
    let value = |value: &config::Variable| match value {
        config::Variable::Text(text) => ProgramValue::Text(text.clone()),
        config::Variable::Secret(name) => ProgramValue::Secret(name.clone()),
    };
    ItemProgram {
        words: program.run.clone(),
        root: root.to_owned(),
        folder: program.cwd.as_ref().map_or_else(|| root.to_owned(), |cwd| paths::absolute(root, cwd)),
        env: program.env.iter().map(|(name, one)| (name.clone(), value(one))).collect(),
        ready: READY,
        restart: RESTART,
    }
}

/// Reports programs of steps that cannot be started, and scripts of theirs that are not there. What holds an expression without
/// a value is left to the run.
pub(super) fn check(
    places: &PlacedDocument,
    step_index: &StepIndex,
    root: &Path,
    found: &mut Vec<Diagnostic>,
) {
    for step in &step_index.steps {
        let at = format!("{}/program", step.verb_pointer());
        let Some(written) = places.value().pointer(&at) else { continue };
        // What is wrong with its form has been told.
        let Ok(program) = config::program_of(written) else { continue };
        let is_open = |text: &String| config::is_expression(text);
        if program.run.iter().chain(&program.cwd).any(is_open) {
            continue;
        }
        let words = if written.is_array() { at.clone() } else { format!("{at}/run") };
        let program = of(&program, root);
        found.extend(problem(places, (&at, &words), &program, &step.name));
        found.extend(secrets(places, &at, &program));
    }
}

fn problem(
    places: &PlacedDocument,
    (at, words): (&str, &str),
    program: &ItemProgram,
    step: &str,
) -> Option<Diagnostic> {
    let error = |message: String, pointer: &str, label: &str| {
        places.error(codes::PROGRAM, message, &DocumentPart::Value(pointer), label)
    };
    let folder = program.folder.strip_prefix(&program.root).unwrap_or(&program.folder).display().to_string();
    if !program.folder.is_dir() {
        let message = format!("there is no folder `{folder}` to run a program in");
        let found = error(message, &format!("{at}/cwd"), "this folder");
        return Some(found.help(format!("step `{step}` runs its program there")));
    }
    if program.file().is_none() {
        let found = error(program.not_there(), &format!("{words}/0"), "this program");
        let is_script = program.root.join(&program.words[0]).is_file();
        return Some(found.help(if program.words[0].is_empty() {
            "the first word is the program, the others are its arguments"
        } else if is_script {
            "the file is there: name what runs it, as in `[python3, FILE]`, or write `./FILE` and make it executable"
        } else {
            "a name is looked for on the search path; a path with `/` is relative to the pipeline file"
        }));
    }
    let (place, script) = script(program)?;
    let file: PathBuf = program.folder.join(script);
    (!file.exists()).then(|| {
        let label = match &*folder {
            "" => "no such file beside the pipeline".to_owned(),
            folder => format!("no such file in `{folder}`"),
        };
        let message = format!("`{}` has no file `{script}` to run", program.words[0]);
        error(message, &format!("{words}/{place}"), &label)
            .help("it is looked for in the folder in which the program runs: `cwd`")
    })
}

/// The script that an interpreter is given, and which word it is.
fn script(program: &ItemProgram) -> Option<(usize, &str)> {
    let name = program.words[0].rsplit('/').next()?;
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !INTERPRETERS.contains(&name) {
        return None;
    }
    // What follows options is their value, or the script: only the first word is surely the one or the other.
    let script = program.words.get(1).filter(|word| !word.starts_with('-'))?;
    Some((1, script))
}

fn secrets(places: &PlacedDocument, at: &str, program: &ItemProgram) -> Vec<Diagnostic> {
    let declared = places.value().get("secrets").and_then(serde_json::Value::as_object);
    let is_declared = |name: &str| declared.is_some_and(|declared| declared.contains_key(name));
    let unknown = program.env.iter().filter_map(|(variable, value)| match value {
        ProgramValue::Secret(name) if !is_declared(name) => Some((variable, name)),
        _ => None,
    });
    unknown
        .map(|(variable, name)| {
            let pointer = format!("{at}/env/{}/secret", config::escape_key(variable));
            let message = format!("secret `{name}` is not declared");
            places
                .error(codes::UNDECLARED, message, &DocumentPart::Value(&pointer), "no secret has this name")
                .help("`secrets` says where the values of secrets come from")
        })
        .collect()
}
