//! The paths of `--set` are offered as the schema knows them, for the steps of the pipeline file.

use std::ffi::OsStr;

use clap_complete::engine::CompletionCandidate;
use serde_json::Value;

use super::command_line::CommandLine;
use super::names::{document, named};
use super::offer::{is_plain, offer};
use crate::config::vocabulary;
use crate::event::Verb;
use crate::value::Choice as _;

/// How many keys a path goes on with below a verb, such as `retries.delay`.
const DEPTH_MAX: usize = 2;

/// A path, with what the schema says of its value.
type Setting = (String, &'static Value);

/// `PATH=` of all that can be set, or `PATH=VALUE` where few words can stand there.
pub(super) fn settings(line: &CommandLine, start: &OsStr) -> Vec<CompletionCandidate> {
    let Some(document) = document(line) else { return Vec::new() };
    let settings = of_document(&document);
    let doc = |schema| vocabulary::doc(schema).unwrap_or_default();
    match start.to_string_lossy().split_once('=') {
        None => settings.iter().map(|(path, schema)| offer(&format!("{path}="), doc(schema))).collect(),
        Some((wanted, _)) => settings
            .iter()
            .filter(|(path, _)| path == wanted)
            .flat_map(|(path, schema)| {
                vocabulary::values(schema).into_iter().map(move |v| format!("{path}={v}"))
            })
            .filter(|word| is_plain(word))
            .map(|word| offer(&word, ""))
            .collect(),
    }
}

/// What can be set in each step, the verb left out, in the policies and in the defaults.
fn of_document(document: &Value) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (id, step) in named(document, "steps") {
        let place = [Some("steps"), Some(id)];
        let keys = vocabulary::at(&place).into_iter().flat_map(vocabulary::keys);
        let own = keys.filter(|(name, _)| Verb::parse(name).is_none());
        settings.extend(own.map(|(name, schema)| (format!("{id}.{name}"), schema)));
        if let Some(verb) = Verb::all().map(Verb::name).find(|verb| step.get(verb).is_some()) {
            add(&mut settings, id, vocabulary::at(&[place[0], place[1], Some(verb)]), DEPTH_MAX);
        }
    }
    for (name, _) in named(document, "policies") {
        let place = [Some("policies"), Some(name)];
        add(&mut settings, &format!("policies.{name}"), vocabulary::at(&place), DEPTH_MAX);
    }
    add(&mut settings, "defaults", vocabulary::at(&[Some("defaults")]), DEPTH_MAX + 1);
    settings
}

/// Adds the keys below a path, and those below them.
fn add(settings: &mut Vec<Setting>, path: &str, schema: Option<&'static Value>, depth: usize) {
    if depth == 0 {
        return;
    }
    for (name, schema) in schema.into_iter().flat_map(vocabulary::keys) {
        let path = format!("{path}.{name}");
        settings.push((path.clone(), schema));
        add(settings, &path, Some(schema), depth - 1);
    }
}
