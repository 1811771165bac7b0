//! These tests cover `flowrun resume`: the table of what is reused and what runs again, one row a test. Calls are
//! counted by what the functions print, which comes out as events.

mod chain;
mod format;
mod tolerated;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::project::{Project, Summary, untimed};

/// Fails items with `bad` in the first attempt: without retries for good, with one never.
const PIPELINE: &str = "params:
  factor: 10
  unused: 1
steps:
  docs:
    read: in.jsonl
  work:
    from: docs
    map:
      min_success_ratio: 0
      retries: 0
      lua: |
        print('call')
        if item.skip then flow.skip('not wanted') end
        if item.give_up then flow.fail('hopeless') end
        if item.bad and ctx.attempt == 1 then error('flaky') end
        return { id = item.id, n = item.id * params.factor }
  save:
    from: work
    write: out.jsonl
";

const ITEMS: &str = "{\"id\":1}\n{\"id\":2,\"bad\":true}\n{\"id\":3,\"skip\":true}\n{\"id\":4}\n";

/// A run of the pipeline, and what came of it.
pub(crate) struct Ran {
    pub(crate) summary: Summary,
    /// Calls of the function by item.
    calls: BTreeMap<u64, u64>,
}

impl Ran {
    pub(crate) fn of(project: &Project, args: &[&str]) -> Self {
        let mut all = args.to_vec();
        all.extend(["--output", "json", "--events", "events.jsonl"]);
        let ran = project.run(&all);
        let value = serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|error| panic!("{error}\nstdout: {}\nstderr: {}", ran.stdout, ran.stderr));
        let mut calls = BTreeMap::new();
        for line in project.read("events.jsonl").lines() {
            let event: Value = serde_json::from_str(line).expect("JSON");
            if event["event"] == "log" {
                *calls.entry(event["index"].as_u64().expect("a number")).or_default() += 1;
            }
        }
        Self { summary: Summary { code: ran.code, value, stderr: ran.stderr }, calls }
    }

    pub(crate) fn called(&self) -> Vec<u64> {
        self.calls.keys().copied().collect()
    }

    /// `reused N, redone M (reasons)` of a step.
    #[track_caller]
    pub(crate) fn said(&self, step: &str) -> String {
        let lines = self.summary.stderr.lines().map(untimed).skip_while(|line| {
            let mut words = line.split_whitespace();
            !(words.next().is_some() && words.next() == Some(step) && !line.contains("started"))
        });
        let said = lines.map(str::trim).find(|line| line.starts_with("reused "));
        said.unwrap_or_else(|| panic!("nothing is said of {step}: {}", self.summary.stderr)).to_owned()
    }

    #[track_caller]
    pub(crate) fn reuse(&self, step: &str) -> (u64, u64, Vec<String>) {
        let reuse = &self.summary.step(step)["reuse"];
        let count = |name: &str| reuse[name].as_u64().unwrap_or_else(|| panic!("{name} of {reuse}"));
        let reasons = reuse["reasons"].as_object().map(|map| map.keys().cloned().collect());
        (count("reused"), count("redone"), reasons.unwrap_or_default())
    }
}

/// Two hundred items, of which the third is bad.
fn two_hundred() -> String {
    let bad = |id| if id == 3 { ",\"bad\":true" } else { "" };
    let lines: Vec<String> = (1..=200).map(|id| format!("{{\"id\":{id}{}}}\n", bad(id))).collect();
    lines.concat()
}

/// A project after a first run of the pipeline.
fn ran(items: &str) -> Project {
    let project = Project::with(PIPELINE).file("in.jsonl", items);
    project.run(&["pipeline.yaml"]).ok();
    project
}

