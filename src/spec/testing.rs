//! How the tests of this floor look at findings: as text, one block a finding.

use std::fmt::Write as _;
use std::path::Path;

use super::{Loaded, load};
use crate::source::{Diagnostic, Severity};

/// Loads a text as `p.yaml`.
pub(super) fn loaded(text: &str) -> Loaded {
    load(text.as_bytes(), "p.yaml", Path::new("p.yaml"))
}

/// All findings about a text.
pub(super) fn report(text: &str) -> String {
    print(&loaded(text).diagnostics)
}

/// Findings as text: code and message, then each label with its place and what it underlines, then the help.
pub(super) fn print(diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for found in diagnostics {
        let severity = if found.severity == Severity::Error { "" } else { "warning " };
        let code = found.code.trim_start_matches("flowrun::");
        let _ = writeln!(out, "{severity}{code}: {}", found.message);
        for label in &found.labels {
            let start = found.file.position(label.span.start);
            let marked = &found.file.text()[label.span.start..label.span.end];
            let _ = writeln!(out, "  {}:{} {marked:?} {}", start.line, start.column, label.text);
        }
        if let Some(help) = &found.help {
            let _ = writeln!(out, "  help: {help}");
        }
    }
    out
}
