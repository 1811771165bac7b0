//! `flowrun test` runs the tests of pipeline files. `judge` decides whether a test has passed, and `print` shows it.

pub(super) mod diff;
mod judge;
mod judge_whole;
mod judged;
mod print;
mod record;
mod unseen;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use self::judged::{FileTests, Judged};
use super::args::{TestArguments, TestFormat};
use super::console::Console;
use super::exit::{Exit, Fault};
use super::search::FoundFiles;
use super::{load, stdout, trials};
use crate::config;
use crate::event;
use crate::lua::ResultShape;
use crate::plan::{Body, Inputs, Plan, Step, Unseen, Verb};
use crate::trial::{Bench, Effects, TriedCollection, TriedStep};

/// Runs tests, or records some.
pub(super) fn command(console: &Console, arguments: &TestArguments) -> Result<Exit, Fault> {
    if let Some(step) = &arguments.record {
        return record::command(console, arguments, step);
    }
    if arguments.format != TestFormat::Text {
        stdout::demand("the result")?;
    }
    let inputs = load::inputs(&arguments.inputs(), console, &Arc::from("test"))?;
    let mut complaints = Vec::new();
    let is_pipeline = |kind| kind == config::FileKind::Pipeline;
    let found = FoundFiles::of(&arguments.files, arguments.skip_others, is_pipeline, &mut complaints);
    if !complaints.is_empty() {
        return Err(Fault::Usage(complaints));
    }
    let named = found.checked;
    refuse_invalid(console, &named)?;
    let mut bench = trials::bench(None, Effects::of(arguments.allow_effects))?;
    let mut files = Vec::new();
    for path in &named {
        let tests = run_file(&mut bench, path, &inputs)?;
        files.push(FileTests { file: path.to_string_lossy().into_owned(), tests });
        if bench.is_interrupted() {
            return Ok(Exit::Interrupted);
        }
    }
    print::write(console, arguments, &files)?;
    let failed = files.iter().flat_map(|file| &file.tests).any(|test| test.mismatch.is_some());
    Ok(if failed { Exit::StepFailed } else { Exit::Success })
}

/// Nothing runs unless all files are valid, and what is wrong with them is said of all at once.
fn refuse_invalid(console: &Console, files: &[PathBuf]) -> Result<(), Fault> {
    let (mut diagnostics, mut complaints) = (Vec::new(), Vec::new());
    for path in files {
        load::refuse_standard_input(path)?;
        let checked = load::pipeline(path, &load::no_inputs(console))?;
        diagnostics.extend(checked.diagnostics);
        complaints.extend(checked.complaints);
    }
    diagnostics.retain(|found| found.severity == crate::source::Severity::Error);
    match (diagnostics.is_empty(), complaints.is_empty()) {
        (true, true) => Ok(()),
        (true, false) => Err(Fault::Usage(complaints)),
        (false, _) => Err(Fault::Invalid(diagnostics, complaints)),
    }
}

/// Runs all tests of a file.
fn run_file(bench: &mut Bench, path: &Path, inputs: &Inputs) -> Result<Vec<Judged>, Fault> {
    let mut judged = Vec::new();
    // Each set of parameters makes a plan of its own, and so does what the tested step cannot look at.
    let mut plans: Vec<(Given, Plan)> = Vec::new();
    for (at, given) in given(path)?.into_iter().enumerate() {
        let known = plans.iter().position(|(other, _)| *other == given);
        let known = if let Some(known) = known {
            known
        } else {
            let plan = plan(path, inputs, &given)?;
            plans.push((given, plan));
            plans.len() - 1
        };
        // What one test writes, the next does not see.
        bench.forget_changes();
        judged.push(run_test(bench, &plans[known].1, at)?);
        if bench.is_interrupted() {
            break;
        }
    }
    Ok(judged)
}

/// The file as it is written; null where it is no YAML.
fn document(path: &Path) -> Result<Value, Fault> {
    let bytes = std::fs::read(path).map_err(|error| load::unread(path, &error))?;
    let loaded = config::load(&bytes, &path.to_string_lossy(), path);
    Ok(loaded.document.map(|document| document.value).unwrap_or_default())
}

/// What makes the plan of a test: the parameters that it sets, and what its step cannot look at.
#[derive(PartialEq)]
struct Given {
    params: Map<String, Value>,
    unseen: Unseen,
}

/// What is given for each test of a file.
fn given(path: &Path) -> Result<Vec<Given>, Fault> {
    let value = document(path)?;
    let tests = value.get("tests").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let folder = path.parent().unwrap_or(Path::new(""));
    let given = |test: &Value| {
        let params = test.get("params").and_then(Value::as_object).cloned().unwrap_or_default();
        let step = test.get("step").and_then(Value::as_str).unwrap_or_default();
        Given { params, unseen: unseen::by(step, &value, folder, |path| document(path).unwrap_or_default()) }
    };
    Ok(tests.iter().map(given).collect())
}

/// The plan with these parameters, which win over those of the command line.
fn plan(path: &Path, inputs: &Inputs, given: &Given) -> Result<Plan, Fault> {
    let Given { params, unseen } = given;
    let mut inputs = inputs.clone();
    inputs.params.retain(|(name, _)| !params.contains_key(name));
    inputs.params_file.retain(|name, _| !params.contains_key(name));
    inputs.params_kept.clone_from(params);
    inputs.unseen = unseen.clone();
    Ok(load::pipeline(path, &inputs)?.into_plan()?.0)
}

fn run_test(bench: &Bench, plan: &Plan, at: usize) -> Result<Judged, Fault> {
    let fault = || Fault::Internal("a test of a valid file is gone".to_owned());
    let test = plan.tests.get(at).ok_or_else(fault)?;
    let step = &plan.steps[test.step.at()];
    let items: Vec<Arc<str>> = test.items.iter().map(|item| item.to_string().into()).collect();
    let judged = |mismatch, time, logs, changes| Judged {
        name: Arc::clone(&test.name),
        step: Arc::clone(&step.name),
        line: plan.file.line_of(test.span.start),
        time,
        changes,
        mismatch,
        logs,
    };
    if step.verb.is_tested_whole() {
        let TriedCollection { results, logs, time, changes } = bench.collection(plan, step, &items)?;
        return Ok(judged(judge_whole::judge_whole(test, &results), time, logs, changes));
    }
    let TriedStep { items: tried, time, changes } = bench.items(plan, step, &items)?;
    let mismatch = judge::judge(test, kind(step), &tried);
    Ok(judged(mismatch, time, tried.into_iter().flat_map(|tried| tried.logs).collect(), changes))
}

/// Which of the verbs with a function a step has.
fn kind(step: &Step) -> ResultShape {
    match (&step.body, step.verb) {
        (Body::Ready(Verb::MapLike(each)), _) => each.kind,
        (_, event::Verb::FlatMap) => ResultShape::FlatMap,
        (_, event::Verb::Filter) => ResultShape::Filter,
        _ => ResultShape::Map,
    }
}