/// Resumes the last run after a change of the pipeline file, and checks what was called, and the output.
#[track_caller]
fn check_change(change: impl Fn(&str) -> String, called: &[u64], reason: Option<&str>) {
    let project = ran("{\"id\":1}\n{\"id\":2}\n").file("pipeline.yaml", change(PIPELINE));
    let resumed = Ran::of(&project, &["resume", "latest"]);
    assert_eq!(resumed.summary.code, 0, "{}", resumed.summary.stderr);
    assert_eq!(resumed.called(), called, "{}", resumed.summary.stderr);
    let (reused, redone, reasons) = resumed.reuse("work");
    assert_eq!((reused, redone), (2 - called.len() as u64, called.len() as u64));
    assert_eq!(reasons, reason.into_iter().collect::<Vec<_>>());
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    let anew = project.read("out.jsonl");
    project.run(&["resume", "latest"]).ok();
    assert_eq!(project.read("out.jsonl"), anew, "what is reused is what would be made");
}

#[test]
fn what_succeeded_or_was_skipped_is_reused_and_what_failed_runs_again() {
    let project = ran(ITEMS);
    assert_eq!(project.read("out.jsonl"), "{\"id\":1,\"n\":10}\n{\"id\":4,\"n\":40}\n");
    let project = project.file("pipeline.yaml", PIPELINE.replace("retries: 0", "retries: 1"));
    let resumed = Ran::of(&project, &["resume", "latest"]);
    assert_eq!((resumed.summary.code, resumed.called()), (0, vec![2]));
    assert_eq!(resumed.summary.counts("work"), [3, 0, 1, 0]);
    assert!(resumed.said("work").starts_with("reused 3, redone 1 ("), "{}", resumed.said("work"));
    assert_eq!(project.read("out.jsonl"), "{\"id\":1,\"n\":10}\n{\"id\":2,\"n\":20}\n{\"id\":4,\"n\":40}\n");
}

#[test]
fn what_timed_out_runs_again() {
    let slow = PIPELINE
        .replace("error('flaky')", "time.sleep(60)")
        .replace("retries: 0", "retries: 0\n      timeout: 200ms");
    let project = Project::with(&slow).file("in.jsonl", ITEMS);
    project.run(&["pipeline.yaml"]).ok();
    let project = project.file("pipeline.yaml", slow.replace("retries: 0", "retries: 1"));
    let resumed = Ran::of(&project, &["resume", "latest"]);
    assert_eq!((resumed.called(), resumed.summary.counts("work")), (vec![2], [3, 0, 1, 0]));
}

#[test]
fn what_was_given_up_runs_again_unless_it_is_to_be_kept() {
    let project = ran("{\"id\":1}\n{\"id\":2,\"give_up\":true}\n{\"id\":3,\"bad\":true}\n");
    let kept = Ran::of(&project, &["resume", "latest", "--keep-permanent"]);
    assert_eq!((kept.called(), kept.summary.counts("work")), (vec![3], [1, 2, 0, 0]));
    assert_eq!(kept.summary.step("work")["errors"]["2"], "hopeless");
    assert!(project.run(&["show", "latest", "--failed"]).ok().stdout.contains("hopeless"));
    let again = Ran::of(&project, &["resume", "latest"]);
    assert_eq!((again.called(), again.summary.counts("work")), (vec![2, 3], [1, 2, 0, 0]));
}

#[test]
fn what_was_cancelled_or_never_started_runs() {
    let pipeline = PIPELINE.replace("min_success_ratio: 0", "fail_fast: true\n      concurrency: 1");
    let items = two_hundred();
    let project = Project::with(&pipeline).file("in.jsonl", &items);
    let first = Ran::of(&project, &["pipeline.yaml"]);
    assert_eq!(first.summary.code, 1);
    let [succeeded, failed, _, cancelled] = first.summary.counts("work");
    assert!(succeeded >= 2 && failed == 1 && cancelled > 0, "{}", first.summary.value);
    let project = project.file("pipeline.yaml", pipeline.replace("retries: 0", "retries: 1"));
    let resumed = Ran::of(&project, &["resume"]);
    assert_eq!((resumed.summary.code, resumed.reuse("work").0), (0, succeeded), "{}", resumed.summary.stderr);
    assert_eq!(resumed.called().len() as u64, 200 - succeeded);
    assert_eq!(project.read("out.jsonl").lines().count(), 200);
}

