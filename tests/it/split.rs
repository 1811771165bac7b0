//! These tests cover `write` with `{key}` and `{part}` in its path.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::project::Project;

const PIPELINE: &str = "steps:
  rows: { read: in.jsonl }
  save:
    from: rows
    write: { path: 'out/{key}/{part:03}.jsonl', by: item.kind, rows: 2 }
";

/// What lies below `out`, but for the manifest.
fn files(project: &Project) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![project.path("out")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.path().strip_prefix(project.path("out")).expect("below").display().to_string();
            match entry.path().is_dir() {
                true => folders.push(entry.path()),
                false if name == ".flowrun-files.json" => {}
                false => drop(found.insert(name, fs::read_to_string(entry.path()).unwrap_or_default())),
            }
        }
    }
    found
}

fn names(project: &Project) -> Vec<String> {
    files(project).into_keys().collect()
}

#[test]
fn items_go_to_the_files_of_their_keys_and_the_next_run_takes_old_ones_away() {
    let rows = "{\"kind\":\"a\",\"n\":1}\n{\"kind\":1,\"n\":2}\n{\"kind\":\"1\",\"n\":3}\n{\"kind\":true,\"n\":4}\n\
                {\"kind\":\"1\",\"n\":5}\n{\"kind\":\"../x\",\"n\":6}\n{\"kind\":\"\",\"n\":7}\n";
    let project = Project::with(PIPELINE).file("in.jsonl", rows).file("out/mine/001.jsonl", "mine");
    let summary = project.json(&[]);
    assert_eq!(summary.code, 0, "{}", summary.stderr);
    let expect = [
        "..%2Fx/001.jsonl",
        "1/001.jsonl",
        "1/002.jsonl",
        "_/001.jsonl",
        "a/001.jsonl",
        "mine/001.jsonl",
        "true/001.jsonl",
    ];
    assert_eq!(names(&project), expect);
    assert_eq!(files(&project)["1/001.jsonl"], "{\"kind\":1,\"n\":2}\n{\"kind\":\"1\",\"n\":3}\n");
    fs::write(project.path("in.jsonl"), "{\"kind\":\"b\",\"n\":1}\n").expect("room");
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(names(&project), ["b/001.jsonl", "mine/001.jsonl"]);
    fs::write(project.path("in.jsonl"), "").expect("room");
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(names(&project), ["mine/001.jsonl"]);
    assert!(!project.has("out/.flowrun-files.json"), "there is nothing to remember");
}

