//! These tests cover runs of one pipeline that differ in their parameters: how they are told apart, and which one is
//! meant.

use serde_json::{Value, json};

use crate::project::Project;

/// A pipeline that fails where `bad` is asked for.
const DAILY: &str = "name: daily
params:
  size: 224
  title: { type: string, default: two words }
  day: { type: string, required: true }
secrets:
  token: { env: TOKEN }
steps:
  in: { items: [1, 2] }
  work:
    from: in
    map: |
      if params.day == 'bad' then error('no') end
      return { day = params.day, n = item }
  out: { from: work, write: 'out/${{ params.day }}.jsonl' }
";

fn run(project: &Project, args: &[&str]) -> i32 {
    let output = project.command(args).env("TOKEN", "hush-hush-1").output().expect("the binary runs");
    output.status.code().unwrap_or(-1)
}

fn json_of(project: &Project, args: &[&str]) -> Value {
    serde_json::from_str(&project.run(args).ok().stdout).expect("JSON")
}

#[test]
fn runs_are_told_apart_by_their_parameters() {
    let project = Project::with(DAILY);
    for (day, code) in [("2026-11-01", 0), ("bad", 1), ("2026-11-03", 0)] {
        assert_eq!(run(&project, &["pipeline.yaml", "-q", "-p", &format!("day={day}")]), code, "{day}");
    }
    let listed = json_of(&project, &["runs", "--format", "json"]);
    let days: Vec<&Value> =
        listed.as_array().expect("a list").iter().map(|run| &run["params"]["day"]).collect();
    assert_eq!(days, ["2026-11-03", "bad", "2026-11-01"]);
    let params = json!({"size": 224, "title": "two words", "day": "2026-11-03"});
    assert_eq!(listed[0]["params"], params);
    let table = project.run(&["runs"]).ok().stdout;
    assert!(table.contains("day=2026-11-01 size=224 title='two words'"), "{table}");
    assert_eq!(json_of(&project, &["show", "--format", "json"])["params"], params);
    let shown = project.run(&["show"]).ok().stdout;
    assert_eq!(shown.lines().nth(1), Some("  day=2026-11-03 size=224 title='two words'"), "{shown}");
    let page = project.run(&["report"]).ok().stdout;
    assert!(page.contains("day <code>&quot;2026-11-03&quot;</code>"), "{}", &page[..4000]);
}

#[test]
fn the_result_has_the_parameters_and_no_secret() {
    let project = Project::with(DAILY);
    let args = ["pipeline.yaml", "--output", "json", "-p", "day=hush-hush-1", "--set", "out.write=o.jsonl"];
    let ran = project.command(&args).env("TOKEN", "hush-hush-1").output().expect("it runs");
    let summary: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    assert_eq!(summary["params"], json!({"size": 224, "title": "two words", "day": "***"}));
    for args in
        [&["runs"][..], &["runs", "--format", "json"], &["show"], &["show", "--format", "json"], &["report"]]
    {
        let told = project.run(args).ok().stdout;
        assert!(told.contains("***") && !told.contains("hush-hush"), "{args:?}: {told}");
    }
}

#[test]
fn a_pipeline_file_in_the_place_of_a_run_means_its_latest() {
    let other = "name: other\nsteps: { a: { items: [1] }, w: { from: a, write: o.jsonl } }\n";
    let project = Project::with(DAILY).file("other.yaml", other).file("sub/x", "");
    run(&project, &["pipeline.yaml", "-q", "-p", "day=2026-11-01"]);
    project.run(&["other.yaml", "-q"]).ok();
    let pipeline = |args: &[&str]| json_of(&project, args)["pipeline"].clone();
    assert_eq!(pipeline(&["show", "latest", "--format", "json"]), "other");
    assert_eq!(pipeline(&["show", "pipeline.yaml", "--format", "json"]), "daily");
    assert_eq!(pipeline(&["show", "other.yaml", "--format", "json"]), "other");
    let below = crate::project::command_in(&project.path("sub"), &["show", "../pipeline.yaml", "work"]);
    let below = { below }.output().expect("it runs");
    assert!(String::from_utf8_lossy(&below.stdout).contains("2 items · 2 ok"), "{below:?}");
    assert!(project.run(&["report", "pipeline.yaml"]).ok().stdout.contains("<h1>daily"));
    let none = project.run(&["show", "none.yaml"]);
    assert_eq!(none.code, 2);
    assert!(none.stderr.contains("no run of `none.yaml` is kept in `.flowrun`"), "{}", none.stderr);
}
