//! This module writes diagnostics as workflow commands, which GitHub Actions shows beside the lines of a change.

use std::io;

use super::place::CharRange;
use super::severity;
use crate::source::Diagnostic;

/// Writes one command a line.
pub(super) fn write(out: &mut dyn io::Write, diagnostics: &[&Diagnostic]) -> io::Result<()> {
    for found in diagnostics {
        write!(out, "::{} ", severity::name(found.severity))?;
        // What stands in no file, as an option of the command does, is shown with the job.
        if !found.file.path().as_os_str().is_empty() {
            write_place(out, found)?;
        }
        writeln!(out, "title={}::{}", property(found.code), data(&message(found)))?;
    }
    Ok(())
}

/// The properties that say where it stands, and a comma.
fn write_place(out: &mut dyn io::Write, found: &Diagnostic) -> io::Result<()> {
    let CharRange { start, end } = CharRange::primary(found);
    write!(out, "file={},line={}", property(found.file.name()), start.line)?;
    // Columns are only allowed where a range begins and ends on one line.
    if start.line == end.line {
        write!(out, ",col={},endLine={},endColumn={},", start.column, end.line, end.column)
    } else {
        write!(out, ",endLine={},", end.line)
    }
}

/// The whole finding: an annotation has room for one text only.
fn message(found: &Diagnostic) -> String {
    let mut message = found.message.clone();
    if let Some(label) = found.labels.first().filter(|label| !label.text.is_empty()) {
        message.push_str(": ");
        message.push_str(&label.text);
    }
    if let Some(help) = &found.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    message
}

/// Escapes the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of a command, which also ends at a comma or a colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
