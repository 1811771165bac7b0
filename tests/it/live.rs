//! These tests cover runs that are looked at while they are going on, stopped by signals, killed, and gone on with.
#![cfg(unix)]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::project::Project;
use crate::resume::Ran;

/// Two steps, a hundred items, two seconds: long enough to be looked at on a busy machine.
const PIPELINE: &str = "steps:
  docs:
    read: in.jsonl
  work:
    from: docs
    map:
      concurrency: 2
      lua: |
        print('call')
        time.sleep(0.04)
        return { id = item.id }
  more:
    from: work
    map: return item.id
  save:
    from: more
    write: out.jsonl
";

const ITEMS: u64 = 100;

fn project() -> Project {
    Project::with(PIPELINE).ids("in.jsonl", ITEMS)
}

fn numbers() -> String {
    let lines: Vec<String> = (1..=ITEMS).map(|id| format!("{id}\n")).collect();
    lines.concat()
}

fn start(project: &Project, args: &[&str]) -> Child {
    let mut command = project.command(args);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("the binary runs")
}

/// Indices of the results of `work` that the last run has committed.
fn committed(project: &Project) -> Vec<u64> {
    let shown = project.run(&["show", "latest", "work", "--results", "--format", "jsonl"]);
    let index = |line: &str| serde_json::from_str::<Value>(line).ok()?["index"].as_u64();
    shown.stdout.lines().filter_map(index).collect()
}

fn runs(project: &Project) -> Vec<Value> {
    let list = project.run(&["runs", "--format", "json"]);
    serde_json::from_str(&list.stdout).unwrap_or_default()
}

