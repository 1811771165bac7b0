//! These tests cover every finding as people see it: one file a code, and the mistakes that everybody makes.
//!
//! `tests/diagnostics/CODE.yaml` is checked as `CODE.yaml` and rendered at width 100 without colour; `CODE.stderr`
//! beside it is what must come out. `UPDATE_EXPECT=1` rewrites those; read the difference.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use expect_test::expect_file;
use flowrun::cli::diagnostic::{self, Format, TextForm, TextOptions};
use flowrun::config::{self, FileKind};
use flowrun::event::StepId;
use flowrun::lua::{Attempt, AttemptEnding, Cancel, Guard, Scope, Watchdog, Worker, WorkerOptions};
use flowrun::plan::{self, Body, Inputs, SentTo, Verb};
use flowrun::source::Diagnostic;
use flowrun::value::Chunk;

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

/// Codes that only `flowrun check --on slurm` shows.
const SENT: [&str; 4] = ["only_here", "shared_write", "deadline_queue", "rate_here"];

/// Whether a fixture is an executors file.
pub(crate) fn is_executors(bytes: &[u8]) -> bool {
    FileKind::named(bytes) == FileKind::Executors
}

/// What `flowrun check` finds in a file.
pub(crate) fn findings(path: &Path) -> Vec<Diagnostic> {
    let bytes = fs::read(path).expect("the fixture can be read");
    let name = path.file_name().expect("a file").to_string_lossy();
    if is_executors(&bytes) {
        let loaded = config::load_as(FileKind::Executors, &bytes, &name, path);
        let text = String::from_utf8_lossy(&bytes);
        if let (Some(on), Some(document)) = (text.strip_prefix("# --on "), &loaded.document) {
            let meant = on.lines().next().unwrap_or_default();
            let help = "did you mean `campus`?".to_owned();
            return vec![config::no_executor(meant, help, (&document.spans, &document.file))];
        }
        return loaded.diagnostics.iter().cloned().chain(config::judge_executors(&loaded)).collect();
    }
    let to = SentTo { name: "slurm".to_owned(), volume: None, has_queue: true };
    let sent_to = SENT.contains(&stem(path).as_str()).then_some(to);
    let inputs = Inputs { check_only: true, sent_to, ..Inputs::default() };
    let loaded = plan::load(config::load(&bytes, &name, path), &inputs);
    assert_eq!(loaded.usage, [], "{name}");
    loaded.diagnostics
}

fn rendered(findings: &[Diagnostic]) -> String {
    let options = TextOptions { width: 100, color: false, form: TextForm::Unicode };
    let mut out = Vec::new();
    diagnostic::write(&mut out, Format::Text(options), findings).expect("memory takes everything");
    String::from_utf8(out).expect("the text is UTF-8")
}

/// Compares what is said of a fixture with the file beside it.
fn check(path: &Path) -> Vec<Diagnostic> {
    let findings = findings(path);
    expect_file![path.with_extension("stderr")].assert_eq(&rendered(&findings));
    findings
}

/// The fixtures of a folder, sorted by name.
pub(crate) fn fixtures(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    paths.sort();
    paths
}

pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

fn codes() -> BTreeSet<String> {
    config::CODES
        .iter()
        .chain(&plan::CODES)
        .map(|(code, _)| code.strip_prefix("flowrun::").expect("a code of ours").to_owned())
        .collect()
}

#[test]
fn every_code_has_one_fixture_that_shows_it() {
    let paths = fixtures(&folder());
    let names: BTreeSet<String> = paths.iter().map(|path| stem(path)).collect();
    assert_eq!(names, codes(), "one fixture for each code, and no other");
    for path in &paths {
        let code = format!("flowrun::{}", stem(path));
        let findings = check(path);
        assert!(findings.iter().any(|found| found.code == code), "{} does not show its code", path.display());
        // One file cannot have too many findings and only one.
        let is_alone = code == "flowrun::too_many" || findings.iter().all(|found| found.code == code);
        assert!(is_alone, "{} shows other codes too", path.display());
    }
}

#[test]
fn the_classical_mistakes_are_found_and_placed() {
    for path in fixtures(&folder().join("mistakes")) {
        let findings = check(&path);
        let is_run_time = stem(&path).ends_with("run-time");
        assert_eq!(findings.is_empty(), is_run_time, "{}", path.display());
        assert!(findings.iter().all(|found| !found.labels.is_empty()), "{} is not placed", path.display());
    }
}

#[test]
fn a_run_time_error_is_placed_in_the_pipeline_file() {
    let path = folder().join("mistakes/14-lua-run-time.yaml");
    let text = fs::read(&path).expect("the fixture can be read");
    let loaded = plan::load(config::load(&text, "14-lua-run-time.yaml", &path), &Inputs::default());
    let plan = loaded.plan.expect("nothing can be seen before the run");
    let Body::Ready(Verb::MapLike(each)) = &plan.steps[1].body else { panic!("`clean` is a map") };
    let scope = Scope {
        params: plan.params,
        env: plan.env,
        steps: None,
        run: "{}".into(),
        permissions: plan.permissions,
        secrets: plan.secrets,
        shows_run: false,
        shows_secrets: true,
    };
    let options = WorkerOptions::new("clean", scope, flowrun::lua::Memory::of_step(each.policy.memory));
    let watchdog = Watchdog::start(Box::new(|_| {})).expect("a thread");
    let guard = Guard::new(Arc::new(Cancel::default()), StepId(1), None);
    let mut worker = Worker::new(each.function.script().expect("Lua"), &options, &guard, &watchdog)
        .expect("the script loads");
    let mut chunk = Chunk { first: 2, ..Chunk::default() };
    chunk.push(br#"{"id":2}"#);
    let first = Attempt { number: 1, item_deadline: None, last: None };
    let mut said = String::new();
    worker.run(&chunk, 0..1, &first, Duration::MAX, &mut Vec::new(), &mut |_, _, end, _| {
        if let AttemptEnding::Failed(failure) = end {
            let place = failure.place.expect("the error has a place");
            let source = place.source.as_deref().unwrap_or_default();
            said = format!("{}:{}: {} | {source}", place.file, place.line, failure.message);
        }
        true
    });
    let expect = "14-lua-run-time.yaml:8: attempt to index nil with 'name' | \
        return { id = item.id, name = user.name }";
    assert_eq!(said, expect);
}

#[test]
fn nine_mistakes_in_one_file_are_reported_in_one_run() {
    let findings = findings(&folder().join("mistakes/nine-at-once.yaml"));
    let found: Vec<(&str, usize)> = findings
        .iter()
        .map(|found| (found.code.trim_start_matches("flowrun::"), found.file.position(found.start()).line))
        .collect();
    let expect = [
        ("bad_version", 1),
        ("bad_name", 2),
        ("unknown_key", 5),
        ("wrong_type", 9),
        ("out_of_range", 11),
        ("duplicate_key", 12),
        ("bad_duration", 13),
        ("lua_syntax", 15),
        ("unknown_step", 18),
    ];
    assert_eq!(found, expect);
}
