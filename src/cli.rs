//! The process edge: arguments, environment, signals, exit codes, standard output and standard error.
//!
//! Everything the floors below need of the world is asked for here and handed down.

mod args;
mod check;
mod console;
pub mod diagnostic;
mod exit;
mod interrupt;
mod load;
mod outline;
mod pages;
mod panic;
mod reporters;
mod run;
mod run_id;
mod select;
mod slip;
mod stdout;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use self::args::{Arguments, ColorChoice, Command};
use self::console::Console;
use self::exit::{Exit, Fault};

/// Runs the command line and says how the process is to end.
pub fn main() -> ExitCode {
    panic::guard(|| {
        let console = Console::of_process();
        dispatch(&console, std::env::args_os().collect())
    })
    .into()
}

fn dispatch(console: &Console, words: Vec<OsString>) -> Exit {
    if let Some(complaint) = slip::in_command(&words) {
        return console.explain(&complaint.into(), ColorChoice::Auto);
    }
    match Arguments::try_parse_from(words) {
        Ok(arguments) => execute(console, arguments),
        Err(error) => {
            // There is nobody left to tell when the stream is gone.
            let _ = error.print();
            if error.exit_code() == 0 { Exit::Success } else { Exit::Usage }
        }
    }
}

fn execute(console: &Console, arguments: Arguments) -> Exit {
    let (done, color) = match (arguments.command, arguments.run) {
        (Some(Command::Run(run)), _) | (None, Some(run)) => {
            (run::command(console, &run), run.output.console.color)
        }
        (Some(Command::Check(check)), _) => (check::command(console, &check), check.console.color),
        (Some(Command::Plan(plan)), _) => (outline::command(console, &plan), plan.console.color),
        (Some(Command::Schema), _) => (pages::schema(), ColorChoice::Auto),
        (Some(Command::Completions { shell }), _) => (pages::completions(shell), ColorChoice::Auto),
        (Some(Command::Man), _) => (pages::manual(), ColorChoice::Auto),
        (None, None) => (Err(slip::no_file()), ColorChoice::Auto),
    };
    done.unwrap_or_else(|fault: Fault| console.explain(&fault, color))
}

#[cfg(test)]
mod tests;
