//! The reporters of one run: where each writes, and what becomes of one that cannot.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Instant;

use super::args::{OutputArguments, OutputChoice, ProgressChoice};
use super::console::Console;
use super::exit::Complaint;
use super::load::cannot;
use crate::event::Event;
use crate::report::{Events, Human, HumanOptions, Json, Live, ProgressDrawTarget, Reporter, Verbosity};

/// All reporters of a run, told the same events.
pub(super) struct Reporters {
    started: Instant,
    writing: Vec<(String, Box<dyn Reporter>)>,
    complaints: Vec<Complaint>,
}

impl Reporters {
    /// Opens what is to be written to. `data_on_stdout`: the pipeline itself writes there.
    pub(super) fn open(
        output: &OutputArguments,
        console: &Console,
        seed: u64,
        data_on_stdout: bool,
    ) -> Result<Self, Complaint> {
        let events = match output.events.as_deref() {
            Some(path) => Some((format!("events to `{}`", path.display()), events(path, seed)?)),
            None => None,
        };
        let to_stdout = data_on_stdout || output.events.as_deref() == Some(Path::new("-"));
        let options = HumanOptions {
            verbosity: verbosity(output),
            live: live(output.progress, console, to_stdout),
            color: console.color(output.console.color),
            seed,
        };
        let human: Box<dyn Reporter> = Box::new(Human::new(io::stderr(), options));
        let mut writing = vec![("the summary to standard error".to_owned(), human)];
        writing.extend(events);
        if output.output == OutputChoice::Json {
            writing.push(("the result to standard output".to_owned(), Box::new(Json::new(io::stdout()))));
        }
        Ok(Self { started: Instant::now(), writing, complaints: Vec::new() })
    }

    /// Tells all reporters; one that fails is told no more, and the run goes on.
    pub(super) fn event(&mut self, event: &Event) {
        let time = self.started.elapsed();
        self.each(|reporter| reporter.event(event, time));
    }

    /// Lets all reporters write their ends. Returns what could not be written.
    pub(super) fn finish(mut self) -> Vec<Complaint> {
        self.each(|reporter| reporter.finish());
        self.complaints
    }

    fn each(&mut self, mut act: impl FnMut(&mut Box<dyn Reporter>) -> io::Result<()>) {
        let complaints = &mut self.complaints;
        self.writing.retain_mut(|(what, reporter)| match act(reporter) {
            Ok(()) => true,
            Err(error) => {
                // A reader that has gone away has got what it wanted.
                if error.kind() != io::ErrorKind::BrokenPipe {
                    complaints.push(Complaint::new(format!("cannot write {what}: {error}")));
                }
                false
            }
        });
    }
}

fn events(path: &Path, seed: u64) -> Result<Box<dyn Reporter>, Complaint> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(Events::new(io::stdout(), seed)));
    }
    let file = File::create(path).map_err(|error| cannot("create the events file", path, &error))?;
    Ok(Box::new(Events::new(file, seed)))
}

fn verbosity(output: &OutputArguments) -> Verbosity {
    match (output.quiet, output.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    }
}

/// Bars need a terminal that nothing else writes to.
fn live(choice: ProgressChoice, console: &Console, to_stdout: bool) -> Live {
    let free = console.stderr_is_terminal && !(to_stdout && console.stdout_is_terminal);
    match choice {
        ProgressChoice::Auto | ProgressChoice::Bar if free => Live::Bars(ProgressDrawTarget::stderr()),
        ProgressChoice::Auto | ProgressChoice::Bar | ProgressChoice::Lines => Live::Lines,
        ProgressChoice::None => Live::None,
    }
}
