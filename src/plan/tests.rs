//! These tests put whole files in and get findings or plans out.

use std::fmt::Write as _;
use std::path::Path;

use expect_test::Expect;

use super::*;
use crate::config;
use crate::event::StepId;
use crate::source::{Diagnostic, Severity};

fn load_text(text: &str, inputs: &Inputs) -> Loaded {
    load(config::load(text.as_bytes(), "p.yaml", Path::new("/home/pipes/p.yaml")), inputs)
}

/// Findings as `line:column code message | label | help`, one a line, then what is wrong with the command line.
fn listed_findings(diagnostics: &[Diagnostic], usage: &[UsageError]) -> String {
    let mut out = String::new();
    for found in diagnostics {
        let code = found.code.trim_start_matches("flowrun::");
        let warning = if found.severity == Severity::Warning { "warning " } else { "" };
        let start = found.file.position(found.start());
        write!(out, "{}:{} {warning}{code}: {}", start.line, start.column, found.message).expect("memory");
        for (at, label) in found.labels.iter().enumerate() {
            let place = found.file.position(label.span.start);
            let place = if at == 0 { String::new() } else { format!("{}:{} ", place.line, place.column) };
            write!(out, " | {place}{}", label.text).expect("memory");
        }
        if let Some(help) = &found.help {
            write!(out, " | help: {help}").expect("memory");
        }
        out.push('\n');
    }
    for error in usage {
        let help = error.help.as_ref().map(|help| format!(" | help: {help}")).unwrap_or_default();
        writeln!(out, "usage: {error}{help}").expect("memory");
    }
    out
}

/// Checks a file without any values.
fn check(text: &str, expect: &Expect) {
    check_with(text, &Inputs { check_only: true, ..Inputs::default() }, expect);
}

fn check_with(text: &str, inputs: &Inputs, expect: &Expect) {
    let loaded = load_text(text, inputs);
    expect.assert_eq(&listed_findings(&loaded.diagnostics, &loaded.usage));
}

fn plan(text: &str, inputs: &Inputs) -> Plan {
    let loaded = load_text(text, inputs);
    let findings = listed_findings(&loaded.diagnostics, &loaded.usage);
    loaded.plan.unwrap_or_else(|| panic!("no plan:\n{findings}"))
}

fn set(options: &[&str]) -> Inputs {
    let split =
        |option: &&str| option.split_once('=').map(|(path, value)| (path.to_owned(), value.to_owned()));
    Inputs { set: options.iter().filter_map(split).collect(), ..Inputs::default() }
}

fn each(plan: &Plan, at: u32) -> &MapLike {
    match &plan.steps[StepId(at).at()].body {
        Body::Ready(Verb::MapLike(each)) => each,
        other => panic!("no map-like step: {other:?}"),
    }
}

mod expressions;
#[cfg(target_os = "linux")]
mod linear;
mod lua;
mod references;
mod values;
mod warnings;
