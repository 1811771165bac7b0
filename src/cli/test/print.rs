//! This module prints the results of tests: for people, for programs, for test machines.

use serde_json::json;

use super::diff::DiffLine;
use super::judged::{FileTests, Judged};
use crate::cli::args::{TestArguments, TestFormat};
use crate::cli::changes;
use crate::cli::console::{Console, put, say};
use crate::cli::exit::Fault;
use crate::lua::{Change, Changed};
use crate::report::{self, JunitCase, JunitEnd, JunitSuite};
use crate::store::StoredLog;
use crate::value::printable;

/// Writes the result of all files.
pub(super) fn write(console: &Console, arguments: &TestArguments, files: &[FileTests]) -> Result<(), Fault> {
    match arguments.format {
        TestFormat::Text => {
            let paint = Paint { color: console.color(arguments.console.color) };
            say(text(&paint, files).trim_end());
            Ok(())
        }
        TestFormat::Json => put(format!("{}\n", json_text(files)).as_bytes()),
        TestFormat::Junit => put(report::junit(&suites(files)).as_bytes()),
    }
}

/// Colours, or none.
struct Paint {
    color: bool,
}

impl Paint {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn text(paint: &Paint, files: &[FileTests]) -> String {
    let mut lines = Vec::new();
    for file in files {
        lines.push(format!(
            "{} {}",
            paint.paint("1", &printable(&file.file)),
            count(file.tests.len(), "test")
        ));
        file.tests.iter().for_each(|test| told(paint, &file.file, test, &mut lines));
    }
    let tests = || files.iter().flat_map(|file| &file.tests);
    let failed = tests().filter(|test| test.mismatch.is_some()).count();
    let time = tests().map(|test| test.time).sum();
    let passed = format!("{} passed", tests().count() - failed);
    let ending = match failed {
        0 => paint.paint("32", &passed),
        _ => format!("{passed}, {}", paint.paint("31", &format!("{failed} failed"))),
    };
    lines.push(String::new());
    lines.push(format!("{ending} in {}", report::duration(time)));
    lines.push(String::new());
    lines.join("\n")
}

fn count(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn told(paint: &Paint, file: &str, test: &Judged, lines: &mut Vec<String>) {
    let name = printable(&test.name);
    let Some(mismatch) = &test.mismatch else {
        lines.push(format!("  {} {}: {name}", paint.paint("32", "  ok"), test.step));
        lines.extend(changed(paint, test));
        return;
    };
    let place = format!("{}:{}", printable(file), test.line);
    lines.push(format!(
        "  {} {}: {name}  {}",
        paint.paint("31;1", "FAIL"),
        test.step,
        paint.paint("2", &place)
    ));
    lines.push(format!("       {}", printable(&mismatch.message)));
    lines.extend(mismatch.notes.iter().map(|note| format!("       {}", printable(note))));
    if !mismatch.diff.is_empty() {
        lines.push(format!("       {} {}", paint.paint("31", "- expected"), paint.paint("32", "+ got")));
    }
    for line in &mismatch.diff {
        lines.push(match line {
            DiffLine::Both(line) => format!("         {}", printable(line)),
            DiffLine::Expected(line) => paint.paint("31", &format!("       - {}", printable(line))),
            DiffLine::Got(line) => paint.paint("32", &format!("       + {}", printable(line))),
        });
    }
    lines.extend(test.logs.iter().map(|log| format!("       {}", paint.paint("2", &log_line(log)))));
    lines.extend(changed(paint, test));
}

/// What the function would have changed.
fn changed<'a>(paint: &'a Paint, test: &Judged) -> impl Iterator<Item = String> + use<'a> {
    changes::lines(&test.changes).into_iter().map(|line| format!("       {}", paint.paint("36", &line)))
}

/// `info item 1: text {"fields": …}`
fn log_line(log: &StoredLog) -> String {
    let fields = log.fields.as_ref().map(|fields| format!(" {}", printable(fields))).unwrap_or_default();
    format!("{} item {}: {}{fields}", log.level, log.index, printable(&log.message))
}

/// The difference without colours.
fn diff_text(test: &Judged) -> String {
    let mut lines = Vec::new();
    if let Some(mismatch) = &test.mismatch {
        lines.extend(mismatch.notes.iter().cloned());
        lines.extend(mismatch.diff.iter().map(|line| match line {
            DiffLine::Both(line) => format!("  {line}"),
            DiffLine::Expected(line) => format!("- {line}"),
            DiffLine::Got(line) => format!("+ {line}"),
        }));
    }
    lines.join("\n")
}

fn json_text(files: &[FileTests]) -> String {
    let one = |file: &FileTests, test: &Judged| {
        let log: Vec<_> = test
            .logs
            .iter()
            .map(|log| json!({ "index": log.index, "level": log.level, "message": log.message, "fields": fields(log) }))
            .collect();
        json!({
            "file": file.file,
            "line": test.line,
            "name": test.name,
            "step": test.step,
            "status": if test.mismatch.is_some() { "failed" } else { "passed" },
            "message": test.mismatch.as_ref().map(|found| &found.message),
            "expected": test.mismatch.as_ref().map(|found| &found.expected),
            "got": test.mismatch.as_ref().map(|found| &found.got),
            "diff": test.mismatch.as_ref().map(|_| diff_text(test)),
            "duration": test.time.as_secs_f64(),
            "log": log,
            "changes": test.changes.iter().map(change).collect::<Vec<_>>(),
        })
    };
    let tests: Vec<_> =
        files.iter().flat_map(|file| file.tests.iter().map(move |test| one(file, test))).collect();
    let failed = files.iter().flat_map(|file| &file.tests).filter(|test| test.mismatch.is_some()).count();
    json!({ "passed": tests.len() - failed, "failed": failed, "tests": tests }).to_string()
}

/// A file that would be written, with its size; a folder that would be made; or what would be gone.
fn change(change: &Change) -> serde_json::Value {
    let (what, bytes) = match &change.what {
        Changed::File(size, _) => ("written", Some(*size)),
        Changed::Folder => ("folder", None),
        Changed::Gone => ("removed", None),
    };
    json!({ "path": change.path.to_string_lossy(), "change": what, "bytes": bytes })
}

fn fields(log: &StoredLog) -> serde_json::Value {
    log.fields.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn suites(files: &[FileTests]) -> Vec<JunitSuite> {
    let case = |file: &FileTests, test: &Judged| JunitCase {
        name: test.name.to_string(),
        class: format!("{}.{}", file.file, test.step),
        file: Some(file.file.clone()),
        line: Some(test.line),
        time: Some(test.time),
        end: match &test.mismatch {
            None => JunitEnd::Passed,
            Some(mismatch) => JunitEnd::Failed {
                message: mismatch.message.clone(),
                kind: "mismatch".to_owned(),
                text: diff_text(test),
            },
        },
        output: test.logs.iter().map(log_line).collect::<Vec<_>>().join("\n"),
    };
    let suite = |file: &FileTests| JunitSuite {
        name: file.file.clone(),
        cases: file.tests.iter().map(|test| case(file, test)).collect(),
    };
    files.iter().map(suite).collect()
}
