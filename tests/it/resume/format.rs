//! These tests cover runs as they lie on the disk: kept in format 1, kept by a newer flowrun, and without their database.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Ran;
use crate::project::Project;

/// The run of format 1 that is kept with the tests.
const OLD: &str = "1sjcb9v0rsb";

fn fixture() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format1")
}

/// A project with that run, and the pipeline and items that it is of.
fn old() -> Project {
    let text = |name: &str| fs::read(fixture().join(name)).expect("kept with the tests");
    let mut project =
        Project::new().file("pipeline.yaml", text("pipeline.yaml")).file("in.jsonl", text("in.jsonl"));
    let mut open = vec![fixture().join(OLD)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("readable").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(fixture()).expect("below it").display().to_string();
            let bytes = fs::read(&path).expect("readable");
            project = match name.strip_suffix("run.db.zst") {
                Some(folder) => {
                    let database = zstd::stream::decode_all(bytes.as_slice()).expect("zstd");
                    project.file(&format!(".flowrun/runs/{folder}run.db"), database)
                }
                None => project.file(&format!(".flowrun/runs/{name}"), bytes),
            };
        }
    }
    project
}

#[test]
fn a_run_of_format_1_is_shown_and_resumed() {
    let project = old();
    let shown = project.run(&["show"]).ok().stdout;
    for part in [
        "run 1sjcb9v0rsb · old · failed",
        "8 items · 5 ok · 1 skipped · 2 failed (71.43 %, needed 50 %) · 2 retried",
        "10 items · 9 ok · 1 failed (90 %, needed 100 %)",
        "pipeline.yaml:15 hopeless",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let results = |step: &str| -> Vec<String> {
        let shown = project.run(&["show", OLD, step, "--results", "--format", "jsonl"]).ok();
        shown.stdout.lines().map(str::to_owned).collect()
    };
    assert_eq!(results("named")[0], r#"{"index":1,"key":"k1","value":{"name":"item 1"}}"#);
    let key = "3a56eb314fc879d2054bf8bf263aa10c";
    assert_eq!(results("twice")[0], format!(r#"{{"index":1,"key":"{key}","value":[1,10]}}"#));
    let resumed = Ran::of(&project, &["resume", OLD]);
    assert_eq!(resumed.summary.code, 1, "{}", resumed.summary.stderr);
    for (step, said) in [
        ("work", "reused 6, redone 2 (failed before)"),
        ("named", "reused 5, redone 0"),
        ("twice", "reused 5, redone 0"),
        ("large", "reused 5, redone 0"),
        ("large_ones", "reused 9, redone 1 (failed before)"),
    ] {
        assert_eq!(resumed.said(step), said);
    }
    assert_eq!(project.read("out.jsonl"), fs::read_to_string(fixture().join("out.jsonl")).expect("text"));
    assert_eq!(project.run(&["resume", OLD, "--keep-permanent"]).code, 1);
}

/// All that commands say of a run on standard output.
fn said(project: &Project) -> Vec<String> {
    let mut said = Vec::new();
    for args in [&["show"][..], &["show", "--failed"], &["show", "latest", "work", "--results"]] {
        for format in ["text", "json", "jsonl", "csv"] {
            said.push(project.run(&[args, &["--format", format]].concat()).ok().stdout);
        }
    }
    let runs: Vec<Value> =
        serde_json::from_str(&project.run(&["runs", "--format", "json"]).ok().stdout).expect("a list");
    said.extend(runs.into_iter().map(|mut run| {
        run["size"].take();
        run.to_string()
    }));
    // The one thing that a report says more is that the database is missing.
    let page = project.run(&["report"]).ok().stdout;
    let (before, notices) = page.split_once("<h3>Notices</h3>").unwrap_or((&page, ""));
    let after = notices.split_once("</ul>\n").map_or("", |(_, after)| after);
    said.extend(before.lines().chain(after.lines()).map(str::to_owned));
    said
}

#[test]
fn a_run_without_its_database_says_what_it_said_before_and_is_resumed_alike() {
    let project = old();
    // The same in this format.
    fs::remove_dir_all(project.path(".flowrun")).expect("ours");
    assert_eq!(project.run(&["pipeline.yaml", "-q"]).code, 1);
    let before = said(&project);
    let run =
        fs::read_dir(project.path(".flowrun/runs")).expect("kept").flatten().next().expect("a run").path();
    fs::remove_file(run.join("run.db")).expect("it is over");
    let after = said(&project);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(after, before);
    }
    assert_eq!(after.len(), before.len());
    let resumed = Ran::of(&project, &["resume", "--keep-permanent"]);
    assert_eq!(resumed.summary.code, 1, "{}", resumed.summary.stderr);
    assert_eq!(resumed.said("work"), "reused 7, redone 1 (failed before)");
    assert_eq!(resumed.said("large_ones"), "reused 9, redone 1 (failed before)");
    assert!(run.join("run.db").exists(), "it is put in order");
}

#[test]
fn what_a_newer_flowrun_has_kept_is_refused_in_words() {
    let project = old();
    let database = project.path(&format!(".flowrun/runs/{OLD}/run.db"));
    let number = |format: i64| {
        let connection = rusqlite::Connection::open(&database).expect("a database");
        connection.pragma_update(None, "user_version", format).expect("room");
    };
    number(3);
    let expect = format!("run `{OLD}` was kept by a newer flowrun (format 3); this one reads up to 2");
    for args in [&["show"][..], &["resume"], &["resume", OLD], &["report"]] {
        let ran = project.run(args);
        assert!(ran.code == 2 && ran.stderr.contains(&expect), "{args:?}: {} {}", ran.code, ran.stderr);
    }
    // Others can be listed and removed beside it.
    let listed = project.run(&["runs"]).ok();
    assert!(listed.stderr.contains(&expect), "{}", listed.stderr);
    project.run(&["runs", "prune", "--keep", "0"]).ok();
    assert!(database.exists());
    // A run of its own has nothing to do with it.
    assert_eq!(project.run(&["pipeline.yaml", "-q"]).code, 1);
    number(0);
    project.run(&["show", OLD]).ok();
}
