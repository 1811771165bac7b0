//! Every example runs, and writes what its `expected` folder holds. How the parts work alone is tested beside them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use assert_cmd::Command;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::server::{Reply, Server};

/// An example in a folder of its own, so that a test run leaves the repository as it was.
pub(crate) struct Example {
    _folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

impl Example {
    pub(crate) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // As deep as in the repository: what an example takes from it lies above.
        let path = folder.path().join("examples").join(name);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
        for part in ["", "data", "expected", "lua"] {
            if source.join(part).is_dir() {
                copy_files(&source.join(part), &path.join(part));
            }
        }
        Self { _folder: folder, path }
    }

    /// Runs the pipeline and returns what `--output json` prints.
    fn run(&self, exit: i32, arguments: &[&str]) -> Value {
        self.run_with(exit, arguments, &[])
    }

    /// [`Example::run`] with these variables in the environment.
    fn run_with(&self, exit: i32, arguments: &[&str], environment: &[(&str, &str)]) -> Value {
        let output = Command::new(crate::project::binary())
            .envs(environment.iter().copied())
            .arg(self.path.join("pipeline.yaml"))
            .args(["--output", "json"])
            .args(arguments)
            .output()
            .expect("flowrun starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{said}");
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }

    pub(crate) fn output(&self, name: &str) -> String {
        fs::read_to_string(self.path.join("out").join(name))
            .unwrap_or_else(|error| panic!("out/{name}: {error}"))
    }

    /// Compares `out` with all that `expected` says about it.
    pub(crate) fn check_outputs(&self) {
        for entry in fs::read_dir(self.path.join("expected")).expect("an `expected` folder") {
            let file = entry.expect("an entry").path();
            let name = file.file_name().and_then(|name| name.to_str()).expect("a UTF-8 name");
            let expected = fs::read_to_string(&file).expect("text");
            if name.ends_with(".sha256") {
                self.check_digest(&expected);
            } else if let Some((stem, extension)) = name.split_once(".head.") {
                let output = self.output(&format!("{stem}.{extension}"));
                let head: String = output.split_inclusive('\n').take(expected.lines().count()).collect();
                assert_eq!(head, expected, "{name}");
            } else {
                assert_eq!(self.output(name), expected, "{name}");
            }
        }
    }

    /// `line` is in the form of `sha256sum`.
    fn check_digest(&self, line: &str) {
        let (expected, name) = line.trim_end().split_once("  ").expect("a digest and a name");
        let bytes = fs::read(self.path.join(name)).expect("the output");
        let digest =
            Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        assert_eq!(digest, expected, "{name}");
    }
}

/// An example whose item function is a program in this language; `None`: what it needs is not there.
pub(crate) fn program_example(language: &str) -> Option<Example> {
    if language == "rust" {
        // Built with the tests, unless only some of them are.
        let binary = Path::new(crate::project::binary()).with_file_name("examples").join("clean-program");
        return binary.is_file().then(|| {
            let example = Example::new("programs/rust");
            fs::copy(binary, example.path.join("clean")).expect("room");
            example
        });
    }
    let needs = match language {
        "python" | "python-plain" => "python3",
        other => other,
    };
    has_program(needs).then(|| {
        let example = Example::new(&format!("programs/{language}"));
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/flowrun");
        copy_files(&package, &example.path.join("../../../python/flowrun"));
        example
    })
}

fn copy_files(source: &Path, target: &Path) {
    fs::create_dir_all(target).expect("a folder");
    for entry in fs::read_dir(source).expect("the example's folder") {
        let file = entry.expect("an entry").path();
        if file.is_file() {
            fs::copy(&file, target.join(file.file_name().expect("a name"))).expect("a copy");
        }
    }
}

/// The fields of a step in the JSON summary, by name.
fn step<'a>(summary: &'a Value, id: &str) -> &'a Value {
    let steps = summary["steps"].as_array().expect("steps");
    steps.iter().find(|step| step["id"] == id).unwrap_or_else(|| panic!("no step `{id}` in {summary}"))
}

fn check_counters(summary: &Value, id: &str, counters: &[(&str, u64)]) {
    for (name, expected) in counters {
        assert_eq!(step(summary, id)[name], *expected, "{name} of {id}");
    }
}

#[test]
fn clean_text_cleans_ten_thousand_documents_and_skips_the_empty_ones() {
    let example = Example::new("clean-text");
    let summary = example.run(0, &[]);
    check_counters(
        &summary,
        "clean",
        &[("total", 10_000), ("successes", 9_969), ("skipped", 31), ("failures", 0)],
    );
    example.check_outputs();
}