#[test]
fn failed_only_leaves_what_had_not_ended() {
    let pipeline = PIPELINE.replace("min_success_ratio: 0", "fail_fast: true\n      concurrency: 1");
    let items = two_hundred();
    let project = Project::with(&pipeline).file("in.jsonl", &items);
    let first = Ran::of(&project, &["pipeline.yaml"]);
    let project = project.file("pipeline.yaml", pipeline.replace("retries: 0", "retries: 1"));
    let resumed = Ran::of(&project, &["resume", "--failed-only"]);
    assert_eq!(resumed.called(), [3], "{}", resumed.summary.stderr);
    let (before, after) = (first.summary.counts("work"), resumed.summary.counts("work"));
    assert_eq!(after, [before[0] + 1, 0, 0, before[3]]);
}

#[test]
fn items_are_known_by_their_content_and_not_by_their_place() {
    let project = ran("{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n{\"id\":4}\n");
    // 2 is gone, 5 is new at the front, 3 and 4 have changed places.
    let project = project.file("in.jsonl", "{\"id\":5}\n{\"id\":1}\n{\"id\":4}\n{\"id\":3}\n");
    let resumed = Ran::of(&project, &["resume", "latest"]);
    assert_eq!((resumed.called(), resumed.reuse("work").0), (vec![1], 3), "{}", resumed.summary.stderr);
    assert!(resumed.said("work").contains("1 dropped"), "{}", resumed.said("work"));
    assert_eq!(
        project.read("out.jsonl"),
        "{\"id\":5,\"n\":50}\n{\"id\":1,\"n\":10}\n{\"id\":4,\"n\":40}\n{\"id\":3,\"n\":30}\n"
    );
}

#[test]
fn a_function_that_reads_the_index_runs_again_where_items_have_moved() {
    let pipeline = |lua: &str| {
        PIPELINE
            .replace("{ id = item.id, n = item.id * params.factor }", lua)
            .replace("retries: 0", "retries: 0\n      cache: true")
    };
    for (lua, expect) in [
        ("{ id = item.id, at = index }", "{\"id\":4,\"at\":1}\n{\"id\":5,\"at\":2}\n{\"id\":9,\"at\":3}\n"),
        ("{ id = item.id }", "{\"id\":4}\n{\"id\":5}\n{\"id\":9}\n"),
    ] {
        let project = Project::with(&pipeline(lua)).file("in.jsonl", "{\"id\":3}\n{\"id\":5}\n{\"id\":4}\n");
        Ran::of(&project, &["pipeline.yaml"]);
        let project = project.file("in.jsonl", "{\"id\":4}\n{\"id\":5}\n{\"id\":9}\n");
        let ran = Ran::of(&project, &["resume", "latest"]);
        assert_eq!(project.read("out.jsonl"), expect);
        let again: &[u64] = if lua.contains("index") { &[1, 3] } else { &[3] };
        assert_eq!(ran.called(), again, "{lua}");
    }
}

#[test]
fn equal_items_are_told_apart_by_their_number() {
    let project = ran("{\"id\":1}\n{\"id\":1}\n{\"id\":2}\n");
    let project = project.file("in.jsonl", "{\"id\":1}\n{\"id\":2}\n{\"id\":1}\n{\"id\":1}\n");
    let resumed = Ran::of(&project, &["resume", "latest"]);
    assert_eq!((resumed.called(), resumed.reuse("work").0), (vec![4], 3), "{}", resumed.summary.stderr);
    assert_eq!(project.read("out.jsonl").lines().count(), 4);
}

