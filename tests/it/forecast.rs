//! These tests cover `flowrun plan`: what the cache and a resumption would reuse, and why not the rest. A plan runs
//! nothing, writes nothing and is there whatever has become of earlier runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::project::Project;
use crate::resume::Ran;

const PIPELINE: &str = "params:
  factor: 10
steps:
  docs:
    read: in.jsonl
  work:
    from: docs
    map:
      lua: |
        print('call')
        if item.bad and ctx.attempt == 1 then error('no') end
        return { id = item.id, n = item.id * params.factor }
  more:
    from: work
    map: return item.n
  save:
    from: more
    write: out.jsonl
";

const ITEMS: &str = "{\"id\":1}\n{\"id\":2,\"bad\":true}\n{\"id\":3}\n";

/// A project whose last run failed in `work`.
fn failed() -> Project {
    let project = Project::with(PIPELINE).file("in.jsonl", ITEMS);
    assert_eq!(project.run(&["pipeline.yaml"]).code, 1);
    project
}

/// What is said of a step behind `resume ID: `.
#[track_caller]
fn forecast(project: &Project, args: &[&str], step: &str) -> String {
    let mut all = vec!["plan", "pipeline.yaml"];
    all.extend(args);
    let planned = project.run(&all).ok();
    let mut lines = planned.stdout.lines().skip_while(|line| line.split_whitespace().nth(1) != Some(step));
    let said = lines.find_map(|line| line.trim().strip_prefix("resume ")?.split_once(": "));
    said.map_or_else(|| panic!("nothing on {step}: {}", planned.stdout), |(_, said)| said.to_owned())
}

/// That a plan foretells what resuming then says of `work`.
#[track_caller]
fn check(project: &Project, args: &[&str], expect: &str) {
    assert_eq!(forecast(project, args, "work"), expect);
    let mut resume = vec!["resume", "pipeline.yaml"];
    resume.extend(args);
    assert_eq!(Ran::of(project, &resume).said("work"), expect);
}

#[test]
fn what_failed_would_run_again() {
    check(&failed(), &[], "reused 2, redone 1 (failed before)");
}

#[test]
fn items_are_looked_for_by_content() {
    let project = failed().file("in.jsonl", "{\"id\":9}\n{\"id\":3}\n{\"id\":3}\n");
    let expect = "reused 1, redone 2 (new), 2 dropped (no longer in the source)";
    check(&project, &[], expect);
}

#[test]
fn another_function_and_other_params_are_given_as_reasons() {
    let project = failed();
    assert_eq!(forecast(&project, &["-p", "factor=11"], "work"), "reused 0, redone all (params changed)");
    let project = project.file("pipeline.yaml", PIPELINE.replace("n = item.id", "n = 1 + item.id"));
    assert_eq!(forecast(&project, &[], "work"), "reused 0, redone all (function changed)");
}

#[test]
fn the_old_run_is_asked_for_the_same_again() {
    let project = Project::with(PIPELINE).file("in.jsonl", ITEMS);
    assert_eq!(project.run(&["pipeline.yaml", "-p", "factor=7", "--limit", "2"]).code, 1);
    check(&project, &[], "reused 1, redone 1 (failed before)");
}

#[test]
fn deeper_steps_say_what_is_known_of_them() {
    let project = failed();
    assert_eq!(forecast(&project, &[], "more"), "reused 0, redone all (not finished)");
    let second =
        PIPELINE.replace("map: return item.n", "map: if item.id == 3 then error('no') end return item.n");
    let project = Project::with(&second).ids("in.jsonl", 3);
    assert_eq!(project.run(&["pipeline.yaml"]).code, 1);
    assert_eq!(forecast(&project, &[], "work"), "reused 3, redone 0");
    assert_eq!(forecast(&project, &[], "more"), "reused 2, redone 1 (failed before)");
    let project = project.ids("in.jsonl", 4);
    assert_eq!(forecast(&project, &[], "more"), "reused up to 2, depends on `work`");
    let project = project.file("pipeline.yaml", second.replace("return item.n\n", "return item.n + 1\n"));
    assert_eq!(forecast(&project, &[], "more"), "reused 0, redone all (function changed)");
}

