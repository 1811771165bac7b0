//! One reporter at most writes to standard output, since two would mix; none does when it is closed.

use super::args::{OutputArguments, OutputChoice};
use super::exit::Complaint;
use crate::data::{self, Target};
use crate::plan::{Body, Plan, Step, Verb};

/// Refuses a run in which two things want standard output; else says whether the pipeline's data goes there.
pub(super) fn claim(plan: &Plan, selected: &[bool], output: &OutputArguments) -> Result<bool, Complaint> {
    let writer = plan.steps.iter().find(|step| selected[step.id.at()] && writes_there(step));
    let json = (output.output == OutputChoice::Json).then(|| "`--output json`".to_owned());
    let events =
        output.events.as_ref().filter(|path| path.as_os_str() == "-").map(|_| "`--events -`".to_owned());
    let data = writer.map(|step| format!("`write: -` of step `{}`", step.name));
    let claims: Vec<String> = [json, events, data].into_iter().flatten().collect();
    match &claims[..] {
        [first, second, ..] => Err(Complaint::new(format!("{first} and {second} both want standard output"))
            .help("let one of them write to a file")),
        [only] => demand(only).map(|()| writer.is_some()),
        [] => Ok(false),
    }
}

/// Refuses what is to go to a standard output that the process was started without.
pub(super) fn demand(what: &str) -> Result<(), Complaint> {
    if !data::stdout_is_closed() {
        return Ok(());
    }
    Err(Complaint::new(format!("{what} goes to standard output, which is closed"))
        .help("start flowrun with an open one: `> FILE`, or `> /dev/null` for what nobody wants"))
}

fn writes_there(step: &Step) -> bool {
    match &step.body {
        Body::Ready(Verb::Write(options)) => options.target == Target::Stdout,
        Body::Ready(_) => false,
        // Its path may still be an expression; what is written out can be seen already.
        Body::Deferred(deferred) => {
            let write = &deferred.json["write"];
            write == "-" || write["path"] == "-"
        }
    }
}
