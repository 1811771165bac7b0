//! This module sets up the reporters of one run: where each writes, and what becomes of one that cannot.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::args::{OutputArguments, OutputChoice, ProgressChoice};
use super::console::{self, Console};
use super::exit::Complaint;
use super::label::Labelled;
use super::report::files::Files;
use super::timestamp;
use crate::event::Event;
use crate::report::{
    Account, Commands, Events, Gathered, Human, HumanOptions, Json, Live, ProgressDrawTarget, Reporter,
    Trace, Verbosity,
};

/// All reporters of a run, told the same events.
pub(super) struct Reporters {
    started: Instant,
    writing: Vec<(String, Box<dyn Reporter>)>,
    summary: Option<Json<Vec<u8>>>,
    gathered: Option<Gathered>,
    prints_summary: bool,
    complaints: Vec<Complaint>,
}

/// What is left to do when all reporters have written their ends.
pub(super) struct Finished {
    /// What could not be written.
    pub(super) complaints: Vec<Complaint>,
    /// The result as one JSON object, where somebody wants it and the run came to an end.
    pub(super) summary: Option<String>,
    /// What the events told, for the files that are written at the end.
    pub(super) account: Account,
    /// Whether it is to be printed.
    pub(super) prints_summary: bool,
}

impl Reporters {
    /// Makes them. `data_on_stdout`: the pipeline itself writes there. `files`: those that are written while the run goes
    /// on are taken out. `commands`: the run is kept. `label`: its lines for people stand among those of other runs.
    pub(super) fn open(
        output: &OutputArguments,
        console: &Console,
        (seed, label): (u64, Option<&str>),
        data_on_stdout: bool,
        files: &mut Files,
        commands: Option<Commands>,
    ) -> Result<Self, Complaint> {
        let events_on_stdout = output.events.as_deref() == Some(Path::new("-"));
        let to_stdout = data_on_stdout || events_on_stdout;
        let mut writing: Vec<(String, Box<dyn Reporter>)> = Vec::new();
        if events_on_stdout {
            writing.push((
                "events to `-`".to_owned(),
                Box::new(Events::new(io::stdout(), seed, timestamp::clock)),
            ));
        }
        if let Some((path, file)) = files.events()? {
            writing.push((
                format!("events to `{}`", path.display()),
                Box::new(Events::new(file, seed, timestamp::clock)),
            ));
        }
        if let Some((path, file)) = files.trace()? {
            writing.push((format!("the trace to `{}`", path.display()), Box::new(Trace::new(file))));
        }
        let prints_summary = output.output == OutputChoice::Json;
        let summary = (prints_summary || commands.is_some()).then(|| Json::new(Vec::new()));
        let options = HumanOptions {
            verbosity: verbosity(output),
            live: if label.is_some() { Live::None } else { live(output.progress, console, to_stdout) },
            width: console.stderr_is_terminal.then_some(console::columns),
            color: console.color(output.console.color),
            seed,
            clock: (!console.stderr_is_terminal).then_some(timestamp::clock_of_people),
            commands,
        };
        let human: Box<dyn Reporter> = match label {
            Some(label) => Box::new(Human::new(Labelled::new(io::stderr(), label), options)),
            None => Box::new(Human::new(io::stderr(), options)),
        };
        writing.insert(0, ("the summary to standard error".to_owned(), human));
        let (started, complaints) = (Instant::now(), Vec::new());
        let gathered = (!files.is_empty()).then(Gathered::default);
        Ok(Self { started, writing, summary, gathered, prints_summary, complaints })
    }

    /// The time since they were made.
    pub(super) fn time(&self) -> Duration {
        self.started.elapsed()
    }

    /// Tells all reporters; one that fails is told no more, and the run goes on.
    pub(super) fn event(&mut self, event: &Event) {
        let time = self.time();
        self.each(|reporter| reporter.event(event, time));
        if let Some(summary) = &mut self.summary {
            // It is written to memory, and only at the end.
            let _ = summary.event(event, time);
        }
        if let Some(gathered) = &mut self.gathered {
            // Likewise.
            let _ = gathered.event(event, time);
        }
    }

    /// Lets all reporters write their ends. A run that `has_result` not gets no summary: half a result must not look
    /// like one.
    pub(super) fn finish(mut self, has_result: bool) -> Finished {
        self.each(|reporter| reporter.finish());
        let text = self.summary.filter(|_| has_result).and_then(|mut summary| {
            summary.finish().ok()?;
            String::from_utf8(summary.into_inner()).ok()
        });
        let summary = text.filter(|text| !text.is_empty());
        let account = self.gathered.map(Gathered::into_account).unwrap_or_default();
        Finished { complaints: self.complaints, summary, account, prints_summary: self.prints_summary }
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
        ProgressChoice::Auto | ProgressChoice::Bar if free => {
            Live::Bars(ProgressDrawTarget::stderr(), console::columns)
        }
        ProgressChoice::Auto | ProgressChoice::Bar | ProgressChoice::Lines => Live::Lines,
        ProgressChoice::None => Live::None,
    }
}
