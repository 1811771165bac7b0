//! `--each NAME=VALUES` makes a kept run for every value, and for every combination where it is given several times.
//! All of them are checked before the first one begins; those whose last run ended well are passed over.

mod combination;
mod values;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use self::combination::placed;
use self::combination::{Combination, has_place};
use self::values::VALUES_MAX;
use super::args::{OutputArguments, RunArguments};
use super::batch::{Batch, Entry, Label, Started};
use super::console::Console;
use super::exit::{Complaint, Exit, Fault};
use super::history::History;
use super::job::{self, Among, Job};
use super::request::Request;
use super::shard::JobKind;
use super::{load, params, select};
use crate::data::Reached;
use crate::engine::Interrupt;
use crate::plan::{FileRole, Inputs, Plan};
use crate::store::Catalogue;

/// Runs that are asked for together.
struct Each<'a> {
    console: &'a Console,
    arguments: &'a RunArguments,
    file: &'a Path,
    inputs: Inputs,
    state: &'a Path,
}

/// Runs the pipeline file for every value.
pub(super) fn command(
    console: &Console,
    arguments: &RunArguments,
    (file, inputs): (&Path, Inputs),
    state: Option<&Path>,
    interrupt: &Arc<Interrupt>,
) -> Result<Exit, Fault> {
    let state = state.ok_or_else(|| {
        Complaint::new("`--each` goes by the runs that are kept, and `--no-state` keeps none")
            .help("leave one of them out")
    })?;
    let each = Each { console, arguments, file, inputs, state };
    let lists = lists(arguments)?;
    let combinations = combination::all(&lists);
    let asked = each.check(&combinations)?;
    let catalogue = Catalogue::new(state);
    let done =
        if arguments.each.again { HashMap::new() } else { History::read(&catalogue, Some(file))?.done() };
    let entry = |(combination, asked): (&Combination, &Option<String>)| Entry {
        values: combination.iter().map(|(_, value)| params::cut(value, params::VALUE_MAX)).collect(),
        name: name(combination),
        done: asked.as_ref().and_then(|asked| done.get(asked).cloned()),
    };
    let batch = Batch {
        console,
        color: arguments.output.console.color,
        quiet: arguments.output.quiet,
        catalogue: &catalogue,
        heads: lists.iter().map(|(name, _)| name.clone()).collect(),
        entries: combinations.iter().zip(&asked).map(entry).collect(),
        jobs: arguments.each.jobs.map_or(1, |jobs| usize::try_from(jobs).unwrap_or(usize::MAX)),
        stops: arguments.each.stop,
    };
    Ok(batch.carry_out(interrupt, &|at, label, interrupt| each.run(&combinations[at], label, interrupt)))
}

/// The names, and the values of each.
fn lists(arguments: &RunArguments) -> Result<Vec<(String, Vec<String>)>, Complaint> {
    let mut lists: Vec<(String, Vec<String>)> = Vec::new();
    let mut count = 1usize;
    for (name, text) in &arguments.each.each {
        if lists.iter().any(|(known, _)| known == name) {
            return Err(Complaint::new(format!("`--each {name}=…` is given twice"))
                .help(format!("one list has all values: `--each {name}=a,b`")));
        }
        if arguments.inputs.params.iter().any(|(given, _)| given == name) {
            return Err(Complaint::new(format!("`{name}` is given by `-p` and by `--each`"))
                .help("leave one of them out"));
        }
        let values = values::read(name, text)?;
        count = count.saturating_mul(values.len());
        lists.push((name.clone(), values));
    }
    if count > VALUES_MAX {
        return Err(Complaint::new(format!("`--each` makes {count} runs, and {VALUES_MAX} is the most"))
            .help("give fewer values at a time"));
    }
    Ok(lists)
}

/// `day=2026-11-01 site=north`
fn name(combination: &Combination) -> String {
    let pair = |(name, value): &(String, String)| format!("{name}={}", params::word(value));
    combination.iter().map(pair).collect::<Vec<_>>().join(" ")
}

