//! Of a step that only `take` steps read, workers do what is needed for the first results, and little more.

use std::collections::BTreeMap;

use super::deaths::{begun, spawn, until};
use super::workers::{signal, workers};
use super::{ON, rows, set, shards, step_of};
use crate::project::Project;

/// Items that take a moment and say that they run; every tenth has a result.
const SLOW: &str = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    filter:
      concurrency: 2
      lua: |
        exec.run({'sh', '-c', 'echo ' .. item.n .. ' >> ran; sleep 0.02'})
        return item.n % 10 == 0
  some: { from: w, take: 12 }
  save: { from: some, write: out.jsonl }
permissions: { exec: [sh] }
";

const TWELVE: &str = "{\"n\":10}\n{\"n\":20}\n{\"n\":30}\n{\"n\":40}\n{\"n\":50}\n{\"n\":60}\n{\"n\":70}\n{\"n\":80}\n{\"n\":90}\n{\"n\":100}\n{\"n\":110}\n{\"n\":120}\n";

/// The counters of a step of the newest run.
fn counted(project: &Project, step: &str) -> BTreeMap<String, u64> {
    let step = step_of(project, step);
    let number =
        |key: &str| (key.to_owned(), step[key].as_u64().unwrap_or_else(|| panic!("{key} in {step}")));
    ["total", "successes", "failures", "cancelled"].map(number).into()
}

/// Nobody works on what is far behind the first results, and nothing of it counts.
fn assert_stopped(project: &Project, least: u64, most: u64) {
    let counted = counted(project, "w");
    let (total, ran) = (counted["total"], begun(project));
    assert!((least..=most).contains(&total), "{counted:?}");
    assert_eq!((counted["cancelled"], counted["failures"]), (0, 0), "{counted:?}");
    assert!(ran.len() as u64 >= total, "whoever counts has run: {} of {total}", ran.len());
    assert!(ran.values().all(|count| *count == 1), "no item ran twice: {ran:?}");
}

#[test]
fn workers_stop_when_enough_results_stand_in_order() {
    let project = Project::with(SLOW).file("n.jsonl", rows(3000));
    project.run(&[&["pipeline.yaml"], &ON[..], &set(&["workers=2", "commit=1s"])].concat()).ok();
    assert!(shards(&project).len() > 2, "it was sent: {:?}", shards(&project));
    assert_eq!(project.read("out.jsonl"), TWELVE);
    assert_stopped(&project, 120, 2000);
    assert!(workers(&project.path("")).is_empty());
}

#[test]
fn what_is_taken_is_the_same_as_in_one_process() {
    let pipeline = |take: u64| {
        format!(
            "steps:
  n: {{ read: n.jsonl }}
  w:
    from: n
    flat_map:
      min_success_ratio: 0
      lua: |
        if item.n % 7 == 3 then flow.skip() end
        if item.n % 7 == 5 then error('five') end
        local list = {{}}
        for i = 1, item.n % 4 do list[i] = {{ n = item.n, i = i }} end
        return list
  some: {{ from: w, take: {take} }}
  save: {{ from: some, write: out.jsonl }}
"
        )
    };
    for take in [1, 40, 300, 5000] {
        let local = Project::with(&pipeline(take)).file("n.jsonl", rows(500));
        local.run(&["pipeline.yaml"]).ok();
        let project = Project::with(&pipeline(take)).file("n.jsonl", rows(500));
        project.run(&[&["pipeline.yaml"], &ON[..], &set(&["workers=3"])].concat()).ok();
        assert_eq!(project.read("out.jsonl"), local.read("out.jsonl"), "take {take}");
    }
}

