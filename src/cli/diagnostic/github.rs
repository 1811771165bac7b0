//! This module writes diagnostics as workflow commands, which GitHub Actions shows beside the lines of a change.

use std::io;

use super::place::CharRange;
use super::severity;
use crate::source::Diagnostic;

/// Writes one command a line.
pub(super) fn write(out: &mut dyn io::Write, diagnostics: &[&Diagnostic]) -> io::Result<()> {
    for found in diagnostics {
        let CharRange { start, end } = CharRange::primary(found);
        let file = property(found.file.name());
        write!(out, "::{} file={file},line={}", severity::name(found.severity), start.line)?;
        // Columns are only allowed where a range begins and ends on one line.
        if start.line == end.line {
            write!(out, ",col={},endLine={},endColumn={}", start.column, end.line, end.column)?;
        } else {
            write!(out, ",endLine={}", end.line)?;
        }
        writeln!(out, ",title={}::{}", property(found.code), data(&message(found)))?;
    }
    Ok(())
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
