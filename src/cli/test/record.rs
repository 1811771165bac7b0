//! `flowrun test --record STEP RUN` makes tests from what the items of a step came to in a run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::cli::args::{InputArguments, SelectArguments, TestArguments};
use crate::cli::console::{Console, put};
use crate::cli::exit::{Complaint, Exit, Fault};
use crate::cli::request::Request;
use crate::cli::{load, resume, state, stdout, trials};
use crate::config;
use crate::event;
use crate::plan::{self, Body, Inputs, Plan, Step, Verb};
use crate::store::{Catalogue, StoredRun};
use crate::trial::{self, Effects, Sample};

/// Prints tests of `step`.
pub(super) fn command(console: &Console, arguments: &TestArguments, step: &str) -> Result<Exit, Fault> {
    stdout::demand("what is recorded")?;
    let wanted = match arguments.files.as_slice() {
        [] => "latest".to_owned(),
        [run] => run.to_string_lossy().into_owned(),
        _ => return Err(Complaint::new("`--record` takes one run").into()),
    };
    let folder = state::find(&arguments.folder)?;
    let catalogue = Catalogue::new(&folder);
    let run = catalogue.open(&state::run(&catalogue, &wanted)?)?;
    let record = run.record();
    let file = resume::pipeline_file(record, &folder);
    let request = Request::kept(run.request().as_deref(), &record.params);
    let (given, _) = request.under(&InputArguments::default(), &SelectArguments::default());
    let inputs = load::inputs(&given, console, &Arc::from("test"))?;
    let inputs = Inputs { params_kept: request.into_params(), ..inputs };
    let (plan, _) = load::pipeline(&file, &inputs)?.into_plan()?;
    let step = find(&plan, step)?;
    let (seed, effects) = (record.seed, Effects::of(arguments.allow_effects));
    let recorded = Recorded { run: &run, plan: &plan, file: &file, inputs: &inputs, seed, effects };
    let tests = recorded.tests(step, arguments.items)?;
    if tests.is_empty() {
        let message = format!("no item of step `{}` ended in run {}", step.name, record.id);
        return Err(Complaint::new(message).into());
    }
    put(block(&json!({ "tests": tests })).as_bytes())?;
    Ok(Exit::Success)
}

/// The step that is meant, which must have a function.
fn find<'a>(plan: &'a Plan, name: &str) -> Result<&'a Step, Complaint> {
    let names: Vec<&str> = plan.steps.iter().map(|step| &*step.name).collect();
    let step = plan.steps.iter().find(|step| *step.name == *name);
    let step = step.ok_or_else(|| no_such_step(name, plan.file.name(), &names))?;
    if !step.verb.is_map_like() {
        return Err(Complaint::new(format!("step `{name}` is a `{}` step and has no function", step.verb))
            .help("tests run the functions of `map`, `flat_map` and `filter` steps"));
    }
    Ok(step)
}

/// A run with the pipeline that it ran.
struct Recorded<'a> {
    run: &'a StoredRun,
    plan: &'a Plan,
    file: &'a Path,
    inputs: &'a Inputs,
    seed: u64,
    effects: Effects,
}