impl Each<'_> {
    fn inputs(&self, combination: &Combination) -> Inputs {
        let mut inputs = self.inputs.clone();
        inputs.params.extend(combination.iter().cloned());
        Inputs { run: job::id(), ..inputs }
    }

    /// Checks all combinations, the pipeline file first; says of each what its run is asked for, as runs are known by it.
    fn check(&self, combinations: &[Combination]) -> Result<Vec<Option<String>>, Fault> {
        let mut complaints = self.unplaced();
        let mut written: HashMap<PathBuf, &Combination> = HashMap::new();
        let mut asked = Vec::with_capacity(combinations.len());
        for combination in combinations {
            let inputs = self.inputs(combination);
            let (plan, warnings) = load::pipeline(self.file, &inputs)?.into_plan()?;
            let selected = select::steps(&plan, &self.arguments.select).map_err(Fault::Usage)?;
            if asked.is_empty() && !self.arguments.output.quiet {
                self.console.show(&warnings, self.arguments.output.console.color);
            }
            if combinations.len() > 1 && reads_standard_input(&plan, &selected) {
                let complaint = Complaint::new("standard input can be read by one run only");
                return Err(complaint.help("let the pipeline read a file, or give one value").into());
            }
            let mut paths = outputs(&plan, &selected);
            paths.extend(files(&placed(&self.arguments.output, combination)).map(|(option, path)| {
                (format!("`{option} {}`", path.display()), Reached::of(path).path().to_owned())
            }));
            for (what, path) in paths {
                if let Some(first) = written.insert(path, combination).filter(|first| *first != combination) {
                    complaints.push(clash(&what, first, combination));
                }
            }
            if !complaints.is_empty() {
                return Err(Fault::Usage(complaints));
            }
            let request = Request::of(&plan, &inputs, &self.arguments.select);
            asked.push(request.asked(&plan.secrets.mask().json(&plan.params)));
        }
        Ok(asked)
    }

    /// Complains of files that all runs would write.
    fn unplaced(&self) -> Vec<Complaint> {
        let names: Vec<&str> = self.arguments.each.each.iter().map(|(name, _)| name.as_str()).collect();
        let unplaced = files(&self.arguments.output).filter(|(_, path)| !has_place(path, names.iter()));
        let complaint = |(option, path): (&str, &Path)| {
            let path = path.display();
            Complaint::new(format!("`{option} {path}` is one file for all values"))
                .help(format!("name one for each, as in `{option} out-{{{}}}`", names.join("}-{")))
        };
        unplaced.map(complaint).collect()
    }

    /// One run.
    fn run(&self, combination: &Combination, label: Label, interrupt: &Arc<Interrupt>) -> Started {
        let inputs = self.inputs(combination);
        let run = Arc::clone(&inputs.run);
        let engine = &self.arguments.engine;
        let job = Job {
            file: self.file,
            inputs,
            params_file: self.arguments.inputs.params_file.as_deref(),
            select: &self.arguments.select,
            engine,
            seed: engine.seed,
            output: &placed(&self.arguments.output, combination),
            state: Some(self.state.to_owned()),
            kind: JobKind::Whole,
            resume: None,
            attached: None,
            among: Some(Among { label, warnings_told: true }),
        };
        Started { run, done: job.carry_out(self.console, interrupt) }
    }
}

/// The files that the options name.
pub(super) fn files(output: &OutputArguments) -> impl Iterator<Item = (&'static str, &Path)> {
    let all = [
        ("--report", &output.report),
        ("--junit", &output.junit),
        ("--events", &output.events),
        ("--trace", &output.trace),
    ];
    all.into_iter().filter_map(|(option, path)| Some((option, path.as_deref()?)))
}

/// What the selected steps are known to write, in words and as a path.
fn outputs(plan: &Plan, selected: &[bool]) -> Vec<(String, PathBuf)> {
    let mut found: BTreeSet<(String, PathBuf)> = BTreeSet::new();
    for file in plan.touches() {
        let FileRole::Written(step) = &file.role else { continue };
        let path = file.root.join(&file.path);
        // What is written to a device takes nothing away.
        let is_device = std::fs::metadata(&path).is_ok_and(|found| !found.is_file() && !found.is_dir());
        if !is_selected(plan, selected, step) || is_device {
            continue;
        }
        let what = format!("`{}` of step `{step}`", file.path);
        let path = if file.path == "-" { PathBuf::from("-") } else { Reached::of(&path).path().to_owned() };
        found.insert((what, path));
    }
    found.into_iter().collect()
}

fn is_selected(plan: &Plan, selected: &[bool], name: &str) -> bool {
    plan.steps.iter().any(|step| *step.name == *name && selected[step.id.at()])
}

fn reads_standard_input(plan: &Plan, selected: &[bool]) -> bool {
    let reads = |file: crate::plan::Touched| match &file.role {
        FileRole::Read(name) if file.path == "-" => is_selected(plan, selected, name),
        _ => false,
    };
    plan.touches().into_iter().any(reads)
}

fn clash(what: &str, first: &Combination, second: &Combination) -> Complaint {
    let message = format!("{} and {} would both write {what}", name(first), name(second));
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    Complaint::new(message).help(format!(
        "let the path say which it is: `${{{{ params.{} }}}}` in the pipeline file, `{{{}}}` in an option",
        names.join(" }}-${{ params."),
        names.join("}-{")
    ))
}