#[test]
fn what_only_a_run_can_tell_is_said_so() {
    let keyed = PIPELINE.replace("      lua:", "      key: item.id\n      lua:");
    let project = Project::with(&keyed).file("in.jsonl", ITEMS);
    assert_eq!(project.run(&["pipeline.yaml"]).code, 1);
    assert_eq!(forecast(&project, &[], "work"), "reused up to 2, its `key` is evaluated only in a run");
    std::fs::remove_file(project.path("in.jsonl")).expect("it is there");
    let unkeyed = failed();
    std::fs::remove_file(unkeyed.path("in.jsonl")).expect("it is there");
    assert!(forecast(&unkeyed, &[], "work").contains("in.jsonl"));
}

/// Names and sizes of all files below a folder.
fn files(folder: &Path, found: &mut BTreeMap<PathBuf, u64>) {
    for entry in std::fs::read_dir(folder).expect("readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.insert(path, entry.metadata().map_or(0, |metadata| metadata.len()));
        }
    }
}

#[test]
fn a_plan_leaves_no_trace_and_calls_nothing() {
    let cached = PIPELINE.replace("      lua:", "      cache: true\n      lua:");
    let fresh = Project::with(&cached).file("in.jsonl", ITEMS);
    let planned = fresh.run(&["plan", "pipeline.yaml"]).ok();
    assert!(planned.stdout.contains("cache: reused 0, redone 3 (not in the cache)"), "{}", planned.stdout);
    assert!(!fresh.has(".flowrun") && !planned.stdout.contains("resume"), "{}", planned.stdout);
    assert_eq!(fresh.run(&["pipeline.yaml"]).code, 1);
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    files(&fresh.path("."), &mut before);
    let planned = fresh.run(&["plan", "pipeline.yaml"]).ok();
    files(&fresh.path("."), &mut after);
    assert!(planned.stdout.contains("cache: reused 2, redone 1 (not in the cache)"), "{}", planned.stdout);
    assert_eq!(before, after);
}

#[test]
fn other_state_folders_are_looked_into_and_none_where_that_is_asked_for() {
    let project = Project::with(PIPELINE).file("in.jsonl", ITEMS);
    assert_eq!(project.run(&["pipeline.yaml", "--state-dir", "kept"]).code, 1);
    let said = forecast(&project, &["--state-dir", "kept"], "work");
    assert_eq!(said, "reused 2, redone 1 (failed before)");
    for args in [&["plan", "pipeline.yaml"][..], &["plan", "pipeline.yaml", "--no-state"]] {
        assert!(!project.run(args).ok().stdout.contains("reused"));
    }
    assert!(!failed().run(&["plan", "pipeline.yaml", "--no-state"]).ok().stdout.contains("reused"));
}

#[test]
fn a_run_that_succeeded_is_nothing_to_resume() {
    let project = Project::with(PIPELINE).ids("in.jsonl", 3);
    project.run(&["pipeline.yaml"]).ok();
    assert!(!project.run(&["plan", "pipeline.yaml"]).ok().stdout.contains("resume"));
}

/// What becomes of the folder of a run.
type Damage = fn(&Path);

#[test]
fn a_plan_is_there_whatever_has_become_of_the_state() {
    let run = |project: &Project| -> PathBuf {
        let runs = std::fs::read_dir(project.path(".flowrun/runs")).expect("runs");
        runs.flatten().next().expect("a run").path()
    };
    let damages: [(&str, Damage); 5] = [
        ("no database", |run| std::fs::remove_file(run.join("run.db")).expect("it is there")),
        ("garbage", |run| std::fs::write(run.join("run.db"), "x".repeat(9000)).expect("room")),
        ("nothing", |run| std::fs::write(run.join("run.db"), "").expect("room")),
        ("no results", |run| std::fs::remove_dir_all(run.join("steps")).expect("it is there")),
        ("garbage and no record", |run| {
            std::fs::write(run.join("run.db"), "x".repeat(9000)).expect("room");
            std::fs::remove_dir_all(run.join("pipeline")).expect("it is there");
        }),
    ];
    for (name, damage) in damages {
        let project = failed();
        damage(&run(&project));
        let planned = project.run(&["plan", "pipeline.yaml"]);
        assert_eq!(planned.code, 0, "{name}: {}", planned.stderr);
        assert!(planned.stdout.contains("map work"), "{name}: {}", planned.stdout);
    }
    let project = Project::with(PIPELINE).file("in.jsonl", ITEMS).file(".flowrun", "a file");
    assert_eq!(project.run(&["plan", "pipeline.yaml"]).code, 0);
    assert_eq!(project.run(&["plan", "pipeline.yaml", "--state-dir", "in.jsonl/x"]).code, 0);
}
