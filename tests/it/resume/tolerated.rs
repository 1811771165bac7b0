//! These tests cover what is offered after a run that tolerated failures, and what ends with which exit code where
//! there is nothing to go on with.

use super::{ITEMS, PIPELINE, Ran, ran};
use crate::project::Project;

/// The run that a message names behind `flowrun resume`.
fn named(said: &str) -> String {
    let (_, rest) = said.split_once("`flowrun resume ").unwrap_or_else(|| panic!("{said}"));
    rest.split('`').next().unwrap_or_default().to_owned()
}

#[test]
fn tolerated_failures_are_named_planned_and_run_again() {
    let project = ran(ITEMS);
    for args in [&["resume"][..], &["resume", "pipeline.yaml"]] {
        let said = project.run(args).ok().stderr;
        assert!(said.contains("nothing to resume") && said.contains("tolerated 1 failed item"), "{said}");
    }
    let project = project.file("in.jsonl", ITEMS.replace(",\"bad\":true", ",\"mended\":1"));
    let plan = project.run(&["plan", "pipeline.yaml"]).ok().stdout;
    let run = named(&project.run(&["resume"]).ok().stderr);
    let expect = format!("resume {run}: reused 3, redone 1 (new), 1 dropped (no longer in the source)");
    assert!(plan.contains(&expect), "{expect}\n{plan}");
    let resumed = Ran::of(&project, &["resume", &run]);
    assert_eq!((resumed.called(), resumed.summary.counts("work")), (vec![2], [3, 0, 1, 0]));
    let said = project.run(&["resume"]).ok().stderr;
    assert!(said.contains("nothing to resume") && !said.contains("tolerated"), "{said}");
    assert!(!project.run(&["plan", "pipeline.yaml"]).ok().stdout.contains("resume"));
}

#[test]
fn an_older_run_that_tolerated_failures_is_named_behind_newer_good_ones() {
    let project = ran(ITEMS).file("in.jsonl", "{\"id\":9}\n");
    let first = named(&project.run(&["resume"]).ok().stderr);
    project.run(&["pipeline.yaml", "-q"]).ok();
    assert_eq!(named(&project.run(&["resume"]).ok().stderr)[..6], first[..6]);
    let failing = PIPELINE.replace("min_success_ratio: 0", "min_success_ratio: 1");
    let project = project.file("pipeline.yaml", failing).file("in.jsonl", ITEMS);
    assert_eq!(project.run(&["pipeline.yaml", "-q"]).code, 1);
    assert_eq!(project.run(&["resume", "-q"]).code, 1, "one that failed goes before");
}

#[test]
fn no_run_at_all_is_wrong_usage_and_nothing_to_resume_is_none() {
    let project = Project::with(PIPELINE).file("in.jsonl", "{\"id\":1}\n");
    for args in [&["resume"][..], &["resume", "pipeline.yaml"]] {
        assert_eq!(project.run(args).code, 2, "{args:?}");
    }
    project.run(&["pipeline.yaml", "-q"]).ok();
    assert!(project.run(&["resume"]).ok().stderr.contains("goes through it again"));
    let project = project.file("other.yaml", PIPELINE);
    assert_eq!(project.run(&["resume", "other.yaml"]).code, 2, "no run of that file");
}

#[test]
fn a_run_that_a_newer_good_one_has_replaced_is_not_gone_on_with() {
    let failing = PIPELINE.replace("min_success_ratio: 0", "min_success_ratio: 1");
    let project = Project::with(&failing).file("in.jsonl", ITEMS);
    assert_eq!(project.run(&["pipeline.yaml", "-q"]).code, 1);
    let project = project.file("in.jsonl", "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
    project.run(&["pipeline.yaml", "-q"]).ok();
    let said = project.run(&["resume"]).ok().stderr;
    assert!(said.contains("nothing to resume"), "{said}");

    // One that was asked for something else is gone on with, and what has ended well since is named.
    let project = project.file("in.jsonl", ITEMS);
    assert_eq!(project.run(&["pipeline.yaml", "-q", "--limit", "2"]).code, 1);
    let project = project.file("in.jsonl", "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
    let good = project.json(&["-q"]);
    let good = good.value["run"].as_str().expect("an id");
    let resumed = Ran::of(&project, &["resume"]);
    let said = &resumed.summary.stderr;
    let since = format!("run {good} of the same file has succeeded since");
    assert!(said.contains("which failed") && said.contains(&since), "{said}");
    assert_eq!(resumed.summary.counts("work"), [2, 0, 0, 0]);
}