#[test]
fn with_a_key_a_changed_item_is_known_as_such() {
    let keyed = PIPELINE.replace("retries: 0", "retries: 0\n      key: item.id");
    let project = Project::with(&keyed).file("in.jsonl", "{\"id\":1}\n{\"id\":2}\n");
    project.run(&["pipeline.yaml"]).ok();
    let project = project.file("in.jsonl", "{\"id\":2,\"more\":1}\n{\"id\":1}\n");
    let resumed = Ran::of(&project, &["resume", "latest"]);
    assert_eq!(resumed.called(), [1]);
    assert_eq!(resumed.reuse("work"), (1, 1, vec!["item changed".to_owned()]));
}

#[test]
fn another_function_redoes_the_step() {
    check_change(|text| text.replace("n = item.id", "n = 1 + item.id"), &[1, 2], Some("function changed"));
    check_change(
        |text| text.replace("retries: 0", "setup: local x = 1\n      retries: 0"),
        &[1, 2],
        Some("function changed"),
    );
}

#[test]
fn other_params_redo_the_step_only_where_it_can_see_them() {
    check_change(|text| text.replace("factor: 10", "factor: 11"), &[1, 2], Some("params changed"));
    check_change(|text| text.replace("unused: 1", "unused: 2"), &[], None);
}

#[test]
fn what_decides_no_result_redoes_nothing() {
    for (old, new) in [
        ("retries: 0", "concurrency: 9\n      retries: 3\n      timeout: 1m"),
        ("min_success_ratio: 0", "min_success_ratio: 1"),
        ("steps:\n", "# a comment\nsteps:\n"),
        ("      retries: 0\n", ""),
        ("  docs:\n    read: in.jsonl\n", "  docs: { read: { path: in.jsonl } }\n"),
        ("steps:\n", "steps:\n  other:\n    items: [1]\n"),
    ] {
        check_change(|text| text.replace(old, new), &[], None);
    }
}

#[test]
fn a_step_behind_a_changed_one_takes_up_what_is_the_same() {
    let two = PIPELINE.replace(
        "  save:\n    from: work\n",
        "  more:\n    from: work\n    map: return item.n\n  save:\n    from: more\n",
    );
    let project = Project::with(&two).file("in.jsonl", "{\"id\":1}\n{\"id\":2}\n");
    project.run(&["pipeline.yaml"]).ok();
    let changed = two.replace("item.id * params.factor }", "item.id == 2 and 0 or 10 }");
    let project = project.file("pipeline.yaml", changed);
    let resumed = Ran::of(&project, &["resume", "latest"]);
    assert_eq!((resumed.called(), resumed.reuse("work").1), (vec![1, 2], 2), "{}", resumed.summary.stderr);
    assert_eq!(resumed.reuse("more").1, 1, "{}", resumed.summary.stderr);
    assert_eq!(project.read("out.jsonl"), "10\n0\n");
}

#[test]
fn a_finished_run_is_gone_through_without_a_call() {
    let project = ran("{\"id\":1}\n{\"id\":2}\n");
    let before = project.read("out.jsonl");
    let resumed = Ran::of(&project, &["resume", "latest"]);
    assert_eq!((resumed.summary.code, resumed.called()), (0, Vec::new()));
    assert_eq!((resumed.said("work"), project.read("out.jsonl")), ("reused 2, redone 0".to_owned(), before));
    let none = project.run(&["resume"]).ok();
    assert!(none.stderr.contains("nothing to resume"), "{}", none.stderr);
}

#[test]
fn the_old_run_stays_and_the_new_one_refers_to_it() {
    let project = ran(ITEMS);
    let runs = |project: &Project| -> Vec<Value> {
        let ran = project.run(&["runs", "--format", "json"]).ok();
        serde_json::from_str(&ran.stdout).expect("a list")
    };
    let old = runs(&project)[0].clone();
    project.run(&["resume", "latest"]).ok();
    let both = runs(&project);
    assert_eq!((both.len(), &both[0]["resumes"]), (2, &old["run"]));
    assert_eq!(both[1]["status"], old["status"]);
}

