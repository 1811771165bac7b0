//! This module shows diagnostics: as text for people, and in the formats that editors and code hosts read.
//!
//! The floors below find the faults, and the command asks the terminal for its width and colours: everything here is
//! told what it needs and writes to the writer it is given.

mod github;
mod json;
mod narrated;
mod place;
mod sarif;
mod severity;
mod snippet;
mod text;

pub use text::{TextForm, TextOptions};

use std::io;

use crate::source::{Diagnostic, Severity};

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text(TextOptions),
    /// One object, `{"diagnostics": […]}`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Workflow commands of GitHub Actions, one a line.
    Github,
}

/// Writes all diagnostics, sorted by file and position; what is about a whole file comes last.
///
/// # Errors
/// Fails when `out` does.
pub fn write(out: &mut dyn io::Write, format: Format, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    let place = |found: &Diagnostic| found.labels.first().map_or(usize::MAX, |label| label.span.start);
    sorted.sort_by_key(|found| (found.file.name(), place(found), found.severity));
    match format {
        Format::Text(TextOptions { form: TextForm::Narrated, .. }) => narrated::write(out, &sorted),
        Format::Text(options) => text::write(out, &sorted, options),
        Format::Json => json::write(out, &sorted),
        Format::Sarif => sarif::write(out, &sorted),
        Format::Github => github::write(out, &sorted),
    }
}

/// `2 errors and 1 warning`; `None` when there is neither.
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
    let count = |number: usize, noun: &str| match number {
        0 => None,
        1 => Some(format!("1 {noun}")),
        _ => Some(format!("{number} {noun}s")),
    };
    let parts: Vec<_> = [count(errors, "error"), count(diagnostics.len() - errors, "warning")]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

#[cfg(test)]
mod tests;
