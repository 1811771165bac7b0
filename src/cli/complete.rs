//! Completion answers a shell while somebody writes a command: with commands and options, and with what pipeline files,
//! kept runs and findings have for names.
//!
//! The shell calls the binary for it with a variable set, so what goes wrong is never said: there is no place for it.

mod command_line;
mod executors;
mod names;
mod offer;
mod pipeline;
mod runs;
mod settings;

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter};
use clap_complete::env::{CompleteEnv, Shells};

use self::command_line::{CommandLine, Words};
use self::offer::offer;
use super::args::Arguments;
use super::console::put;
use super::exit::{Exit, Fault};
use crate::config::is_yaml;
use crate::plan::codes;

/// Holds the name of the shell that asks.
const VARIABLE: &str = "COMPLETE";
/// The command that is completed.
const NAME: &str = "flowrun";

/// Answers the shell, if it is one that asks. Other programs may know a variable of this name too: what names no shell
/// changes nothing.
pub(super) fn answer() -> Option<Exit> {
    let shell = env::var_os(VARIABLE)?;
    Shells::builtins().completer(Path::new(&shell).file_stem()?.to_str()?)?;
    let words = Arc::new(Words::of_process());
    let asked = CompleteEnv::with_factory(|| with_values(Arguments::command(), &words));
    let answered = asked.bin(NAME).try_complete(env::args_os(), env::current_dir().ok().as_deref());
    Some(if answered.is_ok() { Exit::Success } else { Exit::Usage })
}

/// `flowrun completions SHELL` prints what the shell has to read once, the same as `COMPLETE=SHELL flowrun`.
pub(super) fn command(shell: Shell) -> Result<Exit, Fault> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let completer = shells.completer(&shell.to_string()).expect("each shell that has a name has a completer");
    completer
        .write_registration(VARIABLE, NAME, NAME, &program().to_string_lossy(), &mut script)
        .map_err(|error| Fault::Internal(format!("cannot write the script: {error}")))?;
    put(&script)?;
    Ok(Exit::Success)
}

/// How the shell shall call this program from any folder: as it was called now.
fn program() -> PathBuf {
    let called = PathBuf::from(env::args_os().next().unwrap_or_else(|| NAME.into()));
    match env::current_dir() {
        Ok(folder) if called.components().count() > 1 => folder.join(called),
        _ => called,
    }
}

/// What may stand as a value, given the line and the beginning of the value. What does not begin so is left out later.
type Values = fn(&CommandLine, &OsStr) -> Vec<CompletionCandidate>;

/// The command with values for its arguments, and those of the commands below it.
fn with_values(command: Command, words: &Arc<Words>) -> Command {
    let name = command.get_name().to_owned();
    let command = command.mut_args(|argument| match values_of(&name, argument.get_id().as_str()) {
        Some(values) => with_value(argument, values, Arc::clone(words)),
        None => argument,
    });
    command.mut_subcommands(|command| with_values(command, words))
}

fn with_value(argument: Arg, values: Values, words: Arc<Words>) -> Arg {
    argument.add(ArgValueCompleter::new(move |start: &OsStr| {
        let Some(line) = CommandLine::read(&words) else { return Vec::new() };
        let begins = |offer: &CompletionCandidate| {
            offer.get_value().as_encoded_bytes().starts_with(start.as_encoded_bytes())
        };
        values(&line, start).into_iter().filter(begins).collect()
    }))
}

/// What completes an argument of a command; `None`: what clap knows of it is enough.
fn values_of(command: &str, argument: &str) -> Option<Values> {
    let values: Values = match (command, argument) {
        ("explain", "code") => |_, _| codes().into_iter().map(|(code, about)| offer(code, about)).collect(),
        ("show", "step") | ("test", "record") => |line, _| runs::steps(line),
        ("preview", "step") | (_, "only" | "until") => |line, _| pipeline::steps(line),
        (_, "params" | "each") => pipeline::params,
        (_, "set") => settings::settings,
        (_, "on") => |line, _| executors::names(line),
        (_, "executors") => |_, start| pipeline_files(start),
        (_, "run") => |line, start| runs::ids(line).into_iter().chain(pipeline_files(start)).collect(),
        ("test", "files") => {
            |line, start| if line.has("record") { runs::ids(line) } else { pipeline_files(start) }
        }
        (_, "file" | "files" | "paths") => |_, start| pipeline_files(start),
        _ => return None,
    };
    Some(values)
}

/// YAML files, and the folders that lead to more of them.
fn pipeline_files(start: &OsStr) -> Vec<CompletionCandidate> {
    PathCompleter::any().filter(|path| path.is_file() && is_yaml(path)).complete(start)
}
