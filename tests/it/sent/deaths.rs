//! Workers are killed, stopped and asked to end, and so is their coordinator: each item is committed once, and little is run
//! again.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::chaos::Dice;
use super::workers::{shown, signal, workers};
use super::{ON, rows, set, shards};
use crate::project::Project;

/// Each item takes a while, and says that it runs.
pub(crate) const SLOW: &str = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    map:
      concurrency: 2
      lua: |
        exec.run({'sh', '-c', 'echo ' .. item.n .. ' >> ran; sleep 0.01'})
        return { n = item.n, dice = math.random(1000) }
  save: { from: w, write: out.jsonl }
permissions: { exec: [sh] }
";

fn start(project: &Project, more: &[&str]) -> Child {
    spawn(project, &[&["pipeline.yaml", "--seed", "3"], &ON[..], more].concat())
}

/// The binary with these words; what it complains of is kept.
pub(crate) fn spawn(project: &Project, words: &[&str]) -> Child {
    let mut command = project.command(words);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("the binary runs")
}

pub(crate) fn until<T>(mut ready: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(it) = ready() {
            return it;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "it takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn one_worker(project: &Project) -> u32 {
    until(|| workers(&project.path("")).first().copied())
}

/// Two items kill the process that runs them.
pub(crate) const POISONED: &str = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    map:
      concurrency: 4
      min_success_ratio: 0.9
      lua: |
        if item.n == 31 or item.n == 222 then
          exec.run({'sh', '-c', 'echo poisoned >&2; kill -9 $PPID'})
        end
        return item.n
  save: { from: w, write: out.jsonl }
  bad: { from: w.failed, write: bad.jsonl }
permissions: { exec: [sh] }
";

/// How often each item has begun.
pub(crate) fn begun(project: &Project) -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    for line in project.read("ran").lines() {
        *counts.entry(line.parse().expect("a number")).or_default() += 1;
    }
    counts
}

pub(crate) fn expected(items: u64) -> String {
    let local = Project::with("steps:\n  n: { read: n.jsonl }\n  w: { from: n, map: 'return { n = item.n, dice = math.random(1000) }' }\n  save: { from: w, write: out.jsonl }\n").file("n.jsonl", rows(items));
    local.run(&["pipeline.yaml", "--seed", "3"]).ok();
    local.read("out.jsonl")
}

#[test]
fn workers_may_be_killed_at_any_time() {
    let kills: u64 = std::env::var("FLOWRUN_SENT_KILLS").map_or(12, |kills| kills.parse().expect("a number"));
    let items = 150 + kills * 40;
    let project = Project::with(SLOW).file("n.jsonl", rows(items));
    let settings = set(&["workers=2", "commit=1s", "attempts=1000"]);
    let mut run = start(&project, &settings);
    let (mut killed, mut dice) = (0, Dice(7));
    while run.try_wait().expect("a child").is_none() {
        std::thread::sleep(Duration::from_millis(40 + dice.below(160)));
        let there = workers(&project.path(""));
        if killed < kills && !there.is_empty() {
            signal(there[dice.below(there.len() as u64) as usize], "KILL");
            killed += 1;
        }
    }
    let output = run.wait_with_output().expect("a child");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(project.read("out.jsonl"), expected(items), "{said}");
    let counts = begun(&project);
    let repeated: u64 = counts.values().map(|count| count - 1).sum();
    assert_eq!(counts.len() as u64, items);
    assert!(killed >= kills / 2, "{killed} of {kills}");
    let lost: f64 = shards(&project).iter().filter_map(|shard| shard["lost"].as_f64()).sum();
    assert!(lost > 0.0 && lost < 60.0, "{lost} s were lost with {killed} workers");
    // Two items of some 15 ms at once, for the 200 ms that are not on the disk yet, and what a busy machine adds.
    assert!(repeated <= killed * 80, "{repeated} of {items} items ran again after {killed} kills");
}

