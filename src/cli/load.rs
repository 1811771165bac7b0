//! This module makes a plan from the path of a pipeline file: it reads what lies outside the file and calls the
//! floors that understand it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::args::{AllowArguments, InputArguments};
use super::console::Console;
use super::exit::{Complaint, Fault};
use super::redact;
use super::typo::unread_file;
use crate::config::{self, FileKind};
use crate::lua::Allowed;
use crate::plan::{self, Inputs, Plan};
use crate::source::{Diagnostic, Severity};

/// A pipeline file after all checks.
pub(super) struct CheckedFile {
    /// The plan, when nothing forbids to run.
    pub(super) plan: Option<Plan>,
    /// All findings about the file.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What is wrong with the way the run was asked for.
    pub(super) complaints: Vec<Complaint>,
}

impl CheckedFile {
    /// The plan and the warnings about it, or why there is none.
    pub(super) fn into_plan(self) -> Result<(Plan, Vec<Diagnostic>), Fault> {
        let is_invalid = self.diagnostics.iter().any(|found| found.severity == Severity::Error);
        match self.plan {
            _ if is_invalid => Err(Fault::Invalid(self.diagnostics, self.complaints)),
            Some(plan) if self.complaints.is_empty() => Ok((plan, self.diagnostics)),
            _ if !self.complaints.is_empty() => Err(Fault::Usage(self.complaints)),
            _ => Err(Fault::Internal("a pipeline file without a fault gave no plan".to_owned())),
        }
    }
}

/// Reads and checks a pipeline file.
pub(super) fn pipeline(path: &Path, inputs: &Inputs) -> Result<CheckedFile, Complaint> {
    let bytes = fs::read(path).map_err(|error| unread(path, &error))?;
    Ok(checked(path, &bytes, inputs))
}

/// Reads and checks a pipeline file, one that pipelines include, or an executors file.
pub(super) fn either(path: &Path, inputs: &Inputs) -> Result<CheckedFile, Complaint> {
    let bytes = fs::read(path).map_err(|error| unread(path, &error))?;
    let kind = FileKind::named(&bytes);
    if kind == FileKind::Pipeline {
        return Ok(checked(path, &bytes, inputs));
    }
    let loaded = config::load_as(kind, &bytes, &path.to_string_lossy(), &place(path));
    let diagnostics = if kind == FileKind::Included {
        plan::check_included(loaded)
    } else {
        let judged = config::judge_executors(&loaded);
        loaded.diagnostics.into_iter().chain(judged).collect()
    };
    Ok(CheckedFile { plan: None, diagnostics, complaints: Vec::new() })
}

