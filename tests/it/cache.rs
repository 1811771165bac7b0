//! These tests cover `cache: true`: results that are remembered across runs, through the binary. Calls are counted by
//! what the functions print, which comes out as events.

use serde_json::Value;

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
      cache: true
      min_success_ratio: 0
      lua: |
        print('call')
        if item.bad then error('no') end
        return { id = item.id, n = item.id * params.factor }
  save:
    from: work
    write: out.jsonl
";

/// A project after a first run of the pipeline on three items.
fn ran() -> Project {
    let project = Project::with(PIPELINE).ids("in.jsonl", 3);
    let first = Ran::of(&project, &["pipeline.yaml"]);
    assert_eq!((first.called(), first.said("work")), (vec![1, 2, 3], NOTHING.to_owned()));
    project
}

const NOTHING: &str = "reused 0, redone 3 (not in the cache)";

/// What another run calls and says after a change, and that its output is what a run without a cache writes.
#[track_caller]
fn check(project: &Project, args: &[&str], called: &[u64], said: &str) {
    let ran = Ran::of(project, args);
    assert_eq!((ran.summary.code, ran.called()), (0, called.to_vec()), "{}", ran.summary.stderr);
    assert_eq!(ran.said("work"), said);
    let output = project.read("out.jsonl");
    let mut plain = args.to_vec();
    plain.push("--no-state");
    project.run(&plain).ok();
    assert_eq!(project.read("out.jsonl"), output);
}

fn stats(project: &Project) -> (u64, u64) {
    let ran = project.run(&["cache", "stats", "--format", "json"]).ok();
    let stats: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    (stats["results"].as_u64().expect("a number"), stats["functions"].as_u64().expect("a number"))
}

#[test]
fn a_second_run_calls_nothing() {
    check(&ran(), &["pipeline.yaml"], &[], "reused 3, redone 0");
}

#[test]
fn another_function_is_called_for_all_items_and_the_old_one_is_not_forgotten() {
    let project = ran().file("pipeline.yaml", PIPELINE.replace("n = item.id", "n = 1 + item.id"));
    check(&project, &["pipeline.yaml"], &[1, 2, 3], "reused 0, redone 3 (function changed)");
    let project = project.file("pipeline.yaml", PIPELINE.replace("retries", "timeout"));
    check(&project, &["pipeline.yaml"], &[], "reused 3, redone 0");
    assert_eq!(stats(&project), (6, 2));
}

#[test]
fn params_count_where_the_function_sees_them() {
    let project = ran();
    check(&project, &["pipeline.yaml", "-p", "factor=7"], &[1, 2, 3], "reused 0, redone 3 (params changed)");
    check(&project, &["pipeline.yaml"], &[], "reused 3, redone 0");
}

#[test]
fn a_changed_item_is_called_alone_wherever_the_others_stand() {
    let project = ran().file("in.jsonl", "{\"id\":3}\n{\"id\":2,\"x\":1}\n{\"id\":1}\n{\"id\":3}\n");
    check(&project, &["pipeline.yaml"], &[2], "reused 3, redone 1 (not in the cache)");
}

#[test]
fn failures_are_never_remembered() {
    let project = Project::with(PIPELINE).file("in.jsonl", "{\"id\":1}\n{\"id\":2,\"bad\":true}\n");
    for called in [vec![1, 2], vec![2], vec![2]] {
        let ran = Ran::of(&project, &["pipeline.yaml"]);
        assert_eq!((ran.called(), ran.summary.counts("work")), (called, [1, 1, 0, 0]));
    }
    assert_eq!(stats(&project), (1, 1));
}

