//! `flowrun resume FILE --all` goes on with every run of a pipeline file that is still to be brought to its end, the
//! oldest first.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::one::Resumption;
use crate::cli::args::{OutputArguments, ResumeArguments};
use crate::cli::batch::{Batch, Entry, Started};
use crate::cli::console::{Console, say};
use crate::cli::each::{files, placed};
use crate::cli::exit::{Complaint, Exit, Fault};
use crate::cli::history::History;
use crate::cli::job::{self, Among};
use crate::cli::{params, state};
use crate::engine::Interrupt;
use crate::store::{Catalogue, RunRecord};
use crate::value::printable;

/// Goes on with them. `folder` keeps the runs.
pub(super) fn command(
    console: &Console,
    arguments: &ResumeArguments,
    (folder, file): (&Path, Option<&Path>),
    interrupt: &Arc<Interrupt>,
) -> Result<Exit, Fault> {
    let file = file.ok_or_else(|| {
        Complaint::new("`--all` goes on with the runs of a pipeline file")
            .help("name the file: `flowrun resume FILE --all`")
    })?;
    let catalogue = Catalogue::new(folder);
    let history = History::read(&catalogue, Some(file))?;
    history.demand_one()?;
    let runs = history.unsettled();
    if runs.is_empty() {
        let name = file.display();
        say(&format!("nothing to resume: every run of `{name}` ended well or was replaced by one that did"));
        return Ok(Exit::Success);
    }
    let outputs = outputs(&runs, &arguments.output)?;
    let ids = catalogue.ids()?;
    let entry = |record: &&RunRecord| {
        let words = params::words(&catalogue, record);
        let name = if words.is_empty() { format!("run {}", record.id) } else { words.clone() };
        let id = state::short(&record.id, &ids).to_owned();
        Entry { values: vec![id, params::cut(&words, params::VALUE_MAX)], name, done: None }
    };
    let batch = Batch {
        console,
        color: arguments.output.console.color,
        quiet: arguments.output.quiet,
        catalogue: &catalogue,
        heads: vec!["resumed".to_owned(), "params".to_owned()],
        entries: runs.iter().map(entry).collect(),
        jobs: 1,
        stops: false,
    };
    let resumption = Resumption { console, arguments, folder };
    Ok(batch.carry_out(interrupt, &|at, label, interrupt| {
        let run = job::id();
        let among = Some(Among { label, warnings_told: at > 0 });
        let given = (Arc::clone(&run), &outputs[at]);
        Started { run, done: resumption.carry_out(&runs[at].id, given, among, interrupt) }
    }))
}

/// The files of the options, for each run; two of them never have one together.
fn outputs(runs: &[&RunRecord], output: &OutputArguments) -> Result<Vec<OutputArguments>, Fault> {
    let of = |record: &&RunRecord| {
        let values: Vec<(String, String)> = params::map(&record.params)
            .iter()
            .map(|(name, value)| (name.clone(), params::text(value)))
            .collect();
        placed(output, &values)
    };
    let all: Vec<OutputArguments> = runs.iter().map(of).collect();
    let mut known = HashMap::new();
    let mut complaints = Vec::new();
    for (record, output) in runs.iter().zip(&all) {
        for (option, path) in files(output) {
            if let Some(first) = known.insert(path.to_owned(), &record.id) {
                let (path, id) = (path.display().to_string(), &record.id);
                let message =
                    format!("runs {first} and {id} would both write `{option} {}`", printable(&path));
                let help =
                    format!("let the name say which it is, as in `{option} out-{{NAME}}` with a parameter");
                complaints.push(Complaint::new(message).help(help));
            }
        }
    }
    if complaints.is_empty() { Ok(all) } else { Err(Fault::Usage(complaints)) }
}