/// Kept with the run, which may be resumed from any folder.
pub(super) fn place(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn checked(path: &Path, bytes: &[u8], inputs: &Inputs) -> CheckedFile {
    of_text((&path.to_string_lossy(), &place(path)), bytes, inputs)
}

/// Checks the text of a pipeline file, which has this name for people and lies there.
pub(super) fn of_text((name, place): (&str, &Path), bytes: &[u8], inputs: &Inputs) -> CheckedFile {
    let loaded = plan::load(config::load(bytes, name, place), inputs);
    redact::keep(loaded.secrets.mask());
    let complaints =
        loaded.usage.into_iter().map(|error| Complaint { message: error.message, help: error.help });
    CheckedFile { plan: loaded.plan, diagnostics: loaded.diagnostics, complaints: complaints.collect() }
}

/// Refuses what cannot be a pipeline file, before anything is read.
pub(super) fn refuse_standard_input(path: &Path) -> Result<(), Complaint> {
    if path.as_os_str() != "-" {
        return Ok(());
    }
    Err(Complaint::new("a pipeline file cannot come from standard input")
        .help("its paths are relative to its folder, so it must lie in one"))
}

/// What a run brings to the file.
pub(super) fn inputs(
    arguments: &InputArguments,
    console: &Console,
    run: &Arc<str>,
) -> Result<Inputs, Complaint> {
    let params_file = match &arguments.params_file {
        Some(path) => params(path)?,
        None => Map::new(),
    };
    let current_dir =
        std::env::current_dir().map_err(|error| cannot("find the current folder", Path::new("."), &error))?;
    let params_dir = arguments.params_file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    Ok(Inputs {
        params: arguments.params.clone(),
        params_file,
        params_dir: current_dir.join(params_dir),
        allow: allowed(&arguments.allow, &current_dir),
        current_dir,
        set: arguments.set.clone(),
        limit: arguments.limit,
        run: Arc::clone(run),
        ..surroundings(console)
    })
}

/// What a run is allowed beside what the file grants; paths on the command line start in the current folder.
fn allowed(arguments: &AllowArguments, current_dir: &Path) -> Allowed {
    let absolute = |path: &String| current_dir.join(path).to_string_lossy().into_owned();
    let program = |name: &String| if name.contains('/') { absolute(name) } else { name.clone() };
    Allowed {
        net: Some(arguments.net.clone()),
        read: Some(arguments.read.iter().map(absolute).collect()),
        write: Some(arguments.write.iter().map(absolute).collect()),
        exec: Some(arguments.exec.iter().map(program).collect()),
    }
}

/// What a check knows of the run: nothing.
pub(super) fn no_inputs(console: &Console) -> Inputs {
    let current_dir = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    Inputs { check_only: true, run: Arc::from("check"), current_dir, ..surroundings(console) }
}

fn surroundings(console: &Console) -> Inputs {
    Inputs { env: console.env.clone(), cores: cores(), ..Inputs::default() }
}

/// Cores that this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Reads a params file: YAML, of which JSON is a part.
fn params(path: &Path) -> Result<Map<String, Value>, Complaint> {
    let bytes = read(path, "read the params file")?;
    let wrong = |reason: String| {
        Complaint::new(format!("the params file `{}` cannot be used: {reason}", path.display()))
    };
    let value: serde_yaml::Value =
        serde_yaml::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    match json(value).map_err(wrong)? {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err(wrong("it holds no map of names and values".to_owned())),
    }
}

/// The same value in JSON's types; YAML knows some that JSON does not.
fn json(value: serde_yaml::Value) -> Result<Value, String> {
    Ok(match value {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(truth) => Value::Bool(truth),
        serde_yaml::Value::String(text) => Value::String(text),
        serde_yaml::Value::Number(number) => {
            let json = serde_json::to_value(&number).ok().filter(|json| !json.is_null());
            json.ok_or_else(|| format!("`{number}` is no number of JSON"))?
        }
        serde_yaml::Value::Sequence(list) => {
            Value::Array(list.into_iter().map(json).collect::<Result<_, _>>()?)
        }
        serde_yaml::Value::Mapping(map) => {
            let entry = |(key, value)| match key {
                serde_yaml::Value::String(key) => Ok((key, json(value)?)),
                _ => Err("a key is no string".to_owned()),
            };
            Value::Object(map.into_iter().map(entry).collect::<Result<_, _>>()?)
        }
        serde_yaml::Value::Tagged(tagged) => {
            return Err(format!("the tag `{}` means nothing here", tagged.tag));
        }
    })
}

fn read(path: &Path, intent: &str) -> Result<Vec<u8>, Complaint> {
    fs::read(path).map_err(|error| cannot(intent, path, &error))
}

/// The complaint about a pipeline file that cannot be read.
pub(super) fn unread(path: &Path, error: &io::Error) -> Complaint {
    unread_file(cannot("read the pipeline file", path, error), path)
}

/// `` cannot read the pipeline file `x.yaml`: no such file or directory ``
pub(super) fn cannot(intent: &str, path: &Path, error: &io::Error) -> Complaint {
    let reason = error.to_string();
    let reason = reason.split(" (os error").next().unwrap_or(&reason);
    let mut letters = reason.chars();
    let reason: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
    Complaint::new(format!("cannot {intent} `{}`: {reason}", path.display()))
}
