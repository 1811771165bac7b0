//! This module writes diagnostics as one JSON object. It is not miette's JSON: that is invalid when a text holds a
//! control character.

use std::io;

use serde::Serialize;

use super::place::CharRange;
use super::severity;
use crate::source::{Diagnostic, Label, SourceFile};

#[derive(Serialize)]
struct Report<'a> {
    diagnostics: Vec<Finding<'a>>,
}

/// Lines and columns count from 1, columns in characters; the end is the first character after the place.
#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    severity: &'static str,
    message: &'a str,
    help: Option<&'a str>,
    file: &'a str,
    #[serde(flatten)]
    range: Range,
    labels: Vec<Mark<'a>>,
}

#[derive(Serialize)]
struct Mark<'a> {
    message: &'a str,
    #[serde(flatten)]
    range: Range,
}

#[derive(Serialize)]
struct Range {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl From<CharRange> for Range {
    fn from(place: CharRange) -> Self {
        Self {
            line: place.start.line,
            column: place.start.column,
            end_line: place.end.line,
            end_column: place.end.column,
        }
    }
}

/// Writes one object and a line feed.
pub(super) fn write(out: &mut dyn io::Write, diagnostics: &[&Diagnostic]) -> io::Result<()> {
    let report = Report { diagnostics: diagnostics.iter().map(|found| finding(found)).collect() };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

fn finding(found: &Diagnostic) -> Finding<'_> {
    Finding {
        code: found.code,
        severity: severity::name(found.severity),
        message: &found.message,
        help: found.help.as_deref(),
        file: found.file.name(),
        range: CharRange::primary(found).into(),
        labels: found.labels.iter().map(|label| mark(&found.file, label)).collect(),
    }
}

fn mark<'a>(file: &SourceFile, label: &'a Label) -> Mark<'a> {
    Mark { message: &label.text, range: CharRange::of(file, label.span).into() }
}
