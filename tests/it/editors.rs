//! These tests show the committed schema to editors: the real `yaml-language-server` over its standard streams, and
//! two more validators. `tests/editors` pins them and holds what they say; `UPDATE_EXPECT=1` rewrites that.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect_file;
use flowrun::source::{Diagnostic, Severity};
use serde_json::{Map, Value};

use crate::diagnostics::{findings, fixtures, folder, is_executors, stem};
use crate::project::command_in;

mod install;
pub(crate) use install::{node_module, python_program};
mod server;

use server::Server;

/// Where the cursor is; no YAML needs it.
const CURSOR: char = '‸';

/// Codes of errors that a schema cannot see, and why.
const UNSEEN: [(&str, &str); 36] = [
    ("bad_include", "other files"),
    ("bad_number", "the server reads numbers as floats"),
    ("bad_option", "which options fit to a format is said by the format"),
    ("bad_param", "a default is compared with the type beside it"),
    ("bad_pattern", "patterns have a grammar of their own"),
    ("bad_test", "which keys of a test go together depends on the step"),
    ("cycle", "names of steps"),
    ("empty_file", "the server validates no empty file"),
    ("expression", "Lua"),
    ("lua_cut", "to YAML it is a comment"),
    ("lua_file", "another file"),
    ("lua_path", "folders"),
    ("program", "other files"),
    ("lua_syntax", "Lua"),
    ("name_clash", "fields of other steps"),
    ("no_failed_items", "names of steps"),
    ("no_output", "names of steps"),
    ("standard_stream", "two steps together"),
    ("step_not_ended", "names of steps"),
    ("too_many", "the server has no such limit"),
    ("unclosed_bracket", "the server marks the line after it"),
    ("unknown_code", "the schema has no list of codes"),
    ("unknown_format", "the format comes from the extension"),
    ("unknown_global", "Lua"),
    ("unknown_policy", "names of policies"),
    ("unknown_rate_limit", "names of limits"),
    ("repeated_rate_limit", "names of limits"),
    ("breaker_pauses", "two durations"),
    ("unknown_scheme", "a path is any text"),
    ("unknown_step", "names of steps"),
    ("write_conflict", "two steps together"),
    ("write_over_input", "two steps together"),
    ("yaml_control", "the server reads control characters as text"),
    ("yaml_documents", "the server validates each document"),
    ("yaml_limit", "the server has no such limit"),
    ("yaml_merge", "the server does not follow `<<` into what it cannot merge"),
];

/// Fixtures in which the server marks more lines, and why.
const MARKED_MORE: [(&str, &str); 7] = [
    ("too_many", "flowrun stops after 100 findings"),
    ("unclosed_bracket", "the line after it"),
    ("unclosed_quote", "the end of the file too"),
    ("yaml_tab", "the step that is no map because of it"),
    ("07-tab", "the step that is no map because of it"),
    ("08-unclosed-quote", "the end of the file too"),
    ("nine-at-once", "the step whose verb is misspelt has none"),
];

/// A text without its cursor, and the line and column of that.
fn cursor(text: &str) -> (String, usize, usize) {
    let (before, after) = text.split_once(CURSOR).expect("the text has a cursor");
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().encode_utf16().count();
    (format!("{before}{after}"), line, column)
}

