//! This module writes diagnostics as a SARIF 2.1.0 log, which code hosts and editors import.

use std::fmt::Write as _;
use std::io;

use indexmap::IndexSet;
use serde_json::{Value, json};

use super::place::CharRange;
use super::severity;
use crate::source::{Diagnostic, SourceFile, Span};

/// Writes one log with one run.
pub(super) fn write(out: &mut dyn io::Write, diagnostics: &[&Diagnostic]) -> io::Result<()> {
    let rules: IndexSet<&str> = diagnostics.iter().map(|found| found.code).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "flowrun",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|code| json!({ "id": code })).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": diagnostics.iter().map(|found| result(found, &rules)).collect::<Vec<_>>(),
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn result(found: &Diagnostic, rules: &IndexSet<&str>) -> Value {
    let mut text = found.message.clone();
    if let Some(help) = &found.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    let span = found.labels.first().map_or_else(Span::default, |label| label.span);
    let mut result = json!({
        "ruleId": found.code,
        "ruleIndex": rules.get_index_of(found.code),
        "level": severity::name(found.severity),
        "message": { "text": text },
        "locations": [location(&found.file, span)],
    });
    let related: Vec<Value> = found
        .labels
        .iter()
        .enumerate()
        .map(|(id, label)| {
            let mut place = location(&found.file, label.span);
            place["id"] = json!(id);
            place["message"] = json!({ "text": label.text });
            place
        })
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    result
}

fn location(file: &SourceFile, span: Span) -> Value {
    let CharRange { start, end } = CharRange::of(file, span);
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(file.name()) },
        "region": {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        },
    }})
}

/// A path as a URI reference: relative paths stay relative, so that a code host finds the file in its checkout.
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            write!(uri, "%{byte:02X}").expect("a string takes everything");
        }
    }
    uri
}