#[test]
fn a_resumed_run_is_shown_with_what_it_reused() {
    let project = ran(ITEMS);
    assert!(!project.run(&["show"]).ok().stdout.contains("reused"));
    let resumed = Ran::of(&project, &["resume", "latest"]);
    let project = project.file("in.jsonl", "{\"id\":1}\n{\"id\":5}\n");
    let again = Ran::of(&project, &["resume", "latest"]);
    let text = project.run(&["show"]).ok().stdout;
    assert!(text.contains("reused 1, redone 1 (new), 3 dropped (no longer in the source)"), "{text}");
    for (ran, run) in [(&again, "latest"), (&resumed, resumed.summary.value["run"].as_str().unwrap_or(""))] {
        let shown = project.run(&["show", run, "work", "--format", "json"]).ok().stdout;
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(shown["reuse"], ran.summary.step("work")["reuse"]);
    }
    assert_eq!(resumed.summary.step("work")["reuse"]["reasons"], serde_json::json!({"failed before": 1}));
}

#[test]
fn a_resumed_run_is_asked_for_the_same_as_the_old_one() {
    let project = Project::with(PIPELINE).ids("in.jsonl", 10);
    let args = ["pipeline.yaml", "-p", "factor=7", "--limit", "3", "--set", "work.concurrency=1"];
    project.run(&args).ok();
    let resumed = Ran::of(&project, &["resume", "latest"]);
    assert_eq!((resumed.called(), resumed.summary.counts("work")), (Vec::new(), [3, 0, 0, 0]));
    let other = Ran::of(&project, &["resume", "latest", "-p", "factor=8"]);
    assert_eq!((other.called(), other.reuse("work").2), (vec![1, 2, 3], vec!["params changed".to_owned()]));
    assert_eq!(project.read("out.jsonl").lines().next(), Some("{\"id\":1,\"n\":8}"));
    let more = Ran::of(&project, &["resume", "latest", "--limit", "5"]);
    assert_eq!((more.called(), more.summary.counts("work")), (vec![4, 5], [5, 0, 0, 0]));
}

#[test]
fn a_pipeline_file_in_the_place_of_a_run_means_its_last_one() {
    let project = ran(ITEMS).file("sub/x", "");
    let fail = "steps: { a: { items: [1] }, b: { from: a, map: error('no') } }\n";
    let project = project.file("other.yaml", fail);
    assert_eq!(project.run(&["other.yaml"]).code, 1);
    let ran = project.run(&["resume", "pipeline.yaml"]).ok();
    assert!(ran.stderr.contains("nothing to resume"), "{}", ran.stderr);
    let sub = project.path("sub");
    let ran = crate::project::command_in(&sub, &["resume", "../other.yaml"]).output().expect("it runs");
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    let ran = crate::project::command_in(&sub, &["resume"]).output().expect("it runs");
    assert_eq!(ran.status.code(), Some(1), "from the folder above: {ran:?}");
}

#[test]
fn the_summary_is_kept_and_the_way_on_is_said() {
    let project = Project::with(PIPELINE).file("in.jsonl", ITEMS);
    let ran = project.run(&["pipeline.yaml", "--output", "json"]).ok();
    let value: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let run = value["run"].as_str().expect("an id");
    assert_eq!(project.read(&format!(".flowrun/runs/{run}/summary.json")), ran.stdout);
    assert_eq!(project.read(".flowrun/.gitignore"), "*\n");
    let last = ran.stderr.lines().last().unwrap_or("");
    let short = &run[..6];
    let expect =
        format!("  see them: flowrun show {short} work --failed      run them again: flowrun resume {short}");
    assert_eq!(last, expect);
    assert!(project.run(&["show", short, "work", "--failed"]).ok().stdout.contains("flaky"));
    project.run(&["resume", short]).ok();
}