impl Recorded<'_> {
    /// Tests of the first items of a step that ended.
    fn tests(&self, step: &Step, count: u64) -> Result<Vec<Value>, Fault> {
        let expectations = self.expectations(step, count)?;
        let Some((&last, _)) = expectations.last_key_value() else { return Ok(Vec::new()) };
        let items = self.items(step, last)?;
        let overrides = self.overrides();
        let mut tests = Vec::new();
        for (index, (expectation, item)) in expectations {
            let item = match item {
                Some(item) => item,
                None => {
                    items.get(usize::try_from(index - 1).unwrap_or(usize::MAX)).cloned().ok_or_else(|| {
                        Complaint::new(format!("item {index} of step `{}` is no longer there", step.name))
                            .help("what the step reads has changed since that run")
                    })?
                }
            };
            let mut test = Map::new();
            test.insert("name".to_owned(), format!("{} of item {index}", step.name).into());
            test.insert("step".to_owned(), (*step.name).into());
            test.insert("item".to_owned(), serde_json::from_str(&item).unwrap_or_default());
            test.extend(expectation);
            if !overrides.is_empty() {
                test.insert("params".to_owned(), overrides.clone().into());
            }
            tests.push(Value::Object(test));
        }
        Ok(tests)
    }

    /// What the first items came to, by index, with the item itself where the run has kept it.
    fn expectations(&self, step: &Step, count: u64) -> Result<BTreeMap<u64, Expectation>, Fault> {
        let name = &*step.name;
        let mut all: BTreeMap<u64, Expectation> = BTreeMap::new();
        for (index, mut results) in trial::results(self.run, name, u64::MAX)?.into_iter().take(count as usize)
        {
            let values = results.iter().map(|text| serde_json::from_str(text).unwrap_or_default());
            let value = match step.verb {
                event::Verb::FlatMap => Value::Array(values.collect()),
                event::Verb::Filter => Value::Bool(!results.is_empty()),
                _ => results.pop().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
            };
            all.insert(index, (one("expect", value), None));
        }
        for failure in self.run.failures(name, 0, count)? {
            let error = json!({ "kind": failure.item.kind.name(), "message": &*failure.item.message });
            all.insert(failure.index, (one("expect_error", error), Some(failure.item.item)));
        }
        for skip in self.run.skips(name, 0, count)? {
            all.insert(skip.index, (one("expect_skipped", true.into()), None));
        }
        Ok(all.into_iter().take(count as usize).collect())
    }

    /// The items of the step up to the one with this index: from the results of the steps before it in the same run where
    /// those are kept, else by reading what they read once more.
    fn items(&self, step: &Step, last: u64) -> Result<Vec<String>, Fault> {
        let is_kept = |input: &plan::Input| {
            let before = &self.plan.steps[input.step.at()];
            !input.failed && matches!(before.body, Body::Ready(Verb::MapLike(_)))
        };
        if !step.from.iter().all(is_kept) {
            let bench = trials::bench(Some(self.seed), self.effects)?;
            let plans = trials::plans(self.file, self.inputs);
            let sample = Sample { plan: &plans, limit: self.inputs.limit, bench: &bench };
            return Ok(sample
                .first(&step.name, last)?
                .items
                .into_iter()
                .map(|item| item.to_string())
                .collect());
        }
        let mut items = Vec::new();
        for input in &step.from {
            let name = &self.plan.steps[input.step.at()].name;
            // How many items of the step before give that many results is not known before.
            let results = trial::results(self.run, name, u64::MAX)?;
            items.extend(results.into_iter().flat_map(|(_, results)| results));
        }
        items.truncate(usize::try_from(last).unwrap_or(usize::MAX));
        Ok(items)
    }

    /// The parameters that the run was given, as far as they are not what the file says.
    fn overrides(&self) -> Map<String, Value> {
        let used: Map<String, Value> = serde_json::from_str(&self.plan.params).unwrap_or_default();
        let given = &self.inputs.params_kept;
        used.into_iter().filter(|(name, _)| given.contains_key(name)).collect()
    }
}

/// The keys of a test that say what is expected, and its item where that is kept.
type Expectation = (Map<String, Value>, Option<String>);

fn one(key: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(key.to_owned(), value)])
}

/// The value as YAML that means the same when it is pasted into a pipeline; else as JSON, which is YAML too.
fn block(value: &Value) -> String {
    let text = serde_yaml::to_string(value).unwrap_or_default();
    let same = |text: &str| {
        let read = config::load(text.as_bytes(), "tests", Path::new("tests")).document;
        read.is_some_and(|document| document.value == *value)
    };
    if same(&text) {
        return text;
    }
    let tests = value["tests"].as_array().into_iter().flatten();
    std::iter::once("tests:\n".to_owned()).chain(tests.map(|test| format!("  - {test}\n"))).collect()
}

/// A complaint about a step that does not exist or cannot be used so.
fn no_such_step(name: &str, file: &str, names: &[&str]) -> Complaint {
    let complaint = Complaint::new(format!("`{name}` names no step of `{file}`"));
    match crate::source::nearest(name, names.iter().copied()) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None => complaint.help(format!("its steps: {}", names.join(", "))),
    }
}
