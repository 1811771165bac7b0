//! These tests cover runs that are resumed more than once, and steps behind steps.

use super::{ITEMS, PIPELINE, Ran, ran};
use crate::project::Project;

#[test]
fn what_was_dropped_is_said_once() {
    let project = ran("{\"id\":1}\n{\"id\":2}\n").file("in.jsonl", "{\"id\":1}\n");
    let first = Ran::of(&project, &["resume", "latest"]);
    assert_eq!(first.said("work"), "reused 1, redone 0, 1 dropped (no longer in the source)");
    assert_eq!(Ran::of(&project, &["resume", "latest"]).said("work"), "reused 1, redone 0");
    let project = project.file("in.jsonl", "{\"id\":1}\n{\"id\":2}\n");
    assert_eq!(Ran::of(&project, &["resume", "latest"]).said("work"), "reused 1, redone 1 (new)");
}

#[test]
fn only_the_step_that_failed_calls_its_function_again() {
    let two = PIPELINE.replace(
        "  save:\n    from: work\n",
        "  more:\n    from: work\n    map: if item.n == 20 and params.unused == 1 then error('no') end return item.n\n\
         \u{20} save:\n    from: more\n",
    );
    let project = Project::with(&two).file("in.jsonl", "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
    assert_eq!(project.run(&["pipeline.yaml"]).code, 1);
    let project = project.file("pipeline.yaml", two.replace("unused == 1", "unused == 7"));
    let resumed = Ran::of(&project, &["resume"]);
    assert_eq!((resumed.called(), resumed.said("work")), (Vec::new(), "reused 3, redone 0".to_owned()));
    assert_eq!(resumed.said("more"), "reused 0, redone 3 (function changed)");
    assert_eq!(project.read("out.jsonl"), "10\n20\n30\n");
}

#[test]
fn failed_only_goes_on_through_the_steps_behind() {
    let two = PIPELINE.replace(
        "  save:\n    from: work\n",
        "  more:\n    from: work\n    map: return item.n\n  save:\n    from: more\n",
    );
    let failing = two.replace("min_success_ratio: 0", "min_success_ratio: 1");
    let items = "{\"id\":1}\n{\"id\":2,\"bad\":true}\n{\"id\":3}\n";
    let project = Project::with(&failing).file("in.jsonl", items);
    assert_eq!(project.run(&["pipeline.yaml"]).code, 1);
    let project = project.file("pipeline.yaml", failing.replace("retries: 0", "retries: 1"));
    // A new item is no failed one: it stays undone.
    let project = project.file("in.jsonl", format!("{items}{{\"id\":4}}\n"));
    let resumed = Ran::of(&project, &["resume", "--failed-only"]);
    assert_eq!((resumed.called(), resumed.summary.counts("work")), (vec![2], [3, 0, 0, 1]));
    let project = project.file("in.jsonl", items);
    let again = Ran::of(&project, &["resume", "--failed-only"]);
    assert_eq!((again.summary.code, again.called()), (0, Vec::new()), "{}", again.summary.stderr);
    assert_eq!(project.read("out.jsonl"), "10\n20\n30\n");
}

#[test]
fn readers_of_failed_items_are_given_kept_failures_as_they_were() {
    let two = PIPELINE.replace(
        "  save:\n    from: work\n",
        "  lost:\n    from: work.failed\n    map: return item.error.message\n  save:\n    from: lost\n",
    );
    let project = Project::with(&two).file("in.jsonl", "{\"id\":1}\n{\"id\":2,\"give_up\":true}\n");
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl"), "\"hopeless\"\n");
    let kept = Ran::of(&project, &["resume", "latest", "--keep-permanent"]);
    assert_eq!(
        (kept.said("work"), kept.said("lost")),
        ("reused 2, redone 0".to_owned(), "reused 1, redone 0".to_owned())
    );
    assert_eq!(project.read("out.jsonl"), "\"hopeless\"\n");
}

#[test]
fn a_pipeline_may_be_moved_with_its_runs() {
    let project = Project::new()
        .file("here/pipeline.yaml", PIPELINE.replace("min_success_ratio: 0", "min_success_ratio: 1"))
        .file("here/in.jsonl", ITEMS);
    assert_eq!(project.run(&["here/pipeline.yaml"]).code, 1);
    std::fs::rename(project.path("here"), project.path("there")).expect("room");
    let there = project.path("there");
    let resumed = crate::project::command_in(&there, &["resume"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&resumed.stderr);
    assert!(said.contains("reused 3, redone 1 (failed before)"), "{said}");
    assert!(!project.has("here"), "nothing is made where it was");
}

#[test]
fn a_resumption_that_could_not_begin_loses_nothing() {
    for pipeline in [PIPELINE.to_owned(), PIPELINE.replace("retries: 0", "retries: 0\n      key: item.id")] {
        let project = Project::with(&pipeline).file("in.jsonl", "{\"id\":1}\n{\"id\":2}\n");
        project.run(&["pipeline.yaml"]).ok();
        // The function is the same, and what it is given is not there; or its workers have no room.
        let project = project.file("pipeline.yaml", pipeline.replace("read: in.jsonl", "read: gone.jsonl"));
        assert_eq!(project.run(&["resume", "latest"]).code, 1);
        let project = project.file("pipeline.yaml", &pipeline);
        // Without a key to be worked out, nothing needs a worker.
        let code = i32::from(pipeline.contains("key:"));
        assert_eq!(project.run(&["resume", "latest", "--set", "work.memory=1KB"]).code, code);
        let resumed = Ran::of(&project, &["resume", "latest", "--set", "work.memory=100MB"]);
        assert_eq!((resumed.called(), resumed.said("work")), (Vec::new(), "reused 2, redone 0".to_owned()));
    }
}

#[test]
fn lua_files_of_steps_that_are_known_late_are_kept_too() {
    let late = "steps:
  one: { items: [1, 2] }
  two:
    from: one
    map: return item
  three:
    from: two
    needs: [one]
    map:
      file: ${{ 'lua/of_' .. steps.one.total .. '.lua' }}
";
    let project = Project::with(late)
        .file("lua/of_2.lua", "local lib = require('lib') return function(item) return lib + item end")
        .file("lib.lua", "return 1");
    let ran = project.json(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let kept = format!(".flowrun/runs/{}/pipeline", ran.value["run"].as_str().expect("an id"));
    assert!(project.has(&format!("{kept}/lua/of_2.lua")) && project.has(&format!("{kept}/lib.lua")));
    let resumed = Ran::of(&project, &["resume", "latest"]);
    assert_eq!(resumed.reuse("three").0, 2);
    let project = project.file("lib.lua", "return 2");
    assert_eq!(Ran::of(&project, &["resume", "latest"]).reuse("three").2, ["function changed"]);
}
