//! Runs of shards are told apart: while they run, afterwards, and where there is nothing more to do.

use serde_json::Value;

use super::{gather, rows, shard, shards};
use crate::project::Project;

fn failing() -> Project {
    Project::with(
        "steps:\n  in: { read: in.jsonl }\n  out: { from: in, map: { min_success_ratio: 0.5, lua: \"if item.n == 3 then error('no') end return item\" } }\n",
    )
    .file("in.jsonl", rows(12))
}

fn runs(project: &Project, folder: &str) -> Vec<Value> {
    let listed = project.run(&["runs", "--state-dir", folder, "--format", "json"]).ok().stdout;
    serde_json::from_str(&listed).expect("a list")
}

#[test]
fn a_shard_says_nothing_of_what_is_needed() {
    let project = failing();
    let ran = project.run(&["run", "pipeline.yaml", "--shard", "1/2", "--state-dir", "s1"]).ok();
    assert!(ran.stderr.contains("6 items · 5 ok · 1 failed (83.33 %)"), "{}", ran.stderr);
    let shown = project.run(&["show", "--state-dir", "s1"]).ok().stdout;
    assert!(shown.contains("1 failed (83.33 %)") && !shown.contains("needed"), "{shown}");
    shard(&project, 2, 2, &[]).ok();
    let ran = gather(&project, 2, &[]).ok();
    assert!(ran.stderr.contains("1 failed (91.67 %, needed 50 %)"), "{}", ran.stderr);
}

#[test]
fn runs_and_show_say_which_shard_it_is() {
    let project = failing();
    shards(&project, 2, &[]);
    let listed = project.run(&["runs", "--state-dir", "s2"]).ok().stdout;
    assert!(listed.contains("  succeeded (shard 2/2)  "), "{listed}");
    assert_eq!(runs(&project, "s2")[0]["shard"], "2/2");
    let shown = project.run(&["show", "--state-dir", "s2"]).ok().stdout;
    assert!(shown.lines().next().is_some_and(|head| head.contains(" · succeeded · shard 2/2 · ")), "{shown}");
    let json = project.run(&["show", "--state-dir", "s2", "--format", "json"]).ok().stdout;
    assert_eq!(serde_json::from_str::<Value>(&json).expect("an object")["shard"], "2/2");
    let gathered = gather(&project, 2, &["--output", "json"]).ok();
    assert!(gathered.stderr.contains("reused 12 from 2 shards, redone 0"), "{}", gathered.stderr);
    let summary: Value = serde_json::from_str(&gathered.stdout).expect("an object");
    assert_eq!(summary["steps"][1]["reuse"]["shards"], 2, "{summary}");
    let shown = project.run(&["show"]).ok().stdout;
    assert!(shown.contains("reused 12 from 2 shards, redone 0") && !shown.contains(" shard "), "{shown}");
    assert_eq!(runs(&project, ".flowrun")[0]["shard"], Value::Null);
}

#[test]
fn a_shard_that_is_done_is_not_run_once_more() {
    let project = failing();
    shards(&project, 2, &[]);
    let resume = |folder: &str, more: &[&str]| {
        let id = runs(&project, folder)[0]["run"].as_str().expect("text").to_owned();
        project.run(&[&["resume", &id, "--state-dir", folder], more].concat()).ok()
    };
    let ran = resume("s2", &[]);
    assert!(ran.stderr.contains("nothing to resume: run "), "{}", ran.stderr);
    assert!(ran.stderr.contains("is shard 2/2; `flowrun gather pipeline.yaml D…`"), "{}", ran.stderr);
    assert_eq!(runs(&project, "s2").len(), 1);
    // What failed is run again, and so is a shard that is not the same any more.
    let ran = resume("s1", &[]);
    assert!(ran.stderr.contains("reused 5, redone 1 (failed before)"), "{}", ran.stderr);
    resume("s2", &["--set", "out.min_success_ratio=0.4", "-q"]);
    assert_eq!(runs(&project, "s2").len(), 2);
    let project = project.file("in.jsonl", rows(11) + "{\"n\":13}\n");
    let id = runs(&project, "s2")[0]["run"].as_str().expect("text").to_owned();
    let ran = project.run(&["resume", &id, "--state-dir", "s2"]).ok();
    assert!(ran.stderr.contains("reused 5, redone 1"), "{}", ran.stderr);
    // One whose results are damaged is repaired by it.
    let runs_of = |folder: &str| std::fs::read_dir(project.path(folder).join("runs")).expect("runs");
    let newest = runs_of("s2").map(|entry| entry.expect("an entry").path()).max().expect("one");
    let segment = newest.join("steps/out/results-0001.jsonl.zst");
    let mut bytes = std::fs::read(&segment).expect("it is there");
    let at = bytes.len() - 1;
    bytes[at] ^= 1;
    std::fs::write(&segment, bytes).expect("writable");
    let id = newest.file_name().and_then(|id| id.to_str()).expect("an id");
    let ran = project.run(&["resume", id, "--state-dir", "s2"]).ok();
    assert!(ran.stderr.contains("resuming run"), "{}", ran.stderr);
}