/// Waits until the last of so many runs has committed more than so many results of `work`.
fn wait_for(project: &Project, count: usize, results: usize) -> Vec<u64> {
    let begun = Instant::now();
    loop {
        let there = project.has(".flowrun") && runs(project).len() == count;
        let done = if there { committed(project) } else { Vec::new() };
        if done.len() > results {
            return done;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is committed");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

/// Ends a run by a signal, and says with which code and words it ended.
fn stop(child: Child, name: &str) -> (Option<i32>, String) {
    signal(&child, name);
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_resumed_run_can_be_stopped_and_resumed_again_to_the_same_output() {
    let project = project();
    let first = start(&project, &["pipeline.yaml"]);
    wait_for(&project, 1, 0);
    assert_eq!(stop(first, "INT").0, Some(130));
    let at_first = committed(&project).len() as u64;
    let second = start(&project, &["resume"]);
    wait_for(&project, 2, at_first as usize);
    let (code, said) = stop(second, "TERM");
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("go on with it: flowrun resume "), "{said}");
    let statuses: Vec<Value> = runs(&project).iter().map(|run| run["status"].clone()).collect();
    assert_eq!(statuses, ["interrupted", "interrupted"]);
    let at_last = committed(&project).len() as u64;
    let third = Ran::of(&project, &["resume"]);
    assert_eq!((third.summary.code, third.called().len() as u64), (0, ITEMS - at_last));
    assert_eq!(third.said("work"), format!("reused {at_last}, redone {} (not finished)", ITEMS - at_last));
    assert_eq!(project.read("out.jsonl"), numbers());
}

#[test]
fn items_in_flight_at_a_crash_run_again_and_committed_ones_do_not() {
    let project = project();
    let child = start(&project, &["pipeline.yaml"]);
    let before = wait_for(&project, 1, 3);
    let (code, _) = stop(child, "KILL");
    assert_eq!(code, None);
    let resumed = Ran::of(&project, &["resume"]);
    assert_eq!(resumed.summary.code, 0, "{}", resumed.summary.stderr);
    assert!(before.iter().all(|index| !resumed.called().contains(index)), "{before:?}");
    let (reused, redone, reasons) = resumed.reuse("work");
    assert_eq!((reused + redone, reasons), (ITEMS, vec!["not finished".to_owned()]));
    assert_eq!(project.read("out.jsonl"), numbers());
}

#[test]
fn the_lock_of_a_dead_process_is_in_nobodys_way() {
    let project = project();
    let child = start(&project, &["pipeline.yaml"]);
    let pid = child.id().to_string();
    wait_for(&project, 1, 0);
    stop(child, "KILL");
    let run = runs(&project)[0].clone();
    let lock = format!(".flowrun/runs/{}/lock", run["run"].as_str().expect("an id"));
    assert!(project.read(&lock).contains(&pid), "it is still there");
    assert_eq!(run["status"], "interrupted");
    project.run(&["show"]).ok();
    assert!(project.run(&["plan", "pipeline.yaml"]).ok().stdout.contains("resume "));
    project.run(&["resume"]).ok();
    project.run(&["runs", "prune", "--keep", "0"]).ok();
    assert!(runs(&project).is_empty());
}

#[test]
fn a_run_whose_files_are_gone_is_in_nobodys_way() {
    let project = project();
    project.run(&["pipeline.yaml", "--limit", "2"]).ok();
    let run = runs(&project)[0]["run"].as_str().expect("an id").to_owned();
    let project = project.file(&format!(".flowrun/runs/{run}/run.db"), "x".repeat(9000));
    std::fs::remove_dir_all(project.path(&format!(".flowrun/runs/{run}/pipeline"))).expect("it is there");
    project.run(&["runs"]).ok();
    project.run(&["show", &run]).ok();
    let resumed = project.run(&["resume", &run]);
    assert_eq!(resumed.code, 2);
    assert!(resumed.stderr.contains("too damaged to know its pipeline file"), "{}", resumed.stderr);
    project.run(&["pipeline.yaml", "--limit", "2"]).ok();
    project.run(&["runs", "prune", "--keep", "1"]).ok();
    assert_eq!(runs(&project).len(), 1);
}

#[test]
fn a_second_signal_ends_the_run_at_once_and_the_journal_is_readable() {
    let stuck = PIPELINE.replace("time.sleep(0.04)", "time.sleep(item.id > 20 and 60 or 0.005)");
    let project = Project::with(&stuck).ids("in.jsonl", ITEMS);
    let child = start(&project, &["pipeline.yaml", "--grace", "60s"]);
    wait_for(&project, 1, 10);
    signal(&child, "INT");
    let (code, said) = stop(child, "INT");
    assert_eq!(code, Some(130), "{said}");
    assert!(committed(&project).len() > 10);
    let project = project.file("pipeline.yaml", PIPELINE);
    let resumed = Ran::of(&project, &["resume"]);
    assert_eq!((resumed.summary.code, resumed.called().len()), (0, 100), "another function");
}

#[test]
fn a_live_journal_is_read_by_anybody_with_sqlite() {
    let project = Project::with(
        &PIPELINE.replace("return { id", "if item.id % 5 == 0 then error('no') end return { id"),
    )
    .ids("in.jsonl", ITEMS);
    let child = start(&project, &["pipeline.yaml"]);
    wait_for(&project, 1, 8);
    // It stays as it is while it is looked at.
    signal(&child, "STOP");
    let run = runs(&project)[0].clone();
    assert_eq!(run["status"], "running");
    let database = project.path(&format!(".flowrun/runs/{}/run.db", run["run"].as_str().expect("an id")));
    let reader = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("readable");
    let number =
        |sql: &str| reader.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a query of the docs");
    assert!(number("SELECT sum(rows) FROM commits WHERE step = 'work'") > 8);
    assert!(number("SELECT count(*) FROM failures WHERE kind = 'error' AND message = 'no'") >= 1);
    let grouped = "SELECT count(*) FROM (SELECT kind, message, count(*) FROM failures GROUP BY 1, 2)";
    assert_eq!(number(grouped), 1);
    assert_eq!(number("SELECT count(*) FROM run WHERE status = 'running'"), 1);
    drop(reader);
    let shown = project.run(&["show", "--failed"]).ok();
    assert!(shown.stdout.contains("work item 5 · error"), "{}", shown.stdout);
    signal(&child, "CONT");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "nobody was disturbed: {output:?}");
}

#[test]
fn a_live_run_cannot_be_pruned_or_resumed() {
    let project = project();
    let child = start(&project, &["pipeline.yaml"]);
    wait_for(&project, 1, 0);
    signal(&child, "STOP");
    let pruned = project.run(&["runs", "prune", "--keep", "0"]).ok();
    assert!(pruned.stderr.contains("removed 0 runs"), "{}", pruned.stderr);
    assert_eq!(project.run(&["resume", "latest"]).code, 2);
    assert!(!project.run(&["plan", "pipeline.yaml"]).ok().stdout.contains("resume "));
    signal(&child, "CONT");
    assert!(child.wait_with_output().expect("it ends").status.success());
    assert_eq!(project.read("out.jsonl"), numbers());
}

#[test]
fn events_and_lines_off_a_terminal_tell_the_time_of_day() {
    let project = Project::with(PIPELINE).ids("in.jsonl", 3);
    let before = time();
    let ran = project.run(&["pipeline.yaml", "--events", "ev.jsonl"]).ok();
    let after = time();
    let events = project.read("ev.jsonl");
    let at = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("an object");
        assert!(line["time"].is_f64(), "{line}");
        line["at"].as_str().expect("a time of day").to_owned()
    };
    let times: Vec<String> = events.lines().map(at).collect();
    assert!(
        times.is_sorted() && times[0] >= before && times[times.len() - 1] <= after,
        "{before} {times:?} {after}"
    );
    // A line at both ends of each step, and nothing without it but what comes after the steps.
    for step in ["docs", "work", "more", "save"] {
        let lines: Vec<&str> =
            ran.stderr.lines().filter(|line| line.contains(&format!(" {step} "))).collect();
        assert_eq!(lines.len(), 2, "{}", ran.stderr);
        assert!(lines[0].contains("started") && lines[1].contains("3 items"), "{lines:?}");
        for line in lines {
            let at = line.split(' ').next().expect("the time");
            assert!(
                at.len() == 20 && at.ends_with('Z') && at[..19] >= before[..19] && at[..19] <= after[..19],
                "{line}"
            );
        }
    }
}

/// The time of day as another program tells it.
fn time() -> String {
    let told = Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%S.%3NZ"]).output().expect("date is there");
    String::from_utf8(told.stdout).expect("text").trim().to_owned()
}
