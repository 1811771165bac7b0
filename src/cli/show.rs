//! `flowrun show` prints a kept run, or one of its steps, as text, JSON, JSON lines or CSV. The run may be finished
//! or still going on.

mod counters;
mod failed;
mod log;
mod page;
mod results;
mod shards;
mod view;

use std::io::{self, BufWriter, Write};

use self::view::{Broken, View};
use super::args::{ColorChoice, ShowArguments};
use super::console::{Console, say};
use super::exit::{Complaint, Exit, Fault};
use super::{named, params, state, stdout};
use crate::source::nearest;
use crate::store::{Catalogue, StepRecord};

/// Shows a run.
pub(super) fn command(console: &Console, arguments: &ShowArguments) -> Result<Exit, Fault> {
    stdout::demand("what is shown")?;
    let (folder, id) =
        named::kept(arguments.run.as_deref(), &arguments.folder).map_err(|fault| hint(arguments, fault))?;
    let catalogue = Catalogue::new(&folder);
    let run = catalogue.open(&id)?;
    if run.is_elsewhere() && (arguments.results || arguments.shards) {
        let what = if arguments.results { "results" } else { "shards" };
        return Err(Complaint::new(format!(
            "the {what} of run `{id}` can be read on its own machine alone while it is going on"
        ))
        .help(format!("`flowrun show {id}` says how far it is"))
        .into());
    }
    let params = params::words(&catalogue, run.record());
    run.warnings().iter().for_each(|warning| say(&format!("  warning: {warning}")));
    let all = run.steps()?;
    let steps = match &arguments.step {
        Some(name) => vec![step(&all, name, &id)?],
        None => all,
    };
    let view = View {
        run: &run,
        state: &folder,
        params: &params,
        commands: &state::commands(&folder, &id),
        steps: &steps,
        is_one: arguments.step.is_some(),
        format: arguments.format,
        color: color(console, arguments.console.color),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let shown = if arguments.shards {
        shards::write(&view, &mut out)
    } else if arguments.failed {
        failed::write(&view, &mut out)
    } else if arguments.results {
        results::write(&view, &mut out)
    } else {
        page::write(&view, &mut out)
    };
    match shown.and_then(|()| out.flush().map_err(Broken::Output)) {
        Ok(()) => Ok(Exit::Success),
        // A reader that has gone away has got what it wanted.
        Err(Broken::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Success),
        Err(Broken::Output(error)) => {
            Err(Complaint::new(format!("cannot write to standard output: {error}")).into())
        }
        Err(Broken::Store(error)) => Err(error.into()),
        Err(Broken::Usage(complaint)) => Err(complaint.into()),
    }
}

/// What is shown goes to standard output, so that is the terminal which counts.
fn color(console: &Console, choice: ColorChoice) -> bool {
    match choice {
        ColorChoice::Auto => console.stdout_is_terminal && console.color(choice),
        _ => console.color(choice),
    }
}

/// The step of that name.
fn step(steps: &[StepRecord], name: &str, run: &str) -> Result<StepRecord, Complaint> {
    if let Some(step) = steps.iter().find(|step| step.step == name) {
        return Ok(step.clone());
    }
    let names: Vec<&str> = steps.iter().map(|step| step.step.as_str()).collect();
    let complaint = Complaint::new(format!("run `{run}` has no step `{name}`"));
    Err(match nearest(name, names.iter().copied()) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None => complaint.help(format!("the steps are: {}", names.join(", "))),
    })
}

/// A step in the place of the run is told.
fn hint(arguments: &ShowArguments, fault: Fault) -> Fault {
    let Some(name) = arguments.run.as_deref().filter(|_| arguments.step.is_none()) else { return fault };
    let Ok(catalogue) = state::find(&arguments.folder).map(|folder| Catalogue::new(&folder)) else {
        return fault;
    };
    let latest = catalogue.find("latest").and_then(|id| catalogue.open(&id)?.steps());
    if latest.is_ok_and(|steps| steps.iter().any(|step| step.step == name)) {
        let help = format!("`flowrun show latest {name}` shows a step of the last run");
        return Complaint::new(fault.in_words()).help(help).into();
    }
    fault
}