#[test]
fn nothing_is_kept_where_that_is_asked_for() {
    let project = Project::with(PIPELINE).file("in.jsonl", ITEMS);
    let ran = project.run(&["pipeline.yaml", "--no-state"]).ok();
    assert!(!project.has(".flowrun") && !ran.stderr.contains("flowrun show"), "{}", ran.stderr);
    let ran = project.run(&["pipeline.yaml", "--state-dir", "kept/here"]).ok();
    assert!(!project.has(".flowrun") && project.has("kept/here/runs"));
    assert!(ran.stderr.contains("--failed --state-dir kept/here"), "{}", ran.stderr);
    project.run(&["resume", "latest", "--state-dir", "kept/here"]).ok();
}

#[test]
fn a_state_that_cannot_be_made_is_said_before_anything_runs() {
    let project = Project::with(PIPELINE).file("in.jsonl", ITEMS).file("file", "");
    let ran = project.run(&["pipeline.yaml", "--state-dir", "file/state"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("cannot create `file/state"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--no-state") && !project.has("out.jsonl"), "{}", ran.stderr);
}

#[test]
fn two_runs_at_once_are_isolated() {
    let slow = PIPELINE.replace("print('call')", "time.sleep(0.005)");
    let project = Project::with(&slow).ids("in.jsonl", 100);
    let start = |factor: &str, out: &str| {
        let set = format!("save.write={out}");
        let mut command = project.command(&["pipeline.yaml", "-p", factor, "--set", &set, "-q"]);
        command.spawn().expect("the binary runs")
    };
    let children = [start("factor=1", "a.jsonl"), start("factor=2", "b.jsonl")];
    for mut child in children {
        assert!(child.wait().expect("it ends").success());
    }
    let last = |name: &str| project.read(name).lines().last().map(str::to_owned);
    assert_eq!(last("a.jsonl").as_deref(), Some("{\"id\":100,\"n\":100}"));
    assert_eq!(last("b.jsonl").as_deref(), Some("{\"id\":100,\"n\":200}"));
    let runs: Value =
        serde_json::from_str(&project.run(&["runs", "--format", "json"]).ok().stdout).expect("a list");
    assert_eq!(runs.as_array().map(Vec::len), Some(2));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_how_to_go_on_and_does() {
    let slow = PIPELINE.replace("print('call')", "print('call')\n        time.sleep(0.05)");
    let project = Project::with(&slow).ids("in.jsonl", 100);
    let child =
        project.command(&["pipeline.yaml"]).stderr(std::process::Stdio::piped()).spawn().expect("it runs");
    let begun = Instant::now();
    // Some results on the disk: a run is a folder, and a commit a frame in it.
    let has_results = || {
        let shown = project.run(&["show", "latest", "work", "--results", "--format", "jsonl"]);
        shown.code == 0 && shown.stdout.lines().count() > 2
    };
    while !has_results() {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing is committed");
        std::thread::sleep(Duration::from_millis(20));
    }
    let live = project.run(&["resume", "latest"]);
    assert_eq!(live.code, 2);
    assert!(live.stderr.contains("still going on") && !live.stderr.contains("no-state"), "{}", live.stderr);
    let id = child.id().to_string();
    assert!(
        std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill is there").success()
    );
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let resume =
        said.lines().last().and_then(|line| line.split_once("flowrun ")).map(|(_, rest)| rest.to_owned());
    let resume = resume.unwrap_or_else(|| panic!("{said}"));
    let resumed = Ran::of(&project, &resume.split(' ').collect::<Vec<_>>());
    let (reused, redone, _) = resumed.reuse("work");
    assert!(
        reused > 2 && reused + redone == 100 && resumed.calls.len() as u64 == redone,
        "{reused} {redone}"
    );
    assert_eq!(project.read("out.jsonl").lines().count(), 100);
}