#[test]
fn an_item_that_kills_its_worker_fails_alone() {
    let project = Project::with(POISONED).file("n.jsonl", rows(300));
    let ran = project.run(&[&["pipeline.yaml"], &ON[..]].concat()).ok();
    assert_eq!(project.read("out.jsonl").lines().count(), 298, "{}", ran.stderr);
    let bad: Vec<serde_json::Value> =
        project.read("bad.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let told = |item: &serde_json::Value| (item["index"].clone(), item["error"]["kind"].clone());
    let expect = [(31.into(), "worker_died".into()), (222.into(), "worker_died".into())];
    assert_eq!(bad.iter().map(told).collect::<Vec<_>>(), expect);
}

#[test]
fn a_worker_that_is_asked_to_end_gives_back_what_it_has_not_done() {
    let project = Project::with(SLOW).file("n.jsonl", rows(120));
    let run = start(&project, &["--executor-set", "workers=1"]);
    let first = one_worker(&project);
    until(|| (project.has("ran") && project.read("ran").lines().count() > 10).then_some(()));
    signal(first, "TERM");
    let output = run.wait_with_output().expect("a child");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(project.read("out.jsonl"), expected(120));
    let counts = begun(&project);
    assert!(counts.values().all(|count| *count == 1), "no item ran twice: {counts:?}");
}

#[test]
fn an_interrupt_commits_what_was_done_and_the_rest_is_gone_on_with() {
    let project = Project::with(SLOW).file("n.jsonl", rows(150));
    let run = start(&project, &["--executor-set", "workers=2"]);
    until(|| (project.has("ran") && project.read("ran").lines().count() > 20).then_some(()));
    signal(run.id(), "INT");
    let output = run.wait_with_output().expect("a child");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(workers(&project.path("")), [] as [u32; 0], "nobody is left");
    // It is sent where it was sent before.
    let resumed = project.run(&["resume"]).ok();
    assert!(resumed.stderr.contains("which was interrupted; on processes"), "{}", resumed.stderr);
    assert_eq!(project.read("out.jsonl"), expected(150));
    let counts = begun(&project);
    assert!(counts.values().all(|count| *count == 1), "no item ran twice: {counts:?}");
}

#[test]
fn secrets_are_seen_by_nobody_but_the_workers() {
    let pipeline = "secrets: { token: { env: SENT_TOKEN } }
steps:
  n: { read: n.jsonl }
  w: { from: n, map: \"time.sleep(item.n == 1 and 1 or 0) return #secrets.token + item.n\" }
  save: { from: w, write: out.jsonl }
";
    let project = Project::with(pipeline).file("n.jsonl", rows(40));
    let value = "hush-5f2c9ad1";
    let words = [&["pipeline.yaml"], &ON[..]].concat();
    let mut command = project.command(&words);
    command.env("SENT_TOKEN", value).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let run = command.spawn().expect("the binary runs");
    let pid = one_worker(&project);
    let seen = until(|| Some(shown(pid)).filter(|seen| seen.contains("worker")));
    assert!(!seen.contains(value), "{seen}");
    let output = run.wait_with_output().expect("a child");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(project.read("out.jsonl").starts_with(&format!("{}\n", value.len() + 1)));
    let found = std::process::Command::new("grep").args(["-rl", value]).arg(project.path("")).output();
    assert_eq!(String::from_utf8_lossy(&found.expect("grep is there").stdout), "");
}

/// Kills a coordinator once so many items have begun.
fn killed_coordinator(items: u64, begun: usize) -> Project {
    let project = Project::with(SLOW).file("n.jsonl", rows(items));
    let mut run = start(&project, &["--executor-set", "workers=2"]);
    until(|| (project.has("ran") && project.read("ran").lines().count() > begun).then_some(()));
    run.kill().expect("a child");
    run.wait().expect("a child");
    project
}

#[test]
fn workers_outlive_their_coordinator_until_they_are_cancelled() {
    let project = killed_coordinator(400, 20);
    one_worker(&project);
    let refused = project.run(&["resume"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("still at work"), "{}", refused.stderr);
    assert!(refused.stderr.contains("flowrun attach"), "{}", refused.stderr);
    assert!(refused.stderr.contains("flowrun cancel"), "{}", refused.stderr);
    let shown = project.run(&["show"]).ok().stdout;
    assert!(shown.contains("its coordinator is gone, and "), "{shown}");
    let pruned = project.run(&["runs", "prune", "--keep", "0"]).ok();
    assert!(pruned.stderr.contains("removed 0 runs"), "{}", pruned.stderr);
    // However the folder is written: the workers are the same.
    let name = project.path("").canonicalize().expect("it is there");
    let roundabout = format!("../{}/.flowrun", name.file_name().expect("a name").to_string_lossy());
    std::os::unix::fs::symlink(".flowrun", project.path("linked")).expect("room");
    for folder in [roundabout.as_str(), "linked"] {
        let refused = project.run(&["resume", "--state-dir", folder]);
        assert_eq!(refused.code, 2, "{folder}: {}", refused.stderr);
        assert!(refused.stderr.contains("still at work"), "{folder}: {}", refused.stderr);
    }
    // A second time there is nobody left.
    for _ in 0..2 {
        let canceled = project.run(&["cancel", "latest"]).ok();
        assert!(canceled.stderr.contains("is interrupted; `flowrun resume"), "{}", canceled.stderr);
    }
    assert_eq!(workers(&project.path("")), [] as [u32; 0]);
    let shards = project.run(&["show", "latest", "--shards"]).ok().stdout;
    assert!(shards.starts_with("w\n") && shards.contains(" done "), "{shards}");
    let found = std::process::Command::new("find").arg(project.path("")).args(["-name", "secrets"]).output();
    assert_eq!(String::from_utf8_lossy(&found.expect("find is there").stdout), "");
    project.run(&[&["resume", "-q"], &ON[..]].concat()).ok();
    assert_eq!(project.read("out.jsonl"), expected(400));
    let counts = begun(&project);
    assert!(counts.values().all(|count| *count == 1), "no item ran twice: {counts:?}");
    let ended = project.run(&["cancel", "latest"]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
}

#[test]
fn what_workers_had_finished_when_all_were_killed_is_taken_over() {
    let project = killed_coordinator(400, 150);
    until(|| {
        let there = workers(&project.path(""));
        for pid in &there {
            signal(*pid, "KILL");
        }
        there.is_empty().then_some(())
    });
    let ran = project.run(&[&["resume"], &ON[..]].concat()).ok();
    assert!(ran.stderr.contains("that its workers had finished are taken over"), "{}", ran.stderr);
    assert_eq!(project.read("out.jsonl"), expected(400));
    let counts = begun(&project);
    let repeated: u64 = counts.values().map(|count| count - 1).sum();
    assert!(repeated <= 160, "{repeated} items ran again");
}

#[test]
fn what_an_item_has_behind_it_goes_with_it_to_the_next_worker() {
    let pipeline = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    map:
      concurrency: 8
      min_success_ratio: 0
      retries: { max: 2, delay: 2s, jitter: false }
      lua: |
        exec.run({'sh', '-c', 'echo ' .. item.n .. ' >> ran'})
        if item.n % 4 == 1 then return item.n end
        error('attempt ' .. ctx.attempt .. (ctx.last and ' after ' .. ctx.last.message or ''))
  bad: { from: w.failed, write: bad.jsonl }
permissions: { exec: [sh] }
";
    let project = Project::with(pipeline).file("n.jsonl", rows(8));
    let run = start(&project, &["--executor-set", "workers=1"]);
    let first = one_worker(&project);
    // Its part of the items.
    until(|| (project.has("ran") && project.read("ran").lines().count() >= 4).then_some(()));
    signal(first, "TERM");
    let output = run.wait_with_output().expect("a child");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let counts = begun(&project);
    let wanted = |n: u64| if n % 4 == 1 { 1 } else { 3 };
    assert!(
        counts.iter().all(|(n, count)| *count == wanted(*n)),
        "as many attempts as there may be: {counts:?}"
    );
    for line in project.read("bad.jsonl").lines() {
        let item: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(item["attempts"], 3, "{item}");
        assert_eq!(item["history"].as_array().map(Vec::len), Some(3), "{item}");
        let message = item["error"]["message"].as_str().expect("text");
        assert_eq!(message, "attempt 3 after attempt 2 after attempt 1", "{item}");
    }
}

#[test]
fn attempts_that_had_failed_before_a_worker_was_killed_count() {
    let pipeline = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    map:
      concurrency: 8
      min_success_ratio: 0
      retries: { max: 2, delay: 3s, jitter: false }
      lua: |
        exec.run({'sh', '-c', 'echo ' .. item.n .. ' >> ran'})
        error('attempt ' .. ctx.attempt .. (ctx.last and ' after ' .. ctx.last.message or ''))
  bad: { from: w.failed, write: bad.jsonl }
permissions: { exec: [sh] }
";
    let project = Project::with(pipeline).file("n.jsonl", rows(4));
    let run = start(&project, &["--executor-set", "workers=1"]);
    let first = one_worker(&project);
    // Each has failed once, and what is said of it is on the disk: it is told there before the item is tried again.
    until(|| (project.has("ran") && project.read("ran").lines().count() >= 8).then_some(()));
    signal(first, "KILL");
    let output = run.wait_with_output().expect("a child");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let bad = project.read("bad.jsonl");
    assert_eq!(bad.lines().count(), 4, "{bad}");
    for line in bad.lines() {
        let item: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(item["attempts"], 3, "{item}");
        let message = item["error"]["message"].as_str().expect("text");
        assert!(message.starts_with("attempt 3 after attempt 2"), "{item}");
    }
    // One attempt at most of each was not told before its worker died.
    let counts = begun(&project);
    assert!(counts.values().all(|count| *count <= 4), "{counts:?}");
}

#[test]
fn an_item_that_no_job_is_long_enough_for_fails_alone() {
    let pipeline = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    map:
      concurrency: 2
      min_success_ratio: 0.5
      lua: |
        if item.n == 3 then exec.run({'sleep', '600'}) end
        return item.n
  save: { from: w, write: out.jsonl }
  bad: { from: w.failed, write: bad.jsonl }
permissions: { exec: [sleep] }
";
    let project = Project::with(pipeline).file("n.jsonl", rows(6));
    let words = [&["--grace", "100ms"][..], &set(&["workers=1", "time=2s", "commit=1s"])].concat();
    let begun = Instant::now();
    let ran = project.run(&[&["pipeline.yaml"], &ON[..], &words].concat()).ok();
    // A job that has committed before and gives the rest back is not waited for: a record may take two minutes to show.
    assert!(begun.elapsed() < Duration::from_secs(100), "{:?}", begun.elapsed());
    assert_eq!(project.read("out.jsonl"), "1\n2\n4\n5\n6\n", "{}", ran.stderr);
    let bad: serde_json::Value = serde_json::from_str(&project.read("bad.jsonl")).expect("one line");
    assert_eq!((&bad["index"], &bad["error"]["kind"]), (&3.into(), &"timeout".into()), "{bad}");
    assert!(bad["error"]["message"].as_str().expect("text").contains("`time: 2s`"), "{bad}");
}

#[test]
fn a_worker_of_another_version_refuses_what_it_cannot_know() {
    let project = killed_coordinator(400, 20);
    project.run(&["cancel", "latest"]).ok();
    let remote = project.path("of_another");
    std::fs::create_dir_all(remote.join("wave")).expect("room");
    for text in ["{\"protocol\":2,\"version\":\"99.0.0\"}", "{\"protocol\":2}"] {
        std::fs::write(remote.join("job.json"), text).expect("room");
        let ran = project.run(&["worker", remote.to_str().expect("text"), "1", "0"]);
        assert_eq!(ran.code, 78, "{}", ran.stderr);
        assert!(ran.stderr.contains("(protocol 2)"), "{}", ran.stderr);
    }
}

#[test]
fn torn_and_strange_files_are_repaired_or_refused_and_never_a_second_copy() {
    for (file, text, is_refused) in [
        ("try/0.7.zst", "", false),
        ("try/0.8.zst", "torn", false),
        ("try/0.7.now", "torn", false),
        ("try/nonsense", "x", false),
        ("beat/0.1", "{", false),
        ("beat/99.1", "{}", false),
        ("tmp/0", "a temporary name", false),
        ("control.json", "{\"halt\":", false),
        ("done/00000.24500.65aea0adbf34", "x", true),
        ("done/1", "{\"protocol\":1}", true),
        ("done/0.5", "x", true),
    ] {
        let project = Project::with(SLOW).file("n.jsonl", rows(90));
        let mut run = start(&project, &["--executor-set", "workers=2", "--executor-set", "commit=1s"]);
        let remote = until(|| {
            let runs = std::fs::read_dir(project.path(".flowrun/runs")).ok()?;
            let place = runs.flatten().next()?.path().join("steps/w/remote");
            place.join("job.json").exists().then_some(place)
        });
        std::fs::write(remote.join(file), text).expect("room");
        let code = until(|| run.try_wait().expect("a child")).code();
        let mut said = String::new();
        std::io::Read::read_to_string(run.stderr.as_mut().expect("a pipe"), &mut said).expect("text");
        if !is_refused {
            assert_eq!(code, Some(0), "{file}: {said}");
            assert_eq!(project.read("out.jsonl"), expected(90), "{file}");
            continue;
        }
        assert_eq!(code, Some(70), "{file}: {said}");
        assert!(said.contains("internal error: "), "{file}: {said}");
        assert!(!project.has("out.jsonl"), "{file}: {said}");
        assert!(said.contains("done/"), "{file}: {said}");
        assert_eq!(workers(&project.path("")), [] as [u32; 0], "{file}");
        // What was done before is kept, each item once.
        project.run(&[&["resume", "-q"], &ON[..]].concat()).ok();
        assert_eq!(project.read("out.jsonl"), expected(90), "{file}");
    }
}