/// A step with keys and a cache, or not, of which ten results are taken.
fn ten(keys: &str) -> String {
    format!(
        "steps:
  n: {{ read: n.jsonl }}
  w: {{ from: n, map: {{ {keys}lua: \"if item.n == 3 and fs.exists('bad') then error('three') end return item\" }} }}
  some: {{ from: w, take: 10 }}
  save: {{ from: some, write: out.jsonl }}
permissions: {{ read: [.] }}
"
    )
}

#[test]
fn a_step_whose_keys_are_made_here_stops_too() {
    let project = Project::with(&ten("key: item.n, cache: true, ")).file("n.jsonl", rows(3000));
    for _ in 0..2 {
        project.run(&[&["pipeline.yaml", "-q"], &ON[..], &set(&["workers=2"])].concat()).ok();
        assert!(counted(&project, "w")["total"] < 1000, "{:?}", counted(&project, "w"));
        assert_eq!(project.read("out.jsonl"), rows(10));
    }
}

#[test]
fn what_failed_runs_again_though_the_results_behind_it_are_known() {
    let one = "steps:
  n: { read: n.jsonl }
  w: { from: n, filter: { concurrency: 1, lua: return item.n == 2 } }
  some: { from: w, take: 1 }
  save: { from: some, write: out.jsonl }
";
    for on in [&[][..], &ON[..]] {
        let project = Project::with(one).file("n.jsonl", "{\"n\":1}\n{\"n\":2}\n");
        project.run(&[&["pipeline.yaml", "-q"], on].concat()).ok();
        let project = project.file("n.jsonl", "{\"n\":1}\n{\"n\":3}\n{\"n\":2}\n{\"n\":5}\n");
        project.run(&[&["resume", "latest", "-q"], on].concat()).ok();
        assert_eq!(project.read("out.jsonl"), "{\"n\":2}\n", "{on:?}");
    }
    for on in [&[][..], &ON[..]] {
        let project = Project::with(&ten("")).file("n.jsonl", rows(300)).file("bad", "");
        assert_eq!(project.run(&[&["pipeline.yaml", "-q"], on].concat()).code, 1);
        std::fs::remove_file(project.path("bad")).expect("it is there");
        project.run(&[&["resume", "latest", "--failed-only", "-q"], on].concat()).ok();
        assert_eq!(project.read("out.jsonl"), rows(10), "{on:?}");
    }
}

#[test]
fn where_fewer_results_are_wanted_than_are_sent_the_items_run_here() {
    let project = Project::with(SLOW).file("n.jsonl", rows(3000));
    let on = ["--on", "processes", "--executor-set", "send_from=13"];
    let planned = project.run(&[&["plan", "pipeline.yaml"], &on[..]].concat()).ok().stdout;
    assert!(planned.contains("here: only its first 12 results are wanted, and 13 are sent"), "{planned}");
    project.run(&[&["pipeline.yaml", "-q"], &on[..]].concat()).ok();
    assert!(shards(&project).is_empty(), "nothing of it was sent");
    let planned =
        project.run(&[&["plan", "pipeline.yaml"], &ON[..], &set(&["workers=2"])].concat()).ok().stdout;
    // Rows of four shards, the first of which holds twelve items: 3, 6, 12 and so on, up to the 750 of a whole cut.
    assert!(planned.contains("on processes: 32 shards, 2 workers"), "{planned}");
}

#[test]
fn a_new_coordinator_knows_which_first_results_are_there() {
    let project = Project::with(SLOW).file("n.jsonl", rows(3000));
    let words = [&["pipeline.yaml", "-q"], &ON[..], &set(&["workers=2", "commit=1s"])].concat();
    let mut run = spawn(&project, &words);
    until(|| (project.has("ran") && project.read("ran").lines().count() > 60).then_some(()));
    signal(run.id(), "KILL");
    run.wait().expect("a child");
    project.run(&["attach", "-q"]).ok();
    assert_eq!(project.read("out.jsonl"), TWELVE);
    assert_stopped(&project, 120, 2000);
}

#[test]
fn what_an_old_run_has_is_not_sent_again() {
    let project = Project::with(SLOW).file("n.jsonl", rows(3000));
    let on = [&ON[..], &set(&["workers=2", "commit=1s"])].concat();
    project.run(&[&["pipeline.yaml", "-q"], &on[..]].concat()).ok();
    let before = begun(&project).len();
    let resumed = project.run(&[&["resume"], &on[..]].concat()).ok();
    assert_eq!(project.read("out.jsonl"), TWELVE, "{}", resumed.stderr);
    assert_eq!(begun(&project).len(), before, "the first results are all there: {}", resumed.stderr);
}

#[test]
fn what_never_ran_is_not_counted_as_run_again() {
    let project = Project::with(SLOW).file("n.jsonl", rows(3000));
    let on = [&ON[..], &set(&["workers=2", "commit=1s"])].concat();
    project.run(&[&["pipeline.yaml", "-q"], &on[..]].concat()).ok();
    let changed =
        rows(3000).replace("{\"n\":30}", "{\"n\":30,\"x\":1}").replace("{\"n\":95}", "{\"n\":95,\"x\":1}");
    let project = project.file("n.jsonl", changed);
    project.run(&[&["resume", "latest", "-q"], &on[..]].concat()).ok();
    let (counted, reuse) = (counted(&project, "w"), step_of(&project, "w")["reuse"].clone());
    let number = |key: &str| reuse[key].as_u64().expect("a number");
    assert_eq!(number("reused") + number("redone"), counted["total"], "{reuse} {counted:?}");
    assert!(number("redone") >= 2, "{reuse}");
    assert_eq!(reuse["reasons"], serde_json::json!({ "new": number("redone") }), "{reuse}");
}

#[test]
fn a_verdict_that_cannot_be_reached_any_more_stops_a_step_of_which_few_results_are_wanted() {
    let pipeline = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    map:
      stop_early: true
      min_success_ratio: 0.9
      lua: |
        if item.n > 20 then error('late') end
        return item
  some: { from: w, take: 100 }
  save: { from: some, write: out.jsonl }
";
    let project = Project::with(pipeline).file("n.jsonl", rows(3000));
    let ran = project.run(&[&["pipeline.yaml", "-q"], &ON[..], &set(&["workers=2"])].concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let step = step_of(&project, "w");
    assert!(
        step["reason"].as_str().is_some_and(|reason| reason.ends_with("(stopped: stop_early)")),
        "{step}"
    );
    let counted = counted(&project, "w");
    assert!(counted["successes"] + counted["failures"] < 2000, "{counted:?}");
}

#[test]
fn items_at_work_finish_when_a_step_drains_however_long_they_take() {
    let pipeline = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    map:
      fail_fast: drain
      lua: |
        if item.n == 40 then
          fs.write('there', '')
          time.sleep(4)
          return 'late'
        end
        while item.n == 1 and not fs.exists('there') do time.sleep(0.02) end
        if item.n == 1 then flow.fail('first') end
        return item.n
  save: { from: w, write: out.jsonl }
permissions: { read: [.], write: [.] }
";
    let project = Project::with(pipeline).file("n.jsonl", rows(40));
    let words = [&["pipeline.yaml", "--grace", "100ms"], &ON[..], &set(&["workers=2", "commit=1s"])].concat();
    assert_eq!(project.run(&words).code, 1);
    let counted = counted(&project, "w");
    assert_eq!((counted["successes"], counted["failures"], counted["cancelled"]), (39, 1, 0), "{counted:?}");
}
