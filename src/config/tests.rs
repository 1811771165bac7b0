//! The tests of this floor look at findings as text, one block a finding.

use std::fmt::Write as _;
use std::path::Path;

use expect_test::Expect;

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

/// Compares all findings about a text with what is expected; `UPDATE_EXPECT=1` writes the expectation.
fn check(text: &str, expect: &Expect) {
    expect.assert_eq(&report(text));
}

/// Steps around a policy: a source `docs`, and `clean` that maps it.
fn with_policy(policy: &str) -> String {
    format!(
        "steps:\n  docs:\n    items: [1]\n  clean:\n    from: docs\n    map:\n      lua: return item\n{policy}"
    )
}

/// A valid file with every key of the language.
pub(super) const EVERY_KEY: &str = include_str!("tests/every_key.yaml");

mod agreement;
mod executors;
mod hostile;
mod keys;
mod margin;
mod text;
mod values;