#[test]
fn filters_and_flat_maps_are_remembered_with_all_their_results() {
    let pipeline = "steps:
  docs: { items: [1, 2, 3] }
  odd:
    from: docs
    filter: { cache: true, lua: print('call') return item % 2 == 1 }
  work:
    from: odd
    flat_map: { cache: true, lua: \"print('call') if item == 1 then return {} end return {item, item}\" }
  save: { from: work, write: out.jsonl }
";
    let project = Project::with(pipeline);
    assert_eq!(Ran::of(&project, &["pipeline.yaml"]).called(), [1, 2, 3]);
    check(&project, &["pipeline.yaml"], &[], "reused 2, redone 0");
    assert_eq!(project.read("out.jsonl"), "3\n3\n");
}

#[test]
fn two_runs_at_once_share_the_cache() {
    let slow = PIPELINE.replace("print('call')", "time.sleep(0.002)");
    let project = Project::with(&slow).ids("in.jsonl", 200);
    let start = |out: &str| {
        let set = format!("save.write={out}");
        project.command(&["pipeline.yaml", "--set", &set, "-q"]).spawn().expect("the binary runs")
    };
    for mut child in [start("a.jsonl"), start("b.jsonl")] {
        assert!(child.wait().expect("it ends").success());
    }
    assert_eq!(project.read("a.jsonl"), project.read("b.jsonl"));
    assert_eq!(stats(&project), (200, 1));
    let third = Ran::of(&project, &["pipeline.yaml"]);
    assert_eq!(third.said("work"), "reused 200, redone 0");
}

#[test]
fn a_damaged_cache_is_said_and_costs_no_more_than_the_work() {
    for damage in ["no database".repeat(1000).into_bytes(), vec![0; 3], Vec::new()] {
        let project = ran().file(".flowrun/cache.db", &damage);
        let planned = project.run(&["plan", "pipeline.yaml"]).ok();
        assert!(planned.stdout.contains("cache: reused 0, redone 3"), "{}", planned.stdout);
        let again = Ran::of(&project, &["pipeline.yaml"]);
        assert_eq!((again.summary.code, again.called()), (0, vec![1, 2, 3]));
        // An empty file is an empty database.
        let warned =
            again.summary.stderr.contains("warning: cannot open `") && planned.stderr.contains("warning");
        assert_eq!(warned, !damage.is_empty(), "{}", again.summary.stderr);
        check(&project, &["pipeline.yaml"], &[], "reused 3, redone 0");
    }
}

#[test]
fn a_flipped_byte_is_never_a_wrong_result() {
    let project = ran();
    let before = project.read("out.jsonl");
    let whole = std::fs::read(project.path(".flowrun/cache.db")).expect("readable");
    // Every page, at places without a pattern.
    for at in (7..whole.len()).step_by(whole.len() / 12) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        let project = Project::with(PIPELINE).ids("in.jsonl", 3).file(".flowrun/cache.db", &bytes);
        let ran = Ran::of(&project, &["pipeline.yaml"]);
        assert_eq!((ran.summary.code, project.read("out.jsonl")), (0, before.clone()), "byte {at}");
    }
}

#[test]
fn a_cache_that_cannot_be_opened_is_a_warning() {
    let project = Project::with(PIPELINE).ids("in.jsonl", 3).file(".flowrun/cache.db/x", "");
    let ran = Ran::of(&project, &["pipeline.yaml"]);
    assert_eq!((ran.summary.code, ran.called()), (0, vec![1, 2, 3]), "{}", ran.summary.stderr);
    assert!(ran.summary.stderr.contains("results are not reused across runs"), "{}", ran.summary.stderr);
    assert_eq!(project.run(&["plan", "pipeline.yaml"]).code, 0);
    assert_eq!(project.run(&["cache", "stats"]).code, 2);
}

#[test]
fn stats_and_prune_tell_true_numbers() {
    let project = ran();
    let other = PIPELINE.replace("n = item.id", "n = 1 + item.id");
    let project = project.file("pipeline.yaml", other).ids("in.jsonl", 5);
    Ran::of(&project, &["pipeline.yaml"]);
    let said = project.run(&["cache", "stats"]).ok().stdout;
    assert!(said.starts_with("8 results of 2 functions: "), "{said}");
    let young = project.run(&["cache", "prune", "--older-than", "1d"]).ok();
    assert!(young.stderr.contains("forgot 0 results"), "{}", young.stderr);
    let all = project.run(&["cache", "prune"]).ok();
    assert!(all.stderr.contains("forgot 8 results"), "{}", all.stderr);
    assert_eq!(stats(&project), (0, 0));
    assert_eq!(Ran::of(&project, &["pipeline.yaml"]).called(), [1, 2, 3, 4, 5]);
}

#[test]
fn nothing_is_remembered_where_nothing_is_kept() {
    let project = Project::with(PIPELINE).ids("in.jsonl", 3);
    for _ in 0..2 {
        assert_eq!(Ran::of(&project, &["pipeline.yaml", "--no-state"]).called(), [1, 2, 3]);
    }
    assert!(!project.has(".flowrun"));
}
