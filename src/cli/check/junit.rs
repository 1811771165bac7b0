//! This module turns the findings of a check into cases for test machines: one for each file without a finding, one
//! for each finding.

use std::fmt::Write as _;

use std::path::PathBuf;

use crate::report::{self, JunitCase, JunitEnd, JunitSuite};
use crate::source::{Diagnostic, Severity};

/// The whole document. Warnings fail where they are denied; elsewhere their cases pass and say what was found.
pub(super) fn document(files: &[PathBuf], diagnostics: &[Diagnostic], deny_warnings: bool) -> String {
    let mut names: Vec<String> = files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
    // What pipelines include, and their Lua files, are named only where something was found in them.
    for found in diagnostics {
        let name = found.file.name();
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    let suites: Vec<JunitSuite> = names
        .into_iter()
        .map(|name| {
            let of_file: Vec<&Diagnostic> =
                diagnostics.iter().filter(|found| found.file.name() == name).collect();
            let cases = if of_file.is_empty() {
                let class = name.clone();
                vec![JunitCase {
                    name: "is valid".to_owned(),
                    class,
                    file: Some(name.clone()),
                    ..JunitCase::default()
                }]
            } else {
                of_file.into_iter().map(|found| case(found, deny_warnings)).collect()
            };
            JunitSuite { name, cases }
        })
        .collect();
    report::junit(&suites)
}

fn case(found: &Diagnostic, deny_warnings: bool) -> JunitCase {
    let file = found.file.name().to_owned();
    let position = found.file.position(found.start());
    let mut text = format!("{file}:{}:{}: {}", position.line, position.column, found.message);
    for label in &found.labels {
        let place = found.file.position(label.span.start);
        let _ = write!(text, "\n  {}:{}: {}", place.line, place.column, label.text);
    }
    if let Some(help) = &found.help {
        let _ = write!(text, "\n  help: {help}");
    }
    let is_bad = deny_warnings || found.severity == Severity::Error;
    JunitCase {
        name: format!("{}:{} {}", position.line, position.column, found.code),
        class: file.clone(),
        file: Some(file),
        line: Some(position.line),
        end: if is_bad {
            JunitEnd::Failed {
                message: found.message.clone(),
                kind: found.code.to_owned(),
                text: text.clone(),
            }
        } else {
            JunitEnd::Passed
        },
        output: if is_bad { String::new() } else { format!("warning: {text}") },
        ..JunitCase::default()
    }
}
