//! These tests cover files as sources: how many rows there must be, and what is said of files that are not there. Through the
//! real binary.

use std::fs;

use crate::project::{Project, Summary};

/// A source written as `read`, and a writer that would replace `out.jsonl`.
fn copying(read: &str) -> Project {
    Project::with(&format!("steps:\n  rows: {read}\n  save: {{ from: rows, write: out.jsonl }}\n"))
        .file("out.jsonl", "\"old\"\n")
}

/// Why the source failed; nothing was written then.
#[track_caller]
fn failure(project: &Project, args: &[&str]) -> String {
    let summary = project.json(args);
    assert_eq!((summary.code, summary.status("rows")), (1, "failed"), "{}", summary.value);
    assert_eq!(project.read("out.jsonl"), "\"old\"\n", "good output is not replaced");
    reason(&summary)
}

fn reason(summary: &Summary) -> String {
    summary.step("rows")["reason"].as_str().expect("a reason").to_owned()
}

#[test]
fn a_pattern_without_a_file_fails_and_replaces_nothing() {
    let none = "no file matches `in*.jsonl`; `min_items: 0` allows that";
    assert_eq!(failure(&copying("{ read: 'in*.jsonl' }"), &[]), none);
    assert_eq!(failure(&copying("{ glob: 'in*.jsonl' }"), &[]), none);
    assert_eq!(
        failure(&copying("{ read: 'report[1].jsonl' }"), &["--limit", "5"]),
        "there is no file `report[1].jsonl`, and as a pattern it matches none; `min_items: 0` allows that"
    );
    for read in [
        "{ read: { path: 'in*.jsonl', min_items: 0 } }",
        "{ glob: { pattern: 'in*.jsonl', min_items: 0 } }",
        "{ read: { path: \"${{ 'in*' }}.jsonl\", min_items: \"${{ 0 }}\" } }",
    ] {
        let project = copying(read);
        let ran = project.run(&["pipeline.yaml", "--no-state"]).ok();
        assert!(ran.stderr.contains("warning: no file matches `in*.jsonl`"), "{}", ran.stderr);
        assert_eq!(project.read("out.jsonl"), "");
    }
}

#[test]
fn a_file_whose_name_looks_like_a_pattern_is_read() {
    let project = copying("{ read: 'report[1].jsonl' }").file("report[1].jsonl", "1\n");
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    assert_eq!(project.read("out.jsonl"), "1\n");
    // It stands for itself, and one file may be empty.
    let project = project.file("report[1].jsonl", "");
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    assert_eq!(project.read("out.jsonl"), "");
}

#[test]
fn fewer_rows_than_asked_for_fail_the_source() {
    let project = |min: &str| copying(&format!("{{ read: {{ path: 'in*.jsonl'{min} }} }}"));
    let empty = project("").file("in1.jsonl", "").file("in2.jsonl", "\n");
    assert_eq!(failure(&empty, &[]), "0 rows in all, `min_items` is 1; `min_items: 0` allows that");
    let four = |min| project(min).ids("in1.jsonl", 1).ids("in2.jsonl", 3);
    let three = "4 rows in all, `min_items` is 5";
    assert_eq!(failure(&four(", min_items: 5"), &[]), three);
    assert_eq!(failure(&four(", min_items: 5"), &["--limit", "5"]), three);
    assert_eq!(four(", min_items: 5").json(&["--limit", "4"]).code, 0, "the limit ended the reading");
    assert_eq!(four(", min_items: 4").json(&[]).code, 0);
    let one = copying("{ read: { path: in.jsonl, min_items: 1, min_success_ratio: 0 } }");
    assert_eq!(failure(&one.file("in.jsonl", ""), &[]), "0 rows in all, `min_items` is 1");
    let input =
        "steps:\n  rows: { read: { path: '-', min_items: 1 } }\n  save: { from: rows, write: out.jsonl }\n";
    assert_eq!(reason(&Project::with(input).json(&[])), "0 rows in all, `min_items` is 1");
}

#[test]
fn rows_are_not_counted_where_a_take_ended_the_reading() {
    let steps = "steps:\n  rows: { read: { path: in.jsonl, min_items: 9 } }\n  few: { from: rows, take: 2 }\n  save: { from: few, write: out.jsonl }\n";
    let project = Project::with(steps).ids("in.jsonl", 4);
    assert_eq!(project.json(&[]).code, 0);
    assert_eq!(project.read("out.jsonl").lines().count(), 2);
    let project = project.ids("in.jsonl", 1);
    assert_eq!(reason(&project.json(&[])), "1 row in all, `min_items` is 9");
}

#[cfg(unix)]
#[test]
fn files_that_cannot_be_listed_are_failed_items_of_glob() {
    let steps = |policy: &str| {
        Project::with(&format!(
            "steps:\n  rows: {{ glob: {{ pattern: 'in/*'{policy} }} }}\n  names: {{ from: rows, map: return item.name }}\n  \
             save: {{ from: names, write: out.jsonl }}\n  bad: {{ from: rows.failed, write: bad.jsonl }}\n"
        ))
        .file("in/a.txt", "a")
        .file("in/z.txt", "z")
    };
    let broken = |project: Project| {
        use std::os::unix::ffi::OsStrExt as _;
        std::os::unix::fs::symlink("nowhere", project.path("in/b.txt")).expect("a link can be made");
        let name = std::ffi::OsStr::from_bytes(b"c\xFF.txt");
        fs::write(project.path("in").join(name), "").expect("a file can be written");
        project
    };
    let project = broken(steps(", min_success_ratio: 0.5"));
    let summary = project.json(&[]);
    assert_eq!((summary.code, summary.counts("rows")), (0, [2, 2, 0, 0]), "{}", summary.value);
    assert_eq!(project.read("out.jsonl"), "\"a.txt\"\n\"z.txt\"\n");
    let bad = project.read("bad.jsonl");
    assert!(bad.contains("cannot look at the file") && bad.contains("the file's name is not UTF-8"), "{bad}");
    assert_eq!(broken(steps(", max_failures: 1, min_success_ratio: 0")).json(&[]).code, 1);
    assert_eq!(broken(steps("")).json(&[]).status("rows"), "failed");
}