#[test]
fn validate_stops_at_the_record_without_an_id_and_writes_nothing() {
    let example = Example::new("validate");
    let summary = example.run(1, &[]);
    check_counters(&summary, "check", &[("failures", 1)]);
    assert_eq!(step(&summary, "check")["errors"]["14"], "missing id");
    assert_eq!(step(&summary, "save")["status"], "skipped");
    assert!(!example.path.join("out").exists());
}

#[test]
fn validate_passes_complete_records_on() {
    let example = Example::new("validate");
    example.run(0, &["-p", "records=data/complete.jsonl"]);
    example.check_outputs();
}

#[test]
fn messy_tables_reads_what_can_be_read_and_names_the_rest() {
    let example = Example::new("messy-tables");
    let summary = example.run(0, &[]);
    check_counters(&summary, "orders", &[("total", 8), ("successes", 7), ("failures", 1)]);
    example.check_outputs();
}

#[test]
fn flaky_ends_the_same_in_every_run() {
    let example = Example::new("flaky");
    let summary = example.run(0, &[]);
    check_counters(
        &summary,
        "resize",
        &[("total", 300), ("successes", 294), ("failures", 6), ("retried", 119)],
    );
    example.check_outputs();
}

#[test]
fn flaky_fails_when_too_many_images_are_lost_and_still_lists_them() {
    let example = Example::new("flaky");
    let summary = example.run(1, &["-p", "chance=0.6"]);
    check_counters(&summary, "resize", &[("successes", 260), ("failures", 40)]);
    assert_eq!(step(&summary, "save")["status"], "skipped");
    assert_eq!(example.output("lost.jsonl").lines().count(), 40);
}

#[test]
fn two_branches_writes_both_branches_and_the_dead_letters() {
    let example = Example::new("two-branches");
    let summary = example.run(0, &[]);
    check_counters(&summary, "priced", &[("total", 40), ("successes", 37), ("failures", 3)]);
    example.check_outputs();
}

#[test]
fn split_dataset_deals_all_documents_out_to_parts() {
    let example = Example::new("split-dataset");
    example.run(0, &[]);
    example.check_outputs();
    let lines = |name: &str| example.output(name).lines().count();
    let parts = ["test/001.jsonl", "train/001.jsonl", "train/002.jsonl", "train/003.jsonl"].map(lines);
    assert_eq!(parts, [11, 20, 20, 9]);
}

#[test]
fn resize_images_lists_the_two_broken_pictures_and_succeeds() {
    let example = Example::new("resize-images");
    let summary = example.run(0, &[]);
    check_counters(&summary, "resize", &[("total", 40), ("successes", 38), ("failures", 2), ("retried", 0)]);
    example.check_outputs();
    let out = example.path.join("out");
    let is_thumbnail = |path: &Path| path.extension().is_some_and(|extension| extension == "jpg");
    let files = fs::read_dir(out).expect("outputs").map(|entry| entry.expect("an entry").path());
    let thumbnails: Vec<_> = files.filter(|path| is_thumbnail(path)).collect();
    assert_eq!(thumbnails.len(), 38);
    for path in thumbnails {
        let bytes = fs::File::open(&path).map(std::io::BufReader::new).expect("readable");
        let mut picture = zune_jpeg::JpegDecoder::new(bytes);
        picture.decode_headers().expect("a picture");
        assert_eq!(picture.dimensions(), Some((224, 224)), "{}", path.display());
    }
}

#[test]
fn resize_images_fails_when_too_many_are_broken() {
    let example = Example::new("resize-images");
    let summary = example.run(1, &["--set", "resize.min_success_ratio=1"]);
    check_counters(&summary, "resize", &[("failures", 2)]);
    assert_eq!(example.output("broken.jsonl").lines().count(), 2);
}

#[test]
fn daily_stats_are_those_of_another_program() {
    let example = Example::new("daily-stats");
    let summary = example.run(0, &[]);
    check_counters(&summary, "days", &[("total", 180), ("successes", 180)]);
    example.check_outputs();
    let test =
        Command::new(crate::project::binary()).arg("test").arg(example.path.join("pipeline.yaml")).output();
    let test = test.expect("flowrun starts");
    assert!(test.status.success(), "{}", String::from_utf8_lossy(&test.stderr));
}

