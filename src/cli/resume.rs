//! `flowrun resume` finds the run that is meant and starts the run that goes on with it. The engine decides what is
//! reused.

mod all;
mod done;
mod one;

use std::path::Path;

use self::one::Resumption;
pub(super) use self::one::pipeline_file;
use super::args::ResumeArguments;
use super::console::{Console, say};
use super::exit::{Exit, Fault};
use super::history::History;
use super::turn::Turn;
use super::{interrupt, job, named, state};
use crate::engine::Interrupt;
use crate::store::{Catalogue, RunRecord};

/// Which run is resumed.
pub(super) enum Choice {
    /// This one; the newest that has ended well since, where it is not the last of its pipeline.
    Run { id: String, since: Option<String> },
    /// None, unless this one is named: it ended well, although so many items failed.
    Tolerant { run: String, failures: u64 },
    /// None: nothing went wrong since this one.
    Nothing(String),
}

/// Resumes a run.
pub(super) fn command(console: &Console, arguments: &ResumeArguments) -> Result<Exit, Fault> {
    let (folder, file) = named::place(arguments.run.as_deref(), &arguments.folder)?;
    let catalogue = Catalogue::new(&folder);
    let interrupt = interrupt::listen()?;
    let turn = turn(arguments, &catalogue, &folder, file.as_deref(), &interrupt)?;
    if let Turn::Over(exit) = turn {
        return Ok(exit);
    }
    if arguments.all {
        return all::command(console, arguments, (&folder, file.as_deref()), &interrupt);
    }
    let (id, since) = match choose(&catalogue, arguments.run.as_deref(), file.as_deref())? {
        Choice::Run { id, since } => (id, since),
        Choice::Tolerant { run, failures } => {
            let (noun, them) = if failures == 1 { ("item", "it") } else { ("items", "them") };
            let resume = state::commands(&folder, &run).resume();
            say(&format!(
                "nothing to resume: run {run} succeeded and tolerated {failures} failed {noun}; `{resume}` runs {them} again"
            ));
            return Ok(Exit::Success);
        }
        Choice::Nothing(last) => {
            let resume = state::commands(&folder, &last).resume();
            say(&format!("nothing to resume: run {last} succeeded, and `{resume}` goes through it again"));
            return Ok(Exit::Success);
        }
    };
    if let Some(since) = since.filter(|_| !arguments.output.quiet) {
        say(&format!(
            "  the last run that did not succeed is {id}; run {since} of the same file has succeeded since, and what both write is written again"
        ));
    }
    let resumption = Resumption { console, arguments, folder: &folder };
    resumption.carry_out(&id, (job::id(), &arguments.output), None, &interrupt)
}

/// The turn of the pipeline whose run is meant: what that has come to is only known when it is over.
fn turn(
    arguments: &ResumeArguments,
    catalogue: &Catalogue,
    folder: &Path,
    file: Option<&Path>,
    interrupt: &Interrupt,
) -> Result<Turn, Fault> {
    let lock = arguments.engine.lock;
    let wanted = arguments.run.as_deref();
    let file = match file {
        Some(file) => Some(file.to_owned()),
        None if lock.is_none() => None,
        None => match choose(catalogue, wanted, None)? {
            Choice::Run { id, .. } => Some(pipeline_file(catalogue.open(&id)?.record(), folder)),
            Choice::Tolerant { .. } | Choice::Nothing(_) => None,
        },
    };
    match file {
        Some(file) => Turn::take(lock, &file, Some(folder), interrupt),
        None => Ok(Turn::free()),
    }
}

/// The run that is meant: the one that is named, or the last one that did not succeed, of this file if one is given.
pub(super) fn choose(
    catalogue: &Catalogue,
    wanted: Option<&str>,
    file: Option<&Path>,
) -> Result<Choice, Fault> {
    if let (Some(wanted), None) = (wanted, file) {
        return Ok(Choice::Run { id: state::run(catalogue, wanted)?, since: None });
    }
    let history = History::read(catalogue, file)?;
    if let Some(record) = history.unfinished() {
        let since = history.good_since(record).next().map(|good| good.id.clone());
        return Ok(Choice::Run { id: record.id.clone(), since });
    }
    if let Some(RunRecord { id, failures, .. }) = history.tolerant() {
        return Ok(Choice::Tolerant { run: id.clone(), failures: *failures });
    }
    Ok(Choice::Nothing(history.demand_one()?.id.clone()))
}
