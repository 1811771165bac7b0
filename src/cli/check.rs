//! `flowrun check` shows all findings of all files at once. It runs nothing.

mod junit;
mod search;

pub(super) use search::is_yaml;

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::args::{CheckArguments, FormatChoice};
use super::console::{Console, put, rendered, say};
use super::diagnostic::{self, Format};
use super::exit::{Complaint, Exit, Fault};
use super::{load, redact};
use crate::source::{Diagnostic, Severity};

/// Checks files and folders.
pub(super) fn command(console: &Console, arguments: &CheckArguments) -> Result<Exit, Fault> {
    let mut complaints = Vec::new();
    let files = files(&arguments.paths, &mut complaints);
    let inputs = load::no_inputs(console);
    let mut diagnostics = Vec::new();
    let mut read = 0;
    for file in &files {
        match load::pipeline(file, &inputs) {
            Ok(checked) => {
                read += 1;
                diagnostics.extend(checked.diagnostics);
                complaints.extend(checked.complaints);
            }
            Err(complaint) => complaints.push(complaint),
        }
    }
    write(console, arguments, &files, &diagnostics)?;
    let color = arguments.console.color;
    console.complain(&complaints, color);
    if read > 0 {
        say(&summary(read, &diagnostics));
    }
    Ok(exit(&diagnostics, &complaints, arguments.deny_warnings))
}

/// The files that are meant, each once, in the order of the arguments.
fn files(paths: &[PathBuf], complaints: &mut Vec<Complaint>) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for path in paths {
        if let Err(complaint) = load::refuse_standard_input(path) {
            complaints.push(complaint);
        } else if path.is_dir() {
            let found = search::pipelines(path, complaints);
            if found.is_empty() {
                let complaint = Complaint::new(format!("no pipeline file lies in `{}`", path.display()));
                complaints
                    .push(complaint.help("pipeline files end in `.yaml` or `.yml` and have a `steps` key"));
            }
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    files.retain(|file| seen.insert(file.clone()));
    files
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
