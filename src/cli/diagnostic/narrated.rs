//! This module writes diagnostics as sentences, for people who hear or feel the screen.
//!
//! It is not miette's narrated form: that counts columns in cells of the terminal and leaves out the place of the
//! finding.

use std::io;

use super::place::{CharRange, shown};
use super::severity;
use crate::source::Diagnostic;

/// A longer line is not read out: the place and the label have to do.
const LINE_CHARACTERS_MAX: usize = 500;

/// Writes all diagnostics, an empty line between them.
pub(super) fn write(out: &mut dyn io::Write, diagnostics: &[&Diagnostic]) -> io::Result<()> {
    for (number, found) in diagnostics.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        finding(out, found)?;
    }
    Ok(())
}

fn finding(out: &mut dyn io::Write, found: &Diagnostic) -> io::Result<()> {
    writeln!(out, "{}: {}", severity::name(found.severity), shown(&found.message))?;
    write!(out, "    in file {}", shown(found.file.name()))?;
    match found.labels.first() {
        Some(_) => {
            let start = CharRange::primary(found).start;
            writeln!(out, ", line {}, column {}", start.line, start.column)?;
        }
        None => writeln!(out)?,
    }
    for label in &found.labels {
        let CharRange { start, end } = CharRange::of(&found.file, label.span);
        let line = found.file.line(start.line);
        if line.chars().nth(LINE_CHARACTERS_MAX).is_none() {
            writeln!(out, "    line {} reads: {}", start.line, shown(line.trim()))?;
        }
        write!(out, "    label at line {}, column", start.line)?;
        if start == end || (start.line == end.line && start.column + 1 == end.column) {
            write!(out, " {}", start.column)?;
        } else if start.line == end.line {
            write!(out, "s {} to {}", start.column, end.column - 1)?;
        } else {
            write!(out, " {} to line {}", start.column, end.line)?;
        }
        writeln!(out, ": {}", shown(&label.text))?;
    }
    if let Some(help) = &found.help {
        writeln!(out, "    help: {}", shown(help))?;
    }
    writeln!(out, "    code: {}", found.code)
}
