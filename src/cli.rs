//! The command line is the edge of the process: it reads arguments and the environment, handles signals, sets exit
//! codes, and writes standard output and standard error.
//!
//! Everything the floors below need of the world is asked for here and handed down.

mod args;
mod at_end;
mod attach;
mod attempts;
mod batch;
mod cache;
mod cancel;
mod changes;
mod check;
mod complete;
mod console;
pub mod diagnostic;
mod each;
mod executors;
mod exit;
mod explain;
mod fmt;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod gather;
mod graph;
mod groups;
mod history;
mod init;
mod interrupt;
mod job;
mod label;
mod load;
#[cfg(feature = "lsp")]
mod lsp;
mod named;
mod outputs;
mod panic;
mod params;
mod plan;
mod preview;
mod program_check;
mod redact;
mod report;
mod reporters;
mod request;
mod resume;
mod retention;
mod run;
mod run_id;
mod runs;
mod search;
mod select;
mod self_docs;
mod sent;
mod shard;
mod show;
mod state;
mod stdout;
mod table;
mod test;
mod timestamp;
mod trials;
mod turn;
mod types;
mod typo;
mod worker;
mod worker_inputs;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;

use self::args::{Arguments, ColorChoice, Command};
use self::console::Console;
use self::exit::{Complaint, Exit};

/// Runs the command line and says how the process is to end.
pub fn main() -> ExitCode {
    panic::guard(|| {
        if let Some(exit) = complete::answer() {
            return exit;
        }
        // Before anything of SQLite runs.
        crate::lua::count_memory();
        let console = Console::of_process();
        dispatch(&console, std::env::args_os().collect())
    })
    .into()
}

fn dispatch(console: &Console, words: Vec<OsString>) -> Exit {
    if let Some(complaint) = typo::in_command(&words) {
        return console.explain(&complaint.into(), ColorChoice::Auto);
    }
    match Arguments::read(words) {
        Ok(arguments) => execute(console, arguments),
        // Help and version.
        Err(answer) if answer.exit_code() == 0 => {
            let told = stdout::demand("the answer").and_then(|()| match answer.print() {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    Err(Complaint::new(format!("cannot write to standard output: {error}")))
                }
                _ => Ok(()),
            });
            told.map_or_else(
                |complaint| console.explain(&complaint.into(), ColorChoice::Auto),
                |()| Exit::Success,
            )
        }
        Err(error) => {
            if let Some(complaint) = typo::foreign(&error) {
                return console.explain(&complaint.into(), ColorChoice::Auto);
            }
            // There is nobody left to tell when the stream is gone.
            let _ = error.print();
            Exit::Usage
        }
    }
}

fn execute(console: &Console, arguments: Arguments) -> Exit {
    let Arguments { command, run } = arguments;
    let (done, color) = match command.unwrap_or(Command::Run(run)) {
        Command::Run(run) => (run::command(console, &run), run.output.console.color),
        Command::Check(check) => (check::command(console, &check), check.console.color),
        Command::Plan(plan) => (plan::command(console, &plan), plan.console.color),
        Command::Preview(preview) => (preview::command(console, &preview), preview.console.color),
        Command::Graph(graph) => (graph::command(console, &graph), graph.console.color),
        Command::Init(init) => (init::command(&init), ColorChoice::Auto),
        Command::Fmt(fmt) => (fmt::command(console, &fmt), fmt.console.color),
        Command::Test(test) => (test::command(console, &test), test.console.color),
        Command::Resume(resume) => (resume::command(console, &resume), resume.output.console.color),
        Command::Gather(gather) => (gather::command(console, &gather), gather.output.console.color),
        Command::Executors(list) => (executors::command(console, &list), list.console.color),
        Command::Runs(runs) => (runs::command(&runs), runs.console.color),
        Command::Show(show) => (show::command(console, &show), show.console.color),
        Command::Report(report) => (report::command(console, &report), report.console.color),
        Command::Cache(cache) => (cache::command(&cache), cache.console.color),
        Command::ProgramCheck(check) => (program_check::command(&check), ColorChoice::Auto),
        Command::Attach(attach) => (attach::command(console, &attach), attach.output.console.color),
        Command::Cancel(cancel) => (cancel::command(console, &cancel), ColorChoice::Auto),
        Command::Worker(worker) => (worker::command(console, &worker), ColorChoice::Never),
        Command::Types { folder } => (types::command(folder.as_deref()), ColorChoice::Auto),
        #[cfg(feature = "lsp")]
        Command::Lsp(_) => (lsp::command(console), ColorChoice::Auto),
        #[cfg(not(feature = "lsp"))]
        Command::Lsp(_) => {
            let missing = Complaint::new("this flowrun was built without the language server");
            (Err(missing.help("build it with the feature `lsp`").into()), ColorChoice::Auto)
        }
        Command::Schema { include, executors } => (self_docs::schema(include, executors), ColorChoice::Auto),
        Command::Completions { shell } => (complete::command(shell), ColorChoice::Auto),
        Command::Explain(explain) => (explain::command(&explain), ColorChoice::Auto),
        Command::Man => (self_docs::manual(), ColorChoice::Auto),
    };
    done.unwrap_or_else(|fault| console.explain(&fault, color))
}

#[cfg(test)]
mod tests;
