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
fn a_folder_in_the_place_of_a_file_is_told_before_anything_runs() {
    let project = copying("{ read: data/ }").file("data/a.csv", "a\n1\n");
    let ran = project.run(&["pipeline.yaml", "--no-state"]);
    let expect = ["`data/` is a folder", "read its files with a pattern such as `data/*.csv`"];
    assert!(ran.code == 65 && expect.iter().all(|text| ran.stderr.contains(text)), "{}", ran.stderr);
}

#[test]
fn a_document_that_is_an_object_is_one_item() {
    let project =
        copying("{ read: in.json }").file("in.json", "{\n  \"name\": \"x\",\n  \"rows\": [1, 2.50]\n}\n");
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    assert_eq!(project.read("out.jsonl"), "{\"name\":\"x\",\"rows\":[1,2.50]}\n");
    let missing =
        copying("{ read: { path: in.json, at: items } }").file("in.json", "{\"data\":\n{\"rows\": [1]}}");
    let said = "in.json:2: the document has no `items`; it has `data`; there is a list at `data.rows`";
    assert_eq!(failure(&missing, &[]), said);
}

#[test]
fn a_name_like_a_pattern_that_matches_other_files_is_told() {
    let steps = "steps:
  rows: { read: 'data/report[12].jsonl' }
  listed: { glob: 'data/{a,b}.txt' }
  save: { from: [rows, listed], write: out.jsonl }
  again: { from: rows, write: again.jsonl }
";
    let project = Project::with(steps)
        .file("data/report[12].jsonl", "0\n")
        .file("data/report1.jsonl", "1\n")
        .file("data/report2.jsonl", "2\n")
        .file("data/{a,b}.txt", "")
        .file("data/b.txt", "");
    let ran = project.run(&["pipeline.yaml", "--no-state"]).ok();
    let rows = "warning: `data/report[12].jsonl` is a file and read as one; as a pattern it would match `data/report1.jsonl` and 1 more";
    let listed =
        "warning: `data/{a,b}.txt` is a file and read as one; as a pattern it would match `data/b.txt`";
    for notice in [rows, listed] {
        assert_eq!(ran.stderr.matches(notice).count(), 1, "{}", ran.stderr);
    }
    assert_eq!(project.read("again.jsonl"), "0\n");
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

/// Reads the files of `in` through a cached step, behind a step that gives them on as they are.
fn cached_files(by: &str) -> Project {
    Project::with(&format!(
        "steps:\n  files: {{ glob: {{ pattern: 'in/*.txt'{by} }} }}\n  some: {{ from: files, filter: item.size > 0 }}\n  \
         work:\n    from: some\n    map: {{ cache: true, lua: \"return {{ n = item.name, text = fs.read(item.path) }}\" }}\n  \
         save: {{ from: work, write: out.jsonl }}\n"
    ))
    .file("in/a.txt", "a")
    .file("in/b.txt", "b")
}

/// How many results of `work` were taken over.
#[track_caller]
fn reused(project: &Project, args: &[&str]) -> u64 {
    let summary = project.json(args);
    assert_eq!(summary.code, 0, "{}", summary.value);
    summary.step("work")["reuse"]["reused"].as_u64().unwrap_or_default()
}

fn touch(project: &Project, name: &str) {
    let file = fs::File::options().write(true).open(project.path(name)).expect("it is there");
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(9)).expect("ours");
}

#[test]
fn files_are_known_by_their_place_and_time_or_by_their_bytes() {
    let project = cached_files("");
    assert_eq!(reused(&project, &[]), 0);
    assert_eq!(reused(&project, &[]), 2);
    touch(&project, "in/a.txt");
    assert_eq!(reused(&project, &[]), 1);
    let project = cached_files(", by: content");
    assert_eq!(reused(&project, &[]), 0);
    touch(&project, "in/a.txt");
    assert_eq!(reused(&project, &[]), 2);
    let project = project.file("in/a.txt", "x");
    assert_eq!(reused(&project, &[]), 1);
    assert!(project.read("out.jsonl").starts_with("{\"n\":\"a.txt\",\"text\":\"x\"}\n"));
}

#[test]
fn a_project_may_move() {
    let project = cached_files(", by: content");
    reused(&project, &[]);
    let moved = Project::with(&project.read("pipeline.yaml")).file("in/a.txt", "a").file("in/b.txt", "b");
    let from = project.path(".flowrun").display().to_string();
    assert_eq!(reused(&moved, &["--state-dir", &from]), 2);
}

