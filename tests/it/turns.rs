//! These tests cover `--lock`: what becomes of a run while another one of the same pipeline is going on.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::project::Project;

/// Waits for a file, and says on standard error that it has begun.
const PIPELINE: &str = "params: { go: go }
steps:
  one: { items: [1] }
  work:
    from: one
    map: |
      while not fs.exists(params.go) do time.sleep(0.01) end
      return item
  save: { from: work, write: out.jsonl }
";

/// A run that is going on until the file `go` is there.
fn begun(project: &Project, args: &[&str]) -> Child {
    let child = project.command(args).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs");
    let until = Instant::now() + Duration::from_secs(30);
    while statuses(project).first().map(String::as_str) != Some("running") {
        assert!(Instant::now() < until, "nothing begins");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

/// How runs stand, the newest first.
fn statuses(project: &Project) -> Vec<String> {
    if !project.has(".flowrun") {
        return Vec::new();
    }
    let ran = project.run(&["runs", "--format", "json"]).ok();
    let list: Vec<Value> = serde_json::from_str(&ran.stdout).expect("a list");
    list.iter().filter_map(|run| run["status"].as_str().map(str::to_owned)).collect()
}

fn let_go(project: &Project, child: Child) {
    std::fs::write(project.path("go"), "").expect("room");
    assert!(child.wait_with_output().expect("it ends").status.success());
}

#[test]
fn a_run_that_is_going_on_is_skipped_or_an_error_and_nothing_else_happens() {
    let project = Project::with(PIPELINE).file("other.yaml", PIPELINE).file("there", "");
    let child = begun(&project, &["pipeline.yaml"]);
    let skipped = project.run(&["pipeline.yaml", "--lock", "skip"]).ok();
    assert!(skipped.stderr.contains("skipped: run ") && skipped.stderr.contains("is going on (process "));
    let failed = project.run(&["pipeline.yaml", "--lock", "fail"]);
    assert_eq!(failed.code, 2, "{}", failed.stderr);
    assert!(
        failed.stderr.contains("error: run ") && failed.stderr.contains("--lock wait"),
        "{}",
        failed.stderr
    );
    let resumed = project.run(&["resume", "pipeline.yaml", "--lock", "fail"]);
    assert_eq!(resumed.code, 2, "{}", resumed.stderr);
    assert_eq!(statuses(&project), ["running"]);
    // Another pipeline, and the default, go on beside it.
    project.run(&["other.yaml", "--lock", "fail", "-q", "-p", "go=there"]).ok();
    project.run(&["pipeline.yaml", "-q", "-p", "go=there"]).ok();
    let_go(&project, child);
    project.run(&["pipeline.yaml", "--lock", "fail", "-q"]).ok();
}

#[test]
fn one_that_waits_begins_when_the_other_has_ended() {
    let project = Project::with(PIPELINE);
    let child = begun(&project, &["pipeline.yaml"]);
    let waiting = project.command(&["pipeline.yaml", "--lock", "wait"]).stderr(Stdio::piped()).spawn();
    let mut waiting = waiting.expect("it runs");
    // It has the turn of those that ask, so a third one is refused although only one run is there.
    let until = Instant::now() + Duration::from_secs(30);
    let mut said = std::io::BufReader::new(waiting.stderr.take().expect("piped"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).expect("text");
    assert!(line.contains("waiting: run ") && Instant::now() < until, "{line}");
    assert_eq!(statuses(&project), ["running"]);
    let_go(&project, child);
    assert!(waiting.wait().expect("it ends").success());
    assert_eq!(statuses(&project), ["succeeded", "succeeded"]);
}

#[test]
fn one_that_waits_can_be_interrupted_and_is_no_run() {
    let project = Project::with(PIPELINE);
    let child = begun(&project, &["pipeline.yaml"]);
    let mut waiting = project
        .command(&["pipeline.yaml", "--lock", "wait"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut said = std::io::BufReader::new(waiting.stderr.take().expect("piped"));
    std::io::BufRead::read_line(&mut said, &mut String::new()).expect("text");
    let id = waiting.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
    assert_eq!(waiting.wait().expect("it ends").code(), Some(130));
    assert_eq!(statuses(&project), ["running"]);
    let_go(&project, child);
}

#[test]
fn what_cannot_wait_is_told() {
    let project = Project::with(PIPELINE);
    let ran = project.run(&["pipeline.yaml", "--lock", "wait", "--no-state"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("`--no-state` keeps none"), "{}", ran.stderr);
    assert_eq!(project.run(&["pipeline.yaml", "--lock", "maybe"]).code, 2);
    let project = project.file("pipeline.yaml", "steps: {}\n");
    assert_eq!(project.run(&["pipeline.yaml", "--lock", "wait"]).code, 65);
}
