//! `flowrun check` shows all findings of all files at once. It runs nothing.

mod junit;

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::args::{CheckArguments, FormatChoice};
use super::console::{Console, put, rendered, say};
use super::diagnostic::{self, Format};
use super::executors::ChosenExecutor;
use super::exit::{Complaint, Exit, Fault};
use super::search::FoundFiles;
use super::{load, redact};
use crate::plan::Inputs;
use crate::source::{Diagnostic, Severity};

/// Names of files that are left aside, as many as are said.
const LEFT_MAX: usize = 5;

/// Checks files and folders.
pub(super) fn command(console: &Console, arguments: &CheckArguments) -> Result<Exit, Fault> {
    let mut complaints = Vec::new();
    let (executor, mut diagnostics) = match arguments.executor.resolve_to_check(console) {
        // What is wrong with the executors file is found like all else.
        Err(Fault::Invalid(found, more)) => {
            complaints = more;
            (None, found)
        }
        resolved => resolved?,
    };
    let FoundFiles { checked: files, left } = files(arguments, &mut complaints);
    let sent_to = executor.as_ref().map(ChosenExecutor::sent_to);
    let inputs = Inputs { sent_to, ..load::no_inputs(console) };
    let mut told = BTreeSet::new();
    let mut read = 0;
    for file in &files {
        match load::either(file, &inputs) {
            Ok(checked) => {
                read += 1;
                // Several pipelines may include one file.
                let is_new = |one: &Diagnostic| {
                    told.insert((one.file.path().to_owned(), one.start(), one.message.clone()))
                };
                diagnostics.extend(checked.diagnostics.into_iter().filter(is_new));
                complaints.extend(checked.complaints);
            }
            Err(complaint) => complaints.push(complaint),
        }
    }
    write(console, arguments, &files, &diagnostics)?;
    let color = arguments.console.color;
    console.complain(&complaints, color);
    if !left.is_empty() {
        say(&left_aside(&left));
    }
    if read > 0 {
        say(&summary(read, &diagnostics));
    }
    Ok(exit(&diagnostics, &complaints, arguments.deny_warnings))
}

/// The files that are meant. Standard input holds no file.
fn files(arguments: &CheckArguments, complaints: &mut Vec<Complaint>) -> FoundFiles {
    let mut paths = arguments.paths.clone();
    paths.retain(|path| match load::refuse_standard_input(path) {
        Ok(()) => true,
        Err(complaint) => {
            complaints.push(complaint);
            false
        }
    });
    FoundFiles::of(&paths, arguments.skip_others, |_| true, complaints)
}

/// `left aside, neither pipelines nor included by them: a.yaml, b.yml and 3 more`
fn left_aside(left: &[PathBuf]) -> String {
    let names: Vec<String> = left.iter().take(LEFT_MAX).map(|file| file.display().to_string()).collect();
    let more = match left.len().saturating_sub(LEFT_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("left aside, neither pipelines nor like files that they include: {}{more}", names.join(", "))
}

fn write(
    console: &Console,
    arguments: &CheckArguments,
    files: &[PathBuf],
    diagnostics: &[Diagnostic],
) -> Result<(), Fault> {
    let format = match arguments.format {
        FormatChoice::Text => {
            console.show(diagnostics, arguments.console.color);
            return Ok(());
        }
        FormatChoice::Json => Format::Json,
        FormatChoice::Sarif => Format::Sarif,
        FormatChoice::Github => Format::Github,
        FormatChoice::Junit => {
            return put(junit::document(files, diagnostics, arguments.deny_warnings).as_bytes());
        }
    };
    put(redact::json(&rendered(format, diagnostics)).as_bytes())
}

/// `2 errors and 1 warning in 3 files`
fn summary(files: usize, diagnostics: &[Diagnostic]) -> String {
    let found = diagnostic::summary(diagnostics).unwrap_or_else(|| "no error and no warning".to_owned());
    format!("{found} in {files} file{}", if files == 1 { "" } else { "s" })
}

fn exit(diagnostics: &[Diagnostic], complaints: &[Complaint], deny_warnings: bool) -> Exit {
    let is_bad = |found: &Diagnostic| deny_warnings || found.severity == Severity::Error;
    if !complaints.is_empty() {
        Exit::Usage
    } else if diagnostics.iter().any(is_bad) {
        Exit::Invalid
    } else {
        Exit::Success
    }
}
