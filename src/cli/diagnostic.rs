//! Shows diagnostics: as text for people, and in the formats that editors and code hosts read.
//!
//! Finding faults is the business of the floors below, and asking the terminal for its width and colours that of the
//! command: everything here is told what it needs and writes to whatever it is given.

mod github;
mod json;
mod narrated;
mod place;
mod sarif;
mod snippet;
mod text;

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

/// What the text form needs to know of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOptions {
    /// Characters in a line.
    pub width: usize,
    /// Whether to colour.
    pub color: bool,
    /// Drawn or told.
    pub form: TextForm,
}

/// How the text form shows a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// Source lines framed in box-drawing characters.
    Unicode,
    /// Source lines framed in ASCII.
    Ascii,
    /// Sentences without drawings, for screen readers and braille displays.
    Narrated,
}

/// Writes all diagnostics, sorted by file and position; what is about a whole file comes last.
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

/// `error` or `warning`.
fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

#[cfg(test)]
mod tests;