#[test]
fn tables_have_a_header_in_each_part_and_parquet_is_split_too() {
    let path =
        "steps:\n  rows: { read: in.jsonl }\n  save: { from: rows, write: { path: 'PATH', rows: 2 } }\n";
    let project = Project::with(&path.replace("PATH", "out/{part}.csv.gz")).ids("in.jsonl", 3);
    project.run(&["pipeline.yaml"]).ok();
    let back = "steps:\n  rows: { read: 'out/*' }\n  save: { from: rows, write: back.jsonl }\n";
    let project = project.file("back.yaml", back);
    project.run(&["back.yaml"]).ok();
    assert_eq!(project.read("back.jsonl"), "{\"id\":\"1\"}\n{\"id\":\"2\"}\n{\"id\":\"3\"}\n");
    let project = project.file("pipeline.yaml", path.replace("PATH", "out/{part}.parquet"));
    if !cfg!(feature = "parquet") {
        return;
    }
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(names(&project), ["1.parquet", "2.parquet"], "they are the same step's files");
    let project = project.file("back.yaml", back.replace("out/*", "out/*.parquet"));
    project.run(&["back.yaml"]).ok();
    assert_eq!(project.read("back.jsonl"), "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
}

#[test]
fn a_key_that_is_none_fails_the_step_and_leaves_the_old_files() {
    let project = Project::with(PIPELINE).file("in.jsonl", "{\"kind\":\"a\"}\n");
    project.run(&["pipeline.yaml"]).ok();
    for (row, expect) in [
        ("{\"n\":1}", "`by` is nil for item 2; it must be a string, a number or a boolean"),
        ("{\"kind\":{\"x\":1}}", "`by` is a table for item 2"),
        ("{\"kind\":[1]}", "`by` is a list for item 2"),
        ("5", "pipeline.yaml:5"),
    ] {
        fs::write(project.path("in.jsonl"), format!("{{\"kind\":\"b\"}}\n{row}\n")).expect("room");
        let ran = project.run(&["pipeline.yaml"]);
        assert_eq!(ran.code, 1, "{row}: {}", ran.stderr);
        assert!(ran.stderr.contains(expect), "{row}: {}", ran.stderr);
        assert_eq!(names(&project), ["a/001.jsonl"], "{row}");
    }
}

#[test]
fn a_bare_name_as_a_key_that_is_nil_is_told_to_be_a_field() {
    for (by, code, hint) in
        [("kind", 65, "did you mean `item.kind`?"), ("item.k", 1, "or a boolean"), ("nil", 1, "or a boolean")]
    {
        let text = format!(
            "steps:\n  rows: {{ read: in.jsonl }}\n  save: {{ from: rows, write: {{ path: 'out/{{key}}.jsonl', by: {by} }} }}\n"
        );
        let ran = Project::with(&text).file("in.jsonl", "{\"kind\":\"a\"}\n").run(&["pipeline.yaml"]);
        assert_eq!(ran.code, code, "{by}: {}", ran.stderr);
        assert!(ran.stderr.contains(hint), "{by}: {}", ran.stderr);
        assert_eq!(
            ran.stderr.contains("did you mean"),
            hint.contains("did you mean"),
            "{by}: {}",
            ran.stderr
        );
    }
}

#[test]
fn what_does_not_fit_together_is_found_before_anything_runs() {
    for (write, line) in [
        ("'out/{key}.jsonl'", "add `by`"),
        ("{ path: out.jsonl, by: item.kind }", "`path` has no `{key}`"),
        ("{ path: 'out/{part}.jsonl' }", "add `rows` or `bytes`"),
        ("{ path: 'out/{key}.jsonl', by: item.kind, rows: 5 }", "`path` has no `{part}`"),
        ("{ path: 'out/{part:5}.jsonl', rows: 5 }", "`{part:05}` for five digits"),
        ("{ path: 'out/{key}.jsonl', by: item. }", "flowrun::lua_syntax"),
        ("{ path: 'out/{key}.xyz', by: item.kind }", "flowrun::unknown_format"),
        ("{ path: '{key}.jsonl', by: item.kind }", "writes over"),
        ("{ path: '{key}.yaml', format: jsonl, by: item.kind }", "writes over the pipeline file"),
    ] {
        let text =
            format!("steps:\n  rows: {{ read: in.jsonl }}\n  save:\n    from: rows\n    write: {write}\n");
        let ran = Project::with(&text).ids("in.jsonl", 1).run(&["pipeline.yaml"]);
        assert_eq!(ran.code, 65, "{write}: {}", ran.stderr);
        assert!(
            ran.stderr.contains(line) && ran.stderr.contains("pipeline.yaml:5"),
            "{write}: {}",
            ran.stderr
        );
    }
    let both = "steps:\n  rows: { items: [1] }\n  one: { from: rows, write: { path: 'out/{key}.jsonl', by: item } }\n  \
                two: { from: rows, write: out/two.jsonl }\n";
    let ran = Project::with(both).run(&["check", "pipeline.yaml"]);
    assert!(ran.code == 65 && ran.stderr.contains("may write one file"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn plan_and_preview_tell_of_parts_and_write_none() {
    let project = Project::with(PIPELINE).file("in.jsonl", "{\"kind\":\"a\"}\n");
    let ran = project.run(&["plan", "pipeline.yaml"]).ok();
    assert!(ran.stdout.contains("a file for each key and 2 items"), "{}", ran.stdout);
    for (most, expect) in [
        ("rows: 1, bytes: 1MB", "a file for each item\n"),
        ("rows: 5, bytes: 1MB", "a file for each key and 5 items or 1MB\n"),
        ("bytes: 1MB", "a file for each key and 1MB\n"),
    ] {
        let text = format!(
            "steps:\n  rows: {{ read: in.jsonl }}\n  save: {{ from: rows, write: {{ path: 'out/{{key}}/{{part}}.jsonl', by: \
             item.kind, {most} }} }}\n"
        );
        let project = Project::with(&text).file("in.jsonl", "{\"kind\":\"a\"}\n");
        let ran = project.run(&["plan", "pipeline.yaml"]).ok();
        assert!(ran.stdout.contains(expect), "{most}: {}", ran.stdout);
    }
    project.run(&["preview", "pipeline.yaml", "save"]).ok();
    assert!(!project.has("out"));
}

#[test]
fn a_run_that_is_killed_at_any_moment_leaves_old_files_new_files_or_what_the_next_run_finishes() {
    let rows = |count: u32| -> String {
        let row = |n: u32| format!("{{\"kind\":\"k{}\",\"n\":{n}}}\n", n % (count / 10));
        (0..count).map(row).collect::<Vec<_>>().concat()
    };
    let project = Project::with(PIPELINE).file("in.jsonl", rows(300)).file("out/k1/mine", "mine");
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    let old = files(&project);
    fs::write(project.path("in.jsonl"), rows(1000)).expect("room");
    for delay in [5, 20, 40, 60, 80, 100, 120, 140, 170, 200] {
        let mut child = project
            .command(&["pipeline.yaml", "--no-state"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        std::thread::sleep(Duration::from_millis(delay));
        let _ = child.kill();
        let _ = child.wait();
        assert_eq!(files(&project)["k1/mine"], "mine");
        for name in old.keys() {
            let is_there = project.has(&format!("out/{name}"));
            assert!(is_there || project.has("out/.flowrun-files.json"), "{name} after {delay} ms");
        }
    }
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    let found = files(&project);
    assert_eq!((found.len(), &*found["k1/mine"]), (501, "mine"));
    let items: usize =
        found.values().map(|text| text.lines().filter(|line| line.starts_with('{')).count()).sum();
    assert_eq!(items, 1000);
}