/// Asks about each text of `positions` at its cursor and compares the answers with the file `said`.
fn check(positions: &str, said: &str, ask: impl Fn(&mut Server, &str, usize, usize) -> String) {
    let Some(mut server) = Server::start() else { return };
    let mut all = String::new();
    for marked in positions.split("---\n") {
        let (text, line, column) = cursor(marked);
        let _ = write!(all, "{marked}===\n{}\n", ask(&mut server, &text, line, column));
    }
    expect_file![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/editors").join(said)].assert_eq(&all);
}

#[test]
fn completion_offers_what_may_stand_there() {
    check(include_str!("../editors/completion.in"), "completion.txt", |server, text, line, column| {
        let mut offered = String::new();
        for item in server.completion(text, line, column) {
            let doc = item["documentation"]["value"].as_str().or(item["documentation"].as_str());
            let doc = doc.unwrap_or_default().lines().next().unwrap_or_default();
            let sentence = doc.split_inclusive(". ").next().unwrap_or_default().trim();
            let text = |key: &str| item[key].as_str().unwrap_or_default().replace('\n', "⏎");
            let _ = writeln!(offered, "{:<18} {:<44} {sentence}", text("label"), text("insertText"));
        }
        offered.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    });
}

#[test]
fn hover_shows_what_a_key_means() {
    check(include_str!("../editors/hover.in"), "hover.txt", |server, text, line, column| {
        let said = server.hover(text, line, column);
        // The last line links the schema by its path on this machine.
        let (said, _) = said.rsplit_once("\nSource: ").unwrap_or((&said, ""));
        format!("{}\n", said.trim_end())
    });
}

#[test]
fn the_settings_of_init_and_the_first_line_of_a_file_name_the_schema() {
    // The server's patterns do not look into folders whose names start with a dot.
    let folder = tempfile::Builder::new().prefix("editor").tempdir().expect("a temporary folder");
    let run = |command: &str| {
        let output = command_in(folder.path(), &[command]).output().expect("the binary runs");
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("`init` has made it");
    run("init");
    let settings: Value = serde_json::from_str(&read(".vscode/settings.json")).expect("it is JSON");
    let schemas = settings["yaml.schemas"].clone();
    let Some(mut server) = Server::start_in(folder.path(), &schemas, "") else { return };
    assert_eq!(server.diagnostics(&[read("pipeline.yaml")]), [Vec::<Value>::new()]);

    fs::write(folder.path().join("pipeline.schema.json"), run("schema")).expect("the folder is writable");
    let head = "# yaml-language-server: $schema=pipeline.schema.json\n";
    assert!(Server::start_in(folder.path(), &serde_json::json!({}), head).is_some());
}

/// The lines of a finding: of its first label, and of all of them.
fn lines(found: &Diagnostic) -> (u64, BTreeSet<u64>) {
    let line = |start| found.file.position(start).line as u64;
    (line(found.start()), found.labels.iter().map(|label| line(label.span.start)).collect())
}

fn code(found: &Diagnostic) -> &str {
    found.code.trim_start_matches("flowrun::")
}

fn has(table: &[(&str, &str)], name: &str) -> bool {
    table.iter().any(|(known, _)| *known == name)
}

/// The files with mistakes.
fn mistaken() -> Vec<PathBuf> {
    let mut all = [fixtures(&folder()), fixtures(&folder().join("mistakes"))].concat();
    // Executors files have a schema of their own.
    all.retain(|path| !is_executors(&fs::read(path).expect("the fixture can be read")));
    all
}

#[test]
fn the_server_marks_the_lines_that_check_marks() {
    let Some(mut server) = Server::start() else { return };
    let paths = mistaken();
    let texts: Vec<String> = paths.iter().map(|path| text(path)).collect();
    let mut wrong = String::new();
    for (path, found) in paths.iter().zip(server.diagnostics(&texts)) {
        let is_error = |found: &&Value| found["severity"] == 1;
        let line = |found: &Value| found["range"]["start"]["line"].as_u64().expect("a line") + 1;
        let theirs: BTreeSet<u64> = found.iter().filter(is_error).map(line).collect();
        let errors = findings(path);
        let errors: Vec<&Diagnostic> =
            errors.iter().filter(|found| found.severity == Severity::Error).collect();
        let ours: BTreeSet<u64> = errors.iter().flat_map(|found| lines(found).1).collect();
        for found in errors {
            let (line, code) = (lines(found).0, code(found));
            if theirs.contains(&line) == has(&UNSEEN, code) && stem(path) != "too_many" {
                let _ = writeln!(wrong, "{}: {code} in line {line}, theirs {theirs:?}", path.display());
            }
        }
        if theirs.is_subset(&ours) == has(&MARKED_MORE, &stem(path)) {
            let _ = writeln!(wrong, "{}: ours {ours:?}, theirs {theirs:?}", path.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The text of a file, as far as it is one.
fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).expect("the fixture can be read")).into_owned()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema() -> PathBuf {
    root().join("schemas/pipeline.schema.json")
}

/// All pipelines that are valid.
fn good() -> Vec<PathBuf> {
    let examples = fs::read_dir(root().join("examples")).expect("there are examples");
    let paths = examples.map(|entry| entry.expect("a folder").path().join("pipeline.yaml"));
    let mut all: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    assert!(all.len() > 5, "{all:?}");
    all.push(root().join("src/config/tests/every_key.yaml"));
    all
}

/// Pipelines with an error that the schema sees.
fn bad() -> Vec<PathBuf> {
    let is_bad = |path: &PathBuf| {
        let is_yaml = |code: &str| {
            code.starts_with("yaml_")
                || code.starts_with("unclosed_")
                || code == "duplicate_key"
                || code == "not_utf8"
        };
        findings(path).iter().any(|found| {
            found.severity == Severity::Error && !has(&UNSEEN, code(found)) && !is_yaml(code(found))
        })
    };
    let all: Vec<PathBuf> = mistaken().into_iter().filter(is_bad).collect();
    assert!(all.len() > 15, "{all:?}");
    all
}

/// Compares which files a validator refuses, by what it says about each, with which it must.
fn judge(said: &Map<String, Value>) {
    let is_refused = |path: &PathBuf| {
        let faults = said.get(&path.display().to_string());
        faults.and_then(Value::as_array).is_some_and(|faults| !faults.is_empty())
    };
    for path in good() {
        assert!(!is_refused(&path), "{}: {:#}", path.display(), said[&path.display().to_string()]);
    }
    let passed: Vec<PathBuf> = bad().into_iter().filter(|path| !is_refused(path)).collect();
    assert!(passed.is_empty(), "accepted: {passed:?}");
}

#[test]
fn ajv_takes_the_examples_and_refuses_mistakes() {
    let Some(ajv) = install::node_module("ajv/package.json") else { return };
    assert!(ajv.is_file());
    let mut command = Command::new("node");
    command.arg(root().join("tests/editors/validate.js")).arg(schema()).args(good()).args(bad());
    let output = command.output().expect("node runs");
    let said = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr)));
    judge(&said);
}

#[test]
fn check_jsonschema_takes_the_examples_and_refuses_mistakes() {
    let Some(program) = python_program("check-jsonschema") else { return };
    let mut command = Command::new(program);
    command.args(["--output-format", "json", "--schemafile"]).arg(schema()).args(good()).args(bad());
    let output = command.output().expect("check-jsonschema runs");
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr)));
    let mut said = Map::new();
    for list in ["errors", "parse_errors"] {
        for fault in report[list].as_array().into_iter().flatten() {
            let file = fault["filename"].as_str().expect("a file").to_owned();
            let faults = said.entry(file).or_insert_with(|| Value::Array(Vec::new()));
            faults.as_array_mut().expect("a list").push(fault.clone());
        }
    }
    judge(&said);
}