#[test]
fn join_orders_finds_the_customers_and_puts_the_rest_aside() {
    let example = Example::new("join-orders");
    let summary = example.run(0, &[]);
    check_counters(&summary, "known", &[("total", 40), ("successes", 40)]);
    example.check_outputs();
    let summary = example.run(0, &["--limit", "5"]);
    check_counters(&summary, "orders", &[("total", 5)]);
    check_counters(&summary, "customers", &[("total", 12)]);
}

#[test]
fn orders_are_kept_up_to_date_in_a_table() {
    let example = Example::new("orders");
    for _ in 0..2 {
        let summary = example.run(0, &[]);
        check_counters(&summary, "save", &[("total", 62), ("successes", 62)]);
        example.check_outputs();
    }
}

#[test]
fn to_sqlite_fills_a_database_that_can_be_asked_afterwards() {
    let example = Example::new("to-sqlite");
    // Again, to see that it changes nothing.
    for _ in 0..2 {
        let summary = example.run(0, &[]);
        check_counters(&summary, "insert", &[("total", 960), ("successes", 960)]);
        example.check_outputs();
    }
    let database = rusqlite::Connection::open(example.path.join("out/weather.db")).expect("a database");
    let count: i64 =
        database.query_row("select count(*) from measurements", [], |row| row.get(0)).expect("the table");
    assert_eq!(count, 960);
}

#[test]
fn transcode_runs_a_program_for_each_letter() {
    let example = Example::new("transcode");
    let summary = example.run(0, &[]);
    check_counters(&summary, "transcode", &[("total", 7), ("successes", 6), ("failures", 1)]);
    example.check_outputs();
}

/// Knows customers, but is not always in the mood; `token` is what it wants to see.
pub(crate) fn customers_service(token: &'static str) -> Server {
    let seen: Mutex<HashMap<u32, u32>> = Mutex::default();
    Server::start(move |request| {
        if request.header("authorization") != format!("Bearer {token}") {
            return Reply::text(401, "who are you?");
        }
        let id = request.target.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or(0);
        let time = {
            let mut seen = seen.lock().expect("no test panics here");
            let times = seen.entry(id).or_default();
            *times += 1;
            *times
        };
        match (id, time) {
            (10, 1) => Reply::Whole(429, vec![("Retry-After", "1".to_owned())], Vec::new()),
            (7 | 14 | 21, 1 | 2) => Reply::text(500, "not now"),
            (5, 1) => Reply::Never,
            (20, _) => Reply::text(503, "never"),
            (12, _) => Reply::text(404, "unknown"),
            _ => Reply::text(200, &format!("{{\"city\":\"{}\"}}", ["Bern", "Lyon", "Oslo"][id as usize % 3])),
        }
    })
}

#[test]
fn enrich_http_outlives_the_moods_of_the_service() {
    const TOKEN: &str = "s3cret-t0ken-of-the-test";
    let example = Example::new("enrich-http");
    let server = customers_service(TOKEN);
    let api = format!("api={}", server.url(""));
    let summary = example.run_with(0, &["-p", &api], &[("CUSTOMERS_TOKEN", TOKEN)]);
    // 1 + 3 * 2 + 1 + 3 further attempts of customers 10; 7, 14, 21; 5; 20.
    check_counters(&summary, "enrich", &[("total", 30), ("successes", 28), ("skipped", 1), ("failures", 1)]);
    assert_eq!(server.requests().len(), 30 + 1 + 3 * 2 + 1 + 3);
    assert!(!summary.to_string().contains(TOKEN));
}

#[test]
fn word_count_counts_sorts_and_takes() {
    let example = Example::new("word-count");
    let summary = example.run(0, &[]);
    check_counters(&summary, "top", &[("total", 10), ("successes", 10)]);
    example.check_outputs();
}

#[test]
fn every_example_passes_check_without_a_warning() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let output = Command::new(crate::project::binary())
        .args(["check", "--deny-warnings"])
        .arg(examples)
        .output()
        .expect("flowrun starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Whether a program is there that not every machine has; where all are to be, it must.
fn has_program(name: &str) -> bool {
    let is_there = std::process::Command::new(name).arg("--version").output().is_ok();
    assert!(is_there || std::env::var_os("FLOWRUN_EDITORS").is_none(), "there is no `{name}`");
    is_there
}

#[test]
fn programs_in_every_language_write_the_same() {
    for language in ["python", "python-plain", "node", "jq", "rust"] {
        if let Some(example) = program_example(language) {
            example.run(0, &[]);
            example.check_outputs();
        }
    }
}