#[test]
fn a_changed_file_is_a_changed_item_of_a_resumed_run() {
    let text = cached_files("").read("pipeline.yaml").replace("cache: true, ", "");
    let project = Project::with(
        &text.replace("item.size > 0", "if item.name == 'c.txt' then error('no') end return true"),
    );
    let project = project.file("in/a.txt", "a").file("in/b.txt", "b");
    let project = project.file("in/c.txt", "c");
    assert_eq!(project.json(&[]).code, 1);
    fs::remove_file(project.path("in/c.txt")).expect("it is there");
    touch(&project, "in/b.txt");
    let ran = project.run(&["resume", "latest", "--output", "json"]).ok();
    let value: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let some =
        value["steps"].as_array().expect("steps").iter().find(|step| step["id"] == "some").expect("there");
    assert_eq!((&some["reuse"]["reused"], &some["reuse"]["redone"]), (&1.into(), &1.into()), "{some}");
    assert!(some.to_string().contains("item changed"), "{some}");
}

#[test]
fn a_ratio_out_of_reach_stops_a_step_before_its_source_is_read() {
    let project = Project::with(
        "steps:\n  rows: { read: in*.jsonl }\n  work:\n    from: rows\n    map: { concurrency: 1, stop_early: true, min_success_ratio: 0.5, \
         lua: \"time.sleep(0.01) error('no')\" }\n  save: { from: work, write: out.jsonl }\n",
    )
    .ids("in1.jsonl", 100)
    .ids("in2.jsonl", 100);
    let summary = project.json(&["--no-state"]);
    assert_eq!(summary.code, 1);
    assert_eq!(summary.counts("work"), [0, 101, 0, 99], "{}", summary.value);
    assert!(
        summary.step("work")["reason"].to_string().contains("(stopped: stop_early)"),
        "{}",
        summary.value
    );
}

#[test]
fn events_tell_how_far_a_source_is() {
    let project = Project::with(
        "steps:\n  rows: { read: in.jsonl }\n  work: { from: rows, map: { concurrency: 1, lua: time.sleep(0.02) return item } }\n  \
         save: { from: work, write: out.jsonl }\n",
    )
    .file("in.jsonl", "1\n".repeat(40));
    project.run(&["pipeline.yaml", "--no-state", "-q", "--events", "events.jsonl"]).ok();
    let events = project.read("events.jsonl");
    let told = |step: &str| {
        let mut all = events.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        all.rfind(|event: &serde_json::Value| event["event"] == "progress" && event["step"] == step)
    };
    assert_eq!(told("work").expect("it takes a while")["read"]["of"], 80);
    assert_eq!(told("rows").expect("it is read meanwhile")["read"]["of"], 80, "{events}");
}

#[test]
fn a_list_inside_of_a_document_is_a_source() {
    let document = "{\"meta\": {\"n\": 3},\n \"data\": [{\"rows\": [1,\n {\"a\": 2}, 3]}]}";
    let at = |path: &str| {
        copying(&format!("{{ read: {{ path: in.json, at: '{path}' }} }}")).file("in.json", document)
    };
    let project = at("data[0].rows");
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    assert_eq!(project.read("out.jsonl"), "1\n{\"a\":2}\n3\n");
    assert_eq!(
        failure(&at("data[0].items"), &[]),
        "in.json:3: `data[0]` has no `items`; it has `rows`; there is a list at `data`"
    );
    let checked = |project: &Project| project.run(&["check", "pipeline.yaml", "--format", "json"]).stdout;
    let said = checked(&at("data..rows"));
    assert!(
        said.contains("bad_option") && said.contains("`data..rows` is no path such as `features`"),
        "{said}"
    );
    let lines = copying("{ read: { path: in.jsonl, at: rows } }");
    assert!(checked(&lines).contains("`at` has no effect on `jsonl`"), "{}", checked(&lines));
}

#[test]
fn a_file_that_is_broken_fails_its_source_whatever_rows_may_be_bad() {
    let read = |name: &str| copying(&format!("{{ read: {{ path: {name}, min_success_ratio: 0 }} }}"));
    let array = read("in.json").file("in.json", "[1,\n{\"a\":\n[2\n");
    assert_eq!(failure(&array, &[]), "in.json:2: the file ends within an element");
    let mut packed = zstd::encode_all("1\n2\n".repeat(100).as_bytes(), 1).expect("memory");
    packed.truncate(packed.len() - 3);
    let archive = read("in.jsonl.zst").file("in.jsonl.zst", packed);
    let said = failure(&archive, &[]);
    assert!(said.ends_with("cannot decompress: the zstd data ends too early; the file is cut off"), "{said}");
    assert!(said.starts_with("in.jsonl.zst:"), "{said}");
}
